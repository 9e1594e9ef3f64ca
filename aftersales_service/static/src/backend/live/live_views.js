import { onWillUnmount, useComponent } from "@odoo/owl";
import { browser } from "@web/core/browser/browser";
import { registry } from "@web/core/registry";
import { user } from "@web/core/user";
import { useService } from "@web/core/utils/hooks";
import { KanbanController } from "@web/views/kanban/kanban_controller";
import { kanbanView } from "@web/views/kanban/kanban_view";
import { ListController } from "@web/views/list/list_controller";
import { listView } from "@web/views/list/list_view";

import { OnboardingBanner } from "../onboarding/onboarding_banner";

// A busy desk changes many cases a second: an open list reloads at most this often,
// and not all open lists at the same moment.
const QUIET = 4000;
const JITTER = 2000;

/**
 * Call back, at intervals that a busy desk cannot shorten, after cases of the user's
 * companies have changed.
 *
 * @param {() => Promise|void} refresh
 * @param {() => boolean} isBusy whether the user would lose something now
 */
export function useCasesChanged(refresh, isBusy) {
    const bus = useService("bus_service");
    let timer = null;
    const schedule = () => {
        timer ??= browser.setTimeout(run, QUIET + Math.random() * JITTER);
    };
    const run = () => {
        timer = null;
        if (document.visibilityState === "hidden" || isBusy()) {
            return schedule();
        }
        return refresh();
    };
    const onChanged = ({ company_id: companyId }) => {
        if (user.activeCompanies.some((company) => company.id === companyId)) {
            schedule();
        }
    };
    for (const company of user.activeCompanies) {
        bus.addChannel(`aftersales_case_${company.id}`);
    }
    bus.subscribe("aftersales.case/changed", onChanged);
    onWillUnmount(() => {
        bus.unsubscribe("aftersales.case/changed", onChanged);
        browser.clearTimeout(timer);
    });
}

/** Whether somebody edits, selects, drags or types in the view. */
function isViewBusy(component) {
    const { root } = component.model;
    return Boolean(
        component.model.useSampleModel ||
            root.editedRecord ||
            root.selection?.length ||
            component.quickCreateState?.groupId ||
            component.rootRef.el?.querySelector(".o_dragged, .o_kanban_quick_create") ||
            document.querySelector(".o-dropdown--menu, .modal")
    );
}

function useLiveView() {
    const component = useComponent();
    useCasesChanged(
        () => component.model.load(),
        () => isViewBusy(component)
    );
}

export class AftersalesCaseListController extends ListController {
    static template = "aftersales_service.CaseListView";
    static components = { ...ListController.components, OnboardingBanner };

    setup() {
        super.setup();
        useLiveView();
    }
}

export class AftersalesCaseKanbanController extends KanbanController {
    static template = "aftersales_service.CaseKanbanView";
    static components = { ...KanbanController.components, OnboardingBanner };

    setup() {
        super.setup();
        useLiveView();
    }
}

registry.category("views").add("aftersales_case_list", {
    ...listView,
    Controller: AftersalesCaseListController,
});
registry.category("views").add("aftersales_case_kanban", {
    ...kanbanView,
    Controller: AftersalesCaseKanbanController,
});
