import { Component, onWillStart, onWillUpdateProps, useState } from "@odoo/owl";
import { browser } from "@web/core/browser/browser";
import { CopyButton } from "@web/core/copy_button/copy_button";
import { Dialog } from "@web/core/dialog/dialog";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { useService } from "@web/core/utils/hooks";
import { standardWidgetProps } from "@web/views/widgets/standard_widget_props";

// Icon and tone of a piece of time, by the reason why it counts or not.
const LOOKS = {
    open: { icon: "fa-play", className: "" },
    pause: { icon: "fa-pause", className: "text-warning-emphasis" },
    leave: { icon: "fa-calendar-o", className: "text-info-emphasis" },
    break: { icon: "fa-coffee", className: "text-muted" },
    closed: { icon: "fa-moon-o", className: "text-muted" },
};

/** Nights and other closed hours between working time say little: they are folded. */
const isQuiet = (interval, day) => interval.reason === "closed" && day.intervals.length > 1;

/**
 * Say an explanation as plain text, to be pasted into a mail.
 *
 * @param {Object} explanation of `aftersales.clock.get_explanation`
 * @returns {string}
 */
export function explanationText(explanation) {
    const dayLines = (day) => [
        day.words ? `${day.label} (${day.words})` : day.label,
        ...day.intervals.map((interval) => `    ${interval.range}  ${interval.sentence}`),
    ];
    return [
        explanation.title,
        explanation.headline,
        "",
        ...explanation.facts.map((fact) => `${fact.label}: ${fact.value}`),
        "",
        ...explanation.days.flatMap(dayLines),
        ...(explanation.hidden ? [explanation.hidden] : []),
        ...explanation.last_days.flatMap(dayLines),
        ...explanation.sums.map((sum) => `${sum.label}: ${sum.value}`),
        "",
        ...explanation.changes.map((sentence) => `- ${sentence}`),
        "",
        explanation.zones,
    ].join("\n");
}

/** Why a promise has its deadline: what counted, what did not, and what would change it. */
export class Explanation extends Component {
    static template = "aftersales_service.Explanation";
    static props = {
        clockId: Number,
        onLoaded: { type: Function, optional: true },
        onChanged: { type: Function, optional: true },
    };

    setup() {
        this.orm = useService("orm");
        this.action = useService("action");
        this.looks = LOOKS;
        this.state = useState({ explanation: null, showsClosed: false });
        onWillStart(() => this.load(this.props.clockId));
        onWillUpdateProps(({ clockId }) => clockId !== this.props.clockId && this.load(clockId));
    }

    async load(clockId, showAll = false) {
        const kwargs = showAll ? { show_all: true } : {};
        this.state.explanation = await this.orm.call(
            "aftersales.clock",
            "get_explanation",
            [[clockId]],
            kwargs
        );
        this.props.onLoaded?.(this.state.explanation);
    }

    get hasQuiet() {
        const { days, last_days } = this.state.explanation;
        return [...days, ...last_days].some((day) =>
            day.intervals.some((interval) => isQuiet(interval, day))
        );
    }

    intervals(day) {
        return this.state.showsClosed
            ? day.intervals
            : day.intervals.filter((interval) => !isQuiet(interval, day));
    }

    toggleClosed() {
        this.state.showsClosed = !this.state.showsClosed;
    }

    showAll() {
        return this.load(this.props.clockId, true);
    }

    /** Let a manager set the deadline by hand, and say why it is another one then. */
    async setDeadline() {
        const action = await this.orm.call("aftersales.clock", "action_open_deadline", [
            [this.props.clockId],
        ]);
        await this.action.doAction(action, { onClose: (infos) => this.onDeadlineClosed(infos) });
    }

    async onDeadlineClosed(infos) {
        if (infos?.dismiss || infos?.special) {
            return;
        }
        await this.load(this.props.clockId);
        await this.props.onChanged?.();
    }
}

export class ExplanationDialog extends Component {
    static template = "aftersales_service.ExplanationDialog";
    static components = { CopyButton, Dialog, Explanation };
    static props = {
        clockId: Number,
        title: String,
        close: Function,
        onChanged: { type: Function, optional: true },
    };

    setup() {
        // Not reactive: only what is copied depends on it.
        this.explanation = null;
        this.copyLabel = _t("Copy as text");
        this.copiedLabel = _t("Copied");
    }

    onLoaded(explanation) {
        this.explanation = explanation;
    }

    copyText() {
        return explanationText(this.explanation);
    }

    print() {
        browser.print();
    }
}

/** The same on the form of a promise. */
export class ExplanationWidget extends Component {
    static template = "aftersales_service.ExplanationWidget";
    static components = { Explanation };
    static props = { ...standardWidgetProps };

    /** Another deadline has another explanation. */
    get version() {
        const { resId, data } = this.props.record;
        return JSON.stringify([resId, data.deadline, data.state, data.outcome, data.is_manual]);
    }
}
registry.category("view_widgets").add("aftersales_explanation", {
    component: ExplanationWidget,
    fieldDependencies: [
        { name: "deadline", type: "datetime" },
        { name: "state", type: "selection" },
        { name: "outcome", type: "selection" },
        { name: "is_manual", type: "boolean" },
    ],
});
