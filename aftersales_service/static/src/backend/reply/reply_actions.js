import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";

// What hangs below the button of the reply box besides the next steps that the server
// offers (``_reply_next_steps`` of the case). Each entry: ``label``, ``nextStep`` (a code),
// ``icon``, ``isAvailable(record)`` and ``dialog``, the name of an action: it goes on in
// that dialog with what was written so far, if anything, and needs no text here.
const replyActions = registry.category("aftersales_reply_actions");

const isOpen = (record) => !["resolved", "closed", "cancelled"].includes(record.data.stage_kind);

replyActions.add(
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
