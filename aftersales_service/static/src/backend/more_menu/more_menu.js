import { Component } from "@odoo/owl";
import { Dropdown } from "@web/core/dropdown/dropdown";
import { DropdownItem } from "@web/core/dropdown/dropdown_item";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { useService } from "@web/core/utils/hooks";
import { standardWidgetProps } from "@web/views/widgets/standard_widget_props";

/** The marks a case can be set aside with, each one click away. */
export class SetAsideMenu extends Component {
    static template = "aftersales_service.SetAsideMenu";
    static components = { Dropdown, DropdownItem };
    static props = { ...standardWidgetProps };

    setup() {
        this.action = useService("action");
        this.marks = [
            { code: "spam", label: _t("Spam"), icon: "fa-ban" },
            { code: "test", label: _t("Test"), icon: "fa-flask" },
            { code: "void", label: _t("Void: entered by mistake"), icon: "fa-eraser" },
            { code: "internal", label: _t("Internal: not from a customer"), icon: "fa-building-o" },
        ];
    }

    async onSelected(mark) {
        const { record } = this.props;
        if (!(await record.save())) {
            return;
        }
        await this.action.doAction("aftersales_service.aftersales_case_mark_action", {
            additionalContext: {
                active_model: "aftersales.case",
                active_id: record.resId,
                active_ids: [record.resId],
                default_mark: mark.code,
            },
            onClose: () => record.load(),
        });
    }
}

registry.category("view_widgets").add("aftersales_more_menu", { component: SetAsideMenu });
