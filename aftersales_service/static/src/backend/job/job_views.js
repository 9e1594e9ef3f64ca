import { onWillUnmount, useComponent, useEffect } from "@odoo/owl";
import { browser } from "@web/core/browser/browser";
import { registry } from "@web/core/registry";
import { FormController } from "@web/views/form/form_controller";
import { formView } from "@web/views/form/form_view";
import { ListController } from "@web/views/list/list_controller";
import { listView } from "@web/views/list/list_view";

const INTERVAL = 2000;
const UNFINISHED = ["queued", "running"];

/** Reload an open view while work that it shows is not finished. */
function useProgress(recordsOf) {
    const component = useComponent();
    let timer = null;
    const isRunning = () =>
        recordsOf(component.model.root).some(({ data }) => UNFINISHED.includes(data.state));
    const isBusy = () => {
        const { root } = component.model;
        return (
            document.visibilityState === "hidden" ||
            root.editedRecord ||
            root.selection?.length ||
            root.dirty
        );
    };
    const look = async () => {
        timer = null;
        if (!isBusy()) {
            await component.model.load();
        }
        schedule();
    };
    const schedule = () => {
        if (isRunning()) {
            timer ??= browser.setTimeout(look, INTERVAL);
        }
    };
    useEffect(schedule);
    onWillUnmount(() => browser.clearTimeout(timer));
}

export class AftersalesJobListController extends ListController {
    setup() {
        super.setup();
        useProgress((root) => root.records || []);
    }
}

export class AftersalesJobFormController extends FormController {
    setup() {
        super.setup();
        useProgress((root) => [root]);
    }
}

registry.category("views").add("aftersales_job_list", {
    ...listView,
    Controller: AftersalesJobListController,
});
registry.category("views").add("aftersales_job_form", {
    ...formView,
    Controller: AftersalesJobFormController,
});
