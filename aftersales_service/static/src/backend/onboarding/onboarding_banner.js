import { Component, onMounted, useState } from "@odoo/owl";
import { rpc } from "@web/core/network/rpc";
import { user } from "@web/core/user";
import { useService } from "@web/core/utils/hooks";

// Asked once for each page load, for managers alone. Plain rpc: the answer must arrive
// even if the list that asked first is gone by then.
let needed = null;

function callOnboarding(method) {
    const params = { model: "aftersales.onboarding", method, args: [], kwargs: {} };
    params.kwargs.context = user.context;
    return rpc(`/web/dataset/call_kw/aftersales.onboarding/${method}`, params, { silent: true });
}

async function isOnboardingNeeded() {
    if (!(await user.hasGroup("aftersales_service.group_aftersales_manager"))) {
        return false;
    }
    needed ??= callOnboarding("is_needed");
    return needed;
}

/** Tells a manager that nobody has said yet who answers, where and when. */
export class OnboardingBanner extends Component {
    static template = "aftersales_service.OnboardingBanner";
    static props = {};

    setup() {
        this.action = useService("action");
        this.state = useState({ needed: false });
        onMounted(() => this.update());
    }

    async update() {
        this.state.needed = await isOnboardingNeeded();
    }

    async start() {
        await this.action.doAction("aftersales_service.aftersales_onboarding_action", {
            onClose: () => {
                needed = null;
                return this.update();
            },
        });
    }

    async dismiss() {
        await callOnboarding("action_dismiss");
        needed = null;
        this.state.needed = false;
    }
}
