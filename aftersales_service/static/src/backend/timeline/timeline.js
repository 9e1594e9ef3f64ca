import { Component, useState } from "@odoo/owl";
import { deserializeDateTime, toLocaleDateTimeString } from "@web/core/l10n/dates";
import { registry } from "@web/core/registry";
import { KeepLast } from "@web/core/utils/concurrency";
import { useService } from "@web/core/utils/hooks";
import { useRecordObserver } from "@web/model/relational_model/utils";
import { standardWidgetProps } from "@web/views/widgets/standard_widget_props";

import { Countdown } from "../countdown/countdown";
import { shownCaseFields, useShownCase } from "../form/case_observer";

/** One column of things that happened, newest first, each with a link where one may go. */
export class Timeline extends Component {
    static template = "aftersales_service.Timeline";
    static props = { entries: Array };

    setup() {
        this.action = useService("action");
    }

    when(entry) {
        return toLocaleDateTimeString(deserializeDateTime(entry.at));
    }

    open(entry) {
        return this.action.doAction({
            type: "ir.actions.act_window",
            res_model: entry.res_model,
            res_id: entry.res_id,
            views: [[false, "form"]],
        });
    }
}

/** The history of one case, folded until somebody asks for it. */
export class CaseTimeline extends Component {
    static template = "aftersales_service.CaseTimeline";
    static components = { Timeline };
    static props = { ...standardWidgetProps };

    setup() {
        this.orm = useService("orm");
        this.state = useState({ isOpen: false, entries: null });
        this.keepLast = new KeepLast();
        useShownCase((resId) => this.state.isOpen && this.load(resId));
    }

    async toggle() {
        this.state.isOpen = !this.state.isOpen;
        if (this.state.isOpen) {
            await this.load(this.props.record.resId);
        }
    }

    async load(resId) {
        this.state.entries = await this.keepLast.add(
            this.orm.silent.call("aftersales.case", "get_timeline", [[resId]])
        );
    }
}
registry.category("view_widgets").add("aftersales_case_timeline", {
    component: CaseTimeline,
    fieldDependencies: shownCaseFields,
});

/** The page of a sale order: its cases and what happened to it, in one column. */
export class OrderPage extends Component {
    static template = "aftersales_service.OrderPage";
    static components = { Countdown, Timeline };
    static props = { ...standardWidgetProps };

    setup() {
        this.orm = useService("orm");
        this.action = useService("action");
        this.state = useState({ cases: [], entries: [], canCreate: false, loaded: false });
        useRecordObserver((record) => {
            const shown = JSON.stringify([record.resId, record.data.state]);
            if (shown !== this.shown) {
                this.shown = shown;
                return this.load(record.resId);
            }
        });
    }

    async load(resId) {
        if (!resId) {
            return;
        }
        const data = await this.orm.silent.call("sale.order", "aftersales_overview", [[resId]]);
        this.state.cases = data.cases;
        this.state.entries = data.timeline;
        this.state.canCreate = data.can_create;
        this.state.loaded = true;
    }

    instant(value) {
        return value ? deserializeDateTime(value) : false;
    }

    openCase(line) {
        return this.action.doAction({
            type: "ir.actions.act_window",
            res_model: "aftersales.case",
            res_id: line.id,
            views: [[false, "form"]],
        });
    }

    async newCase() {
        const { record } = this.props;
        if (!(await record.save())) {
            return;
        }
        const action = await this.orm.call("sale.order", "action_aftersales_new_case", [
            [record.resId],
        ]);
        return this.action.doAction(action);
    }
}
registry.category("view_widgets").add("aftersales_order_page", {
    component: OrderPage,
    fieldDependencies: [{ name: "state", type: "selection" }],
});
