import { Component, xml } from "@odoo/owl";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { standardFieldProps } from "@web/views/fields/standard_field_props";

/**
 * Show seconds as hours, minutes and seconds: 100000 is "27:46:40".
 *
 * @param {number|false|null} value
 * @returns {string} empty when there is no duration
 */
export function formatSeconds(value) {
    if (typeof value !== "number") {
        return "";
    }
    const total = Math.round(Math.abs(value));
    const parts = [Math.floor(total / 60) % 60, total % 60];
    const rest = parts.map((part) => String(part).padStart(2, "0")).join(":");
    return `${value < 0 ? "-" : ""}${Math.floor(total / 3600)}:${rest}`;
}
registry.category("formatters").add("aftersales_duration", formatSeconds);

/** A duration in whole seconds. */
export class SecondsField extends Component {
    static template = xml`<span t-out="text"/>`;
    static props = { ...standardFieldProps };

    get text() {
        return formatSeconds(this.props.record.data[this.props.name]);
    }
}

export const secondsField = {
    component: SecondsField,
    displayName: _t("Duration"),
    supportedTypes: ["integer"],
    listViewWidth: [80, 120],
};
registry.category("fields").add("aftersales_duration", secondsField);
