import { Component } from "@odoo/owl";
import { toLocaleDateTimeString } from "@web/core/l10n/dates";
import { _t } from "@web/core/l10n/translation";

import { judgeDeadline } from "../duration/duration";
import { useTicker } from "./ticker";

const LOOKS = {
    none: { icon: "", className: "text-muted" },
    paused: { icon: "fa-pause-circle-o", className: "text-muted" },
    on_time: { icon: "fa-clock-o", className: "" },
    at_risk: { icon: "fa-hourglass-half", className: "text-warning-emphasis fw-bold" },
    overdue: { icon: "fa-exclamation-circle", className: "text-danger fw-bold" },
};

/** Counts down to a deadline, in words and colour; says "paused" when it is. */
export class Countdown extends Component {
    static template = "aftersales_service.Countdown";
    static props = {
        deadline: { optional: true },
        warningAt: { optional: true },
        paused: { type: Boolean, optional: true },
    };

    setup() {
        this.ticker = useTicker();
    }

    get judgement() {
        const judgement = judgeDeadline(this.props, this.ticker.now);
        return { ...judgement, ...LOOKS[judgement.level] };
    }

    get title() {
        if (!this.props.deadline) {
            return this.props.paused
                ? _t("The time stands still while somebody else has to act.")
                : "";
        }
        const when = toLocaleDateTimeString(this.props.deadline);
        return this.judgement.level === "overdue"
            ? _t("Was due %(when)s", { when })
            : _t("Due %(when)s", { when });
    }
}
