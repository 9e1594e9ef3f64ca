import { Component, useState } from "@odoo/owl";
import {
    deserializeDate,
    deserializeDateTime,
    toLocaleDateString,
    toLocaleDateTimeString,
} from "@web/core/l10n/dates";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { KeepLast } from "@web/core/utils/concurrency";
import { useService } from "@web/core/utils/hooks";
import { formatFloat } from "@web/views/fields/formatters";
import { standardWidgetProps } from "@web/views/widgets/standard_widget_props";

import { Countdown } from "../countdown/countdown";
import { durationInWords } from "../duration/duration";
import { ExplanationDialog } from "../explain/explanation";
import { shownCaseFields, useShownCase } from "../form/case_observer";

const PICKING_LOOK = { done: "text-success", cancel: "text-muted", assigned: "text-info" };
const PAYMENT_LOOK = { paid: "text-success", not_paid: "text-warning-emphasis" };

/** What stands beside a case: promises, order, goods, money, customer. */
export class CasePanel extends Component {
    static template = "aftersales_service.CasePanel";
    static components = { Countdown };
    static props = { ...standardWidgetProps };

    setup() {
        this.orm = useService("orm");
        this.action = useService("action");
        this.dialog = useService("dialog");
        this.state = useState({ panel: null, failed: false, keeping: false });
        this.keepLast = new KeepLast();
        useShownCase((resId) => this.load(resId));
    }

    async load(resId) {
        try {
            this.state.panel = await this.keepLast.add(
                this.orm.silent.call("aftersales.case", "get_panel", [[resId]])
            );
            this.state.failed = false;
            this.env.bus.trigger("AFTERSALES_CASE:PANEL", { id: resId, panel: this.state.panel });
        } catch (error) {
            // The form itself says what is wrong; a panel beside it must not block it.
            this.state.failed = true;
            throw error;
        }
    }

    // Words -----------------------------------------------------------------------------

    instant(value) {
        return value ? deserializeDateTime(value) : false;
    }

    formatDay(value) {
        return value ? toLocaleDateString(this.instant(value)) : "";
    }

    formatDate(value) {
        return value ? toLocaleDateString(deserializeDate(value)) : "";
    }

    /** Say what became of a promise that runs no more. */
    promiseOutcome(promise) {
        const duration = durationInWords(promise.taken_seconds);
        return promise.outcome === "met"
            ? _t("met, after %(duration)s", { duration })
            : _t("breached, took %(duration)s", { duration });
    }

    promiseTitle(promise) {
        const lines = [];
        if (promise.deadline) {
            const when = toLocaleDateTimeString(this.instant(promise.deadline));
            lines.push(_t("By %(when)s", { when }));
        }
        if (promise.policy) {
            lines.push(
                _t("Promised by “%(policy)s”, version %(version)s", {
                    policy: promise.policy,
                    version: promise.policy_version,
                })
            );
        }
        lines.push(
            promise.hours
                ? _t("Counted in the hours “%(hours)s”", { hours: promise.hours })
                : _t("Counted around the clock")
        );
        if (promise.taken_seconds !== null) {
            const duration = durationInWords(promise.calendar_seconds);
            lines.push(_t("Took %(duration)s on the calendar", { duration }));
        }
        return lines.join("\n");
    }

    pausedTitle(promise) {
        // What is still to be judged has no deadline while it is paused.
        if (promise.deadline) {
            return _t("Breached; the time stands still while somebody else has to act.");
        }
        if (promise.remaining_seconds > 0) {
            return _t("%(left)s are left when the time goes on.", {
                left: durationInWords(promise.remaining_seconds),
            });
        }
        if (promise.floor_at && promise.floor_at > this.state.panel.now) {
            const when = toLocaleDateTimeString(this.instant(promise.floor_at));
            return _t(
                "No time is left: it is due as soon as the time goes on, but not before %(when)s.",
                { when }
            );
        }
        return _t("No time is left: it is due as soon as the time goes on.");
    }

    manualTitle(promise) {
        return _t("Deadline set by hand: %(reason)s", { reason: promise.manual_reason });
    }

    whyLabel(promise) {
        return _t("Why this deadline? %(promise)s", { promise: promise.label });
    }

    quantity(value) {
        return formatFloat(value, { trailingZeros: false });
    }

    pickingLook(picking) {
        return PICKING_LOOK[picking.state] || "text-body";
    }

    paymentLook(invoice) {
        return PAYMENT_LOOK[invoice.payment_state] || "text-body";
    }

    // Doing -----------------------------------------------------------------------------

    explain(promise) {
        this.dialog.add(ExplanationDialog, {
            clockId: promise.id,
            title: this.whyLabel(promise),
            onChanged: () => this.reload(),
        });
    }

    async reload() {
        const { record } = this.props;
        await record.load();
        this.env.bus.trigger("AFTERSALES_CASE:CHANGED", { id: record.resId });
    }

    /** Note that what was promised has happened. */
    async keep(promise) {
        const { record } = this.props;
        this.state.keeping = true;
        try {
            await this.orm.call("aftersales.case", "action_promise_kept", [[record.resId]], {
                topic: promise.subject,
            });
            await this.reload();
        } finally {
            this.state.keeping = false;
        }
    }

    open(resModel, resId) {
        return this.action.doAction({
            type: "ir.actions.act_window",
            res_model: resModel,
            res_id: resId,
            views: [[false, "form"]],
        });
    }

    openOrder() {
        return this.doCaseAction("action_view_order");
    }

    async doCaseAction(method) {
        const action = await this.orm.call("aftersales.case", method, [
            [this.props.record.resId],
        ]);
        return this.action.doAction(action);
    }

    async linkOrder(order) {
        const { record } = this.props;
        await record.update({ sale_order_id: { id: order.id, display_name: order.name } });
        await record.save();
    }
}

export const casePanel = {
    component: CasePanel,
    fieldDependencies: shownCaseFields,
};
registry.category("view_widgets").add("aftersales_panel", casePanel);
