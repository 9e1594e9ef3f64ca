import { Component, useState } from "@odoo/owl";
import { registry } from "@web/core/registry";
import { useService } from "@web/core/utils/hooks";
import { standardWidgetProps } from "@web/views/widgets/standard_widget_props";
import { shownCaseFields, useShownCase } from "../form/case_observer";

/**
 * What stands above the reply box: escalations that wait to be acknowledged, and messages
 * prepared for the customer.
 */
export class CaseAlerts extends Component {
    static template = "aftersales_service.CaseAlerts";
    static props = { ...standardWidgetProps };

    setup() {
        this.orm = useService("orm");
        this.state = useState({ escalations: [], notices: [] });
        useShownCase((resId) => this.load(resId));
    }

    async load(resId) {
        const alerts = await this.orm.silent.call("aftersales.case", "get_alerts", [[resId]]);
        if (resId === this.props.record.resId) {
            Object.assign(this.state, alerts);
        }
    }

    async act(model, method, id) {
        const result = await this.orm.call(model, method, [[id]]);
        this.env.bus.trigger("AFTERSALES_CASE:CHANGED", { id: this.props.record.resId });
        return result;
    }

    async acknowledge(escalation) {
        await this.act("aftersales.escalation", "action_acknowledge", escalation.id);
        await this.props.record.load();
    }

    async discard(notice) {
        await this.act("aftersales.notice", "action_discard", notice.id);
    }

    /** Put the text into the reply box, where it can be changed before it is sent. */
    async use(notice) {
        await this.act("aftersales.notice", "action_use", notice.id);
        this.env.bus.trigger("AFTERSALES_CASE:DRAFT", {
            id: this.props.record.resId,
            body: notice.body,
        });
    }
}

registry.category("view_widgets").add("aftersales_alerts", {
    component: CaseAlerts,
    fieldDependencies: shownCaseFields,
});
