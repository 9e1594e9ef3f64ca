import { Component } from "@odoo/owl";
import { Dropdown } from "@web/core/dropdown/dropdown";
import { DropdownItem } from "@web/core/dropdown/dropdown_item";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { useService } from "@web/core/utils/hooks";
import { standardWidgetProps } from "@web/views/widgets/standard_widget_props";

/** What is done with a case less often: escalate it, exclude it with one of the marks. */
export class MoreMenu extends Component {
    static template = "aftersales_service.MoreMenu";
    static components = { Dropdown, DropdownItem };
    static props = { ...standardWidgetProps };

    setup() {
        this.action = useService("action");
        this.marks = [
            { code: "spam", label: _t("Spam"), icon: "fa-ban" },
            { code: "test", label: _t("Test"), icon: "fa-flask" },
            { code: "void", label: _t("Entered by mistake"), icon: "fa-eraser" },
            { code: "internal", label: _t("Internal: not from a customer"), icon: "fa-building-o" },
        ];
    }

    get isOpen() {
        return !["closed", "cancelled"].includes(this.props.record.data.stage_kind);
    }

    setAside(mark) {
        return this.open("aftersales_service.aftersales_case_mark_action", {
            default_mark: mark.code,
        });
    }

    escalate() {
        return this.open("aftersales_service.aftersales_case_escalate_action", {
            default_case_id: this.props.record.resId,
        });
    }

    async open(action, context) {
        const { record } = this.props;
        if (!(await record.save())) {
            return;
        }
        await this.action.doAction(action, {
            additionalContext: {
                active_model: "aftersales.case",
                active_id: record.resId,
                active_ids: [record.resId],
                ...context,
            },
            onClose: async () => {
                await record.load();
                this.env.bus.trigger("AFTERSALES_CASE:CHANGED", { id: record.resId });
            },
        });
    }
}

registry.category("view_widgets").add("aftersales_more_menu", {
    component: MoreMenu,
    fieldDependencies: [{ name: "stage_kind", type: "selection" }],
});
