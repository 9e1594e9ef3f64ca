import { Component } from "@odoo/owl";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { standardFieldProps } from "@web/views/fields/standard_field_props";

import { exactDuration } from "./duration";
import { DurationInput } from "./duration_input";

/** Whole seconds, entered as an amount and a unit, read in words. */
export class DurationField extends Component {
    static template = "aftersales_service.DurationField";
    static components = { DurationInput };
    static props = { ...standardFieldProps };

    get seconds() {
        return this.props.record.data[this.props.name] || 0;
    }

    get text() {
        return this.seconds ? exactDuration(this.seconds) : "";
    }

    async change(seconds) {
        const { record, name } = this.props;
        if (Number.isNaN(seconds)) {
            await record.setInvalidField(name);
        } else {
            await record.resetFieldValidity(name);
            await record.update({ [name]: seconds });
        }
    }
}

registry.category("fields").add("aftersales_duration_input", {
    component: DurationField,
    displayName: _t("Duration with Unit"),
    supportedTypes: ["integer"],
    isEmpty: () => false,
});
