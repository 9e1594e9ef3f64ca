import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";

// What the button of the reply box offers. Each entry: ``label``, ``nextStep`` (passed
// to the case's ``action_reply``), ``icon``, and ``isAvailable(record)``. The first one
// available is the button itself, the others hang below it. One with ``dialog``, the name
// of an action, goes on in that dialog with what was written so far, if anything, and
// needs no text here. Addons add theirs.
const replyActions = registry.category("aftersales_reply_actions");

const isOpen = (record) => !["resolved", "closed", "cancelled"].includes(record.data.stage_kind);

replyActions
    .add(
        "send",
        { label: _t("Send"), nextStep: null, icon: "fa-paper-plane", isAvailable: () => true },
        { sequence: 10 }
    )
    .add(
        "send_wait_customer",
        {
            label: _t("Send and wait for customer"),
            nextStep: "wait_customer",
            icon: "fa-pause",
            isAvailable: (record) => isOpen(record) && Boolean(record.data.partner_id),
        },
        { sequence: 20 }
    )
    .add(
        "send_resolve",
        {
            label: _t("Send and resolve"),
            nextStep: "resolve",
            icon: "fa-check",
            isAvailable: (record) => isOpen(record) && Boolean(record.data.partner_id),
        },
        { sequence: 30 }
    )
    .add(
        "promise",
        {
            label: _t("Promise a time…"),
            nextStep: "promise",
            dialog: "aftersales_service.aftersales_case_promise_action",
            icon: "fa-handshake-o",
            isAvailable: (record) => isOpen(record) && Boolean(record.data.partner_id),
        },
        { sequence: 40 }
    );
