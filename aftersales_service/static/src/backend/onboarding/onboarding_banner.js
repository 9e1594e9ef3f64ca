import { Component, onWillStart, useState } from "@odoo/owl";
import { user } from "@web/core/user";
import { useService } from "@web/core/utils/hooks";

// Asked once for each page load, for managers alone.
let needed = null;

async function isOnboardingNeeded(orm) {
    if (!(await user.hasGroup("aftersales_service.group_aftersales_manager"))) {
        return false;
    }
    needed ??= orm.silent.call("aftersales.onboarding", "is_needed", []);
    return needed;
}

/** Tells a manager that nobody has said yet who answers, where and when. */
export class OnboardingBanner extends Component {
    static template = "aftersales_service.OnboardingBanner";
    static props = {};

    setup() {
        this.orm = useService("orm");
        this.action = useService("action");
        this.state = useState({ needed: false });
        onWillStart(async () => {
            this.state.needed = await isOnboardingNeeded(this.orm);
        });
    }

    async start() {
        await this.action.doAction("aftersales_service.aftersales_onboarding_action", {
            onClose: async () => {
                needed = null;
                this.state.needed = await isOnboardingNeeded(this.orm);
            },
        });
    }

    async dismiss() {
        await this.orm.call("aftersales.onboarding", "action_dismiss", []);
        needed = null;
        this.state.needed = false;
    }
}
