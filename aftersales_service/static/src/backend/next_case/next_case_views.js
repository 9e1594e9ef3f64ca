import { onWillStart } from "@odoo/owl";
import { user } from "@web/core/user";
import { patch } from "@web/core/utils/patch";

import { AftersalesCaseKanbanController, AftersalesCaseListController } from "../live/live_views";
import { NextCaseButton } from "./next_case";

const WORKS_ON_CASES = "aftersales_service.group_aftersales_user";

for (const Controller of [AftersalesCaseKanbanController, AftersalesCaseListController]) {
    Controller.components = { ...Controller.components, NextCaseButton };
    patch(Controller.prototype, {
        setup() {
            super.setup();
            onWillStart(async () => {
                this.canTakeNext = !this.env.inDialog && (await user.hasGroup(WORKS_ON_CASES));
            });
        },

        /** Open it in the form of the same action, so that one step leads back. */
        openNextCase(resId) {
            const resIds = this.model.root.records.map((record) => record.resId);
            const activeIds = resIds.includes(resId) ? resIds : [resId, ...resIds];
            return this.props.selectRecord(resId, { activeIds, force: true });
        },
    });
}
