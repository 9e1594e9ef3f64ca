import { Component } from "@odoo/owl";
import { toLocaleDateTimeString } from "@web/core/l10n/dates";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { standardFieldProps } from "@web/views/fields/standard_field_props";
import { xml } from "@odoo/owl";

import { Countdown } from "./countdown";
import { agoInWords } from "../duration/duration";
import { useTicker } from "./ticker";

/** A deadline of the record, counted down. */
export class CountdownField extends Component {
    static template = xml`
        <Countdown deadline="deadline" warningAt="warningAt" paused="paused"/>`;
    static components = { Countdown };
    static props = {
        ...standardFieldProps,
        warningField: { type: String, optional: true },
        stateField: { type: String, optional: true },
    };

    get deadline() {
        return this.props.record.data[this.props.name];
    }

    get warningAt() {
        return this.props.record.data[this.props.warningField];
    }

    get paused() {
        return this.props.record.data[this.props.stateField] === "paused";
    }
}

export const countdownField = {
    component: CountdownField,
    displayName: _t("Countdown"),
    supportedTypes: ["datetime"],
    supportedOptions: [
        {
            label: _t("Field with the instant of the warning"),
            name: "warning_field",
            type: "field",
            availableTypes: ["datetime"],
        },
        {
            label: _t("Field that says when it is paused"),
            name: "state_field",
            type: "field",
            availableTypes: ["selection"],
        },
    ],
    listViewWidth: [100, 160],
    fieldDependencies: ({ options }) => [
        { name: options.warning_field || "next_warning_at", type: "datetime" },
        { name: options.state_field || "deadline_state", type: "selection" },
    ],
    extractProps: ({ options }) => ({
        warningField: options.warning_field || "next_warning_at",
        stateField: options.state_field || "deadline_state",
    }),
};
registry.category("fields").add("aftersales_countdown", countdownField);

/** Who wrote last, the customer or we, and when. */
export class LastMessageField extends Component {
    static template = "aftersales_service.LastMessage";
    static props = { ...standardFieldProps };

    setup() {
        this.ticker = useTicker();
    }

    get last() {
        const { record, name } = this.props;
        const customerAt = record.data[name];
        const replyAt = record.data.last_reply_at;
        const at = replyAt && (!customerAt || replyAt > customerAt) ? replyAt : customerAt;
        if (!at) {
            return null;
        }
        const fromCustomer = at === customerAt;
        const ago = agoInWords(at, this.ticker.now);
        return {
            fromCustomer,
            title: toLocaleDateTimeString(at),
            text: fromCustomer ? _t("customer, %(ago)s", { ago }) : _t("we, %(ago)s", { ago }),
        };
    }
}

export const lastMessageField = {
    component: LastMessageField,
    displayName: _t("Last Message"),
    supportedTypes: ["datetime"],
    listViewWidth: [120, 180],
    fieldDependencies: [{ name: "last_reply_at", type: "datetime" }],
};
registry.category("fields").add("aftersales_last_message", lastMessageField);
