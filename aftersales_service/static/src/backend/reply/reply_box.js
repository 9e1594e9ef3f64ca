import { Component, useRef, useState } from "@odoo/owl";
import { Dropdown } from "@web/core/dropdown/dropdown";
import { DropdownItem } from "@web/core/dropdown/dropdown_item";
import { FileInput } from "@web/core/file_input/file_input";
import { browser } from "@web/core/browser/browser";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { useAutoresize } from "@web/core/utils/autoresize";
import { useBus, useService } from "@web/core/utils/hooks";
import { escape } from "@web/core/utils/strings";
import { useRecordObserver } from "@web/model/relational_model/utils";
import { standardWidgetProps } from "@web/views/widgets/standard_widget_props";

const MIN_HEIGHT = 66;

/**
 * The box in which the specialist answers: always there, one button that also says what
 * happens next. What is typed stays until it is sent, through errors and reloads.
 */
export class ReplyBox extends Component {
    static template = "aftersales_service.ReplyBox";
    static components = { Dropdown, DropdownItem, FileInput };
    static props = { ...standardWidgetProps };

    setup() {
        this.orm = useService("orm");
        this.action = useService("action");
        this.notification = useService("notification");
        this.state = useState({
            body: "",
            attachments: [],
            recipients: [],
            nextSteps: [],
            sending: false,
        });
        this.textRef = useRef("text");
        useAutoresize(this.textRef, { minimumHeight: MIN_HEIGHT });
        useRecordObserver((record) => this.onRecordChanged(record));
        useBus(this.env.bus, "AFTERSALES_CASE:PANEL", ({ detail }) => {
            if (detail.id === this.props.record.resId) {
                this.state.recipients = detail.panel.recipients;
                this.state.nextSteps = detail.panel.next_steps;
            }
        });
        useBus(this.env.bus, "AFTERSALES_CASE:DRAFT", ({ detail }) => {
            const isNew = !this.state.body.includes(detail.body);
            if (detail.id === this.props.record.resId && isNew) {
                this.setBody([this.state.body.trim(), detail.body].filter(Boolean).join("\n\n"));
                this.textRef.el?.focus();
            }
        });
    }

    // Draft ---------------------------------------------------------------------------

    draftKey(resId = this.props.record.resId) {
        return `aftersales.reply.${resId}`;
    }

    /** Show the draft of the case that the pager has come to. */
    onRecordChanged(record) {
        if (record.resId === this.draftOf) {
            return;
        }
        this.draftOf = record.resId;
        this.state.body = browser.sessionStorage.getItem(this.draftKey(record.resId)) || "";
        this.state.attachments = [];
        this.state.recipients = [];
        this.state.nextSteps = [];
    }

    onInput(ev) {
        this.setBody(ev.target.value);
    }

    setBody(body) {
        this.state.body = body;
        if (this.state.body) {
            browser.sessionStorage.setItem(this.draftKey(), this.state.body);
        } else {
            browser.sessionStorage.removeItem(this.draftKey());
        }
    }

    // What is offered -----------------------------------------------------------------

    /** The first one is the button itself, the others hang below it. */
    get actions() {
        const send = { label: _t("Send"), nextStep: null, icon: "fa-paper-plane" };
        const nextSteps = this.hasCustomer ? this.state.nextSteps : [];
        const dialogs = registry
            .category("aftersales_reply_actions")
            .getAll()
            .filter((action) => action.isAvailable(this.props.record));
        return [send, ...nextSteps, ...dialogs];
    }

    /** Everybody the answer goes to; the customer until the server has said it. */
    get recipients() {
        const customer = this.props.record.data.partner_id?.display_name;
        return this.state.recipients.join(", ") || customer || "";
    }

    get hasCustomer() {
        return Boolean(this.props.record.data.partner_id);
    }

    get placeholder() {
        const customer = this.props.record.data.partner_id?.display_name;
        return customer
            ? _t("Answer %(name)s…", { name: customer })
            : _t("Say first who the customer is, then answer here.");
    }

    get canSend() {
        return Boolean(this.hasCustomer && this.state.body.trim() && !this.state.sending);
    }

    /** Whether the menu below the button holds something that can be done now. */
    get canChoose() {
        return this.actions.slice(1).some((action) => this.canDo(action));
    }

    canDo(action) {
        return action.dialog ? this.hasCustomer && !this.state.sending : this.canSend;
    }

    // Doing ---------------------------------------------------------------------------

    onKeydown(ev) {
        if (ev.key === "Enter" && (ev.ctrlKey || ev.metaKey)) {
            ev.preventDefault();
            ev.stopPropagation();
            this.send(this.actions[0]);
        }
    }

    onUploaded(files) {
        for (const file of files) {
            if (file.error) {
                this.notification.add(file.error, { type: "danger" });
            } else {
                this.state.attachments.push({ id: file.id, name: file.filename || file.name });
            }
        }
    }

    async removeAttachment(attachment) {
        const index = this.state.attachments.indexOf(attachment);
        this.state.attachments.splice(index, 1);
        await this.orm.unlink("ir.attachment", [attachment.id]);
    }

    async send(action) {
        if (action.dialog) {
            return this.openDialog(action.dialog);
        }
        if (!this.canSend) {
            return;
        }
        const { record } = this.props;
        this.state.sending = true;
        try {
            if (await record.save()) {
                await this.orm.call("aftersales.case", "action_reply", [[record.resId]], {
                    body: this.state.body,
                    attachment_ids: this.state.attachments.map(({ id }) => id),
                    next_step: action.nextStep,
                });
                this.clear();
                await this.reload();
            }
        } finally {
            // An error keeps the draft.
            this.state.sending = false;
        }
    }

    /** Go on in Odoo's composer, with templates and formatting. */
    async openComposer() {
        const { record } = this.props;
        if (!(await record.save())) {
            return;
        }
        await this.action.doAction(
            {
                type: "ir.actions.act_window",
                name: _t("Answer"),
                res_model: "mail.compose.message",
                views: [[false, "form"]],
                target: "new",
                context: {
                    default_model: record.resModel,
                    default_res_ids: [record.resId],
                    default_partner_ids: [record.data.partner_id.id],
                    default_subtype_xmlid: "mail.mt_comment",
                    default_attachment_ids: this.state.attachments.map(({ id }) => id),
                    default_body: escape(this.state.body).replaceAll("\n", "<br/>"),
                },
            },
            { onClose: (infos) => this.onComposerClosed(infos) }
        );
    }

    /** Go on in a dialog that sends the answer itself. */
    async openDialog(action) {
        const { record } = this.props;
        if (!(await record.save())) {
            return;
        }
        await this.action.doAction(action, {
            additionalContext: {
                default_case_id: record.resId,
                default_body: this.state.body,
                default_attachment_ids: this.state.attachments.map(({ id }) => id),
            },
            onClose: (infos) => this.onComposerClosed(infos),
        });
    }

    async onComposerClosed(infos) {
        if (infos?.dismiss || infos?.special) {
            return;
        }
        this.clear();
        await this.reload();
    }

    clear() {
        browser.sessionStorage.removeItem(this.draftKey());
        this.state.body = "";
        this.state.attachments = [];
    }

    /** Show the new stage, and the message in the conversation below. */
    async reload() {
        const { record } = this.props;
        await record.load();
        this.env.bus.trigger("AFTERSALES_CASE:CHANGED", { id: record.resId });
        const store = this.env.services["mail.store"];
        const thread = store?.Thread.get({ model: record.resModel, id: record.resId });
        await thread?.fetchNewMessages();
    }
}

export const replyBox = {
    component: ReplyBox,
    fieldDependencies: [
        { name: "partner_id", type: "many2one", relation: "res.partner" },
        { name: "email_from", type: "char" },
        { name: "stage_kind", type: "selection" },
    ],
};
registry.category("view_widgets").add("aftersales_reply", replyBox);
