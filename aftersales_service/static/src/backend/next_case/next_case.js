import { Component, useState } from "@odoo/owl";
import { registry } from "@web/core/registry";
import { useService } from "@web/core/utils/hooks";
import { standardWidgetProps } from "@web/views/widgets/standard_widget_props";

// Cases the person has been through since they left their queue, so that "next" goes on
// instead of going back. After a while they may have become pressing again.
const RUN_TIME = 15 * 60 * 1000;
const run = new Map();

function recentlyShown() {
    const since = Date.now() - RUN_TIME;
    for (const [id, at] of run) {
        if (at < since) {
            run.delete(id);
        }
    }
    return [...run.keys()];
}

/** Takes the first case of the person's queue. */
export class NextCaseButton extends Component {
    static template = "aftersales_service.NextCaseButton";
    static props = {
        className: { type: String, optional: true },
        // id of the case on the screen, if any
        shownId: { type: Number, optional: true },
        // () => Promise<boolean>: whether the screen may be left
        beforeNext: { type: Function, optional: true },
        openCase: Function,
    };

    setup() {
        this.orm = useService("orm");
        this.action = useService("action");
        this.state = useState({ isBusy: false });
    }

    async onClick() {
        if (this.state.isBusy) {
            return;
        }
        this.state.isBusy = true;
        try {
            if (!this.props.beforeNext || (await this.props.beforeNext())) {
                await this.next();
            }
        } finally {
            this.state.isBusy = false;
        }
    }

    async next() {
        const { shownId } = this.props;
        if (shownId) {
            run.set(shownId, Date.now());
        } else {
            run.clear();
        }
        const result = await this.orm.call(
            "aftersales.case",
            "action_next_case",
            [shownId ? [shownId] : []],
            { skip_ids: recentlyShown().filter((id) => id !== shownId) }
        );
        if (result.res_id) {
            return this.props.openCase(result.res_id, result);
        }
        run.clear();
        return this.action.doAction(result);
    }
}

/** The button on the form: the next case takes the place of the one shown. */
export class NextCaseWidget extends Component {
    static template = "aftersales_service.NextCaseWidget";
    static components = { NextCaseButton };
    static props = { ...standardWidgetProps };

    save() {
        return this.props.record.save();
    }

    openCase(resId) {
        const { model } = this.props.record;
        const resIds = model.root.resIds;
        return model.load({
            resId,
            resIds: resIds.includes(resId) ? resIds : [...resIds, resId],
        });
    }
}
registry.category("view_widgets").add("aftersales_next_case", {
    component: NextCaseWidget,
});
