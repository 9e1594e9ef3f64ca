import { Component, onWillUpdateProps, useState } from "@odoo/owl";
import { _t } from "@web/core/l10n/translation";
import { useAutofocus } from "@web/core/utils/hooks";
import { parseFloat } from "@web/views/fields/parsers";

const HOUR = 3600;
export const UNITS = [
    { seconds: 1, label: _t("Seconds") },
    { seconds: 60, label: _t("Minutes") },
    { seconds: HOUR, label: _t("Hours") },
];

/**
 * Split seconds into an amount of the largest unit that needs no fraction.
 *
 * @param {number} seconds
 * @returns {{ amount: number|"", unit: number }} the unit in seconds
 */
export function largestUnit(seconds) {
    if (!seconds) {
        return { amount: "", unit: HOUR };
    }
    const unit = UNITS.map((unit) => unit.seconds).findLast((size) => seconds % size === 0);
    return { amount: seconds / unit, unit };
}

/** Read what was typed, in the user's way to write numbers; nothing is 0. */
function parseAmount(text) {
    try {
        return String(text).trim() ? parseFloat(String(text)) : 0;
    } catch {
        return NaN;
    }
}

/**
 * An amount and a unit, entered side by side and kept as whole seconds.
 *
 * `onChange` gets the seconds, `NaN` for what is no number of whole seconds.
 */
export class DurationInput extends Component {
    static template = "aftersales_service.DurationInput";
    static props = {
        seconds: Number,
        onChange: Function,
        id: { type: String, optional: true },
        autofocus: { type: Boolean, optional: true },
    };

    setup() {
        this.units = UNITS;
        this.state = useState(largestUnit(this.props.seconds));
        if (this.props.autofocus) {
            useAutofocus({ refName: "amount", selectAll: true });
        }
        onWillUpdateProps(({ seconds }) => {
            // What stands there stays, unless somebody else changed the seconds.
            if (seconds !== this.props.seconds && seconds !== this.seconds) {
                Object.assign(this.state, largestUnit(seconds));
            }
        });
    }

    get seconds() {
        const exact = parseAmount(this.state.amount) * this.state.unit;
        const seconds = Math.round(exact);
        return seconds >= 0 && Math.abs(exact - seconds) < 1e-6 ? seconds : NaN;
    }

    setAmount(ev) {
        this.state.amount = ev.target.value;
        this.props.onChange(this.seconds);
    }

    setUnit(ev) {
        this.state.unit = Number(ev.target.value);
        this.props.onChange(this.seconds);
    }
}
