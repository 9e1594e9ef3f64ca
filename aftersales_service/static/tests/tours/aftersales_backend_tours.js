import { registry } from "@web/core/registry";

const tours = registry.category("web_tour.tours");

// A specialist's day: from the queue to an answer that also moves the case.
tours.add("aftersales_specialist_tour", {
    url: "/odoo/aftersales",
    steps: () => [
        {
            content: "The queue shows the case with its countdown in words",
            trigger:
                ".o_data_row:contains(Tour: shoe too small) .o_aftersales_countdown[data-level=on_time]:contains(in )",
        },
        {
            content: "Nobody else's case is in it",
            trigger: ".o_list_view:not(:has(.o_data_row:contains(Tour: of a colleague)))",
        },
        {
            content: "Open it",
            trigger: ".o_data_row:contains(Tour: shoe too small) td[name=name]",
            run: "click",
        },
        {
            content: "The panel shows what was promised",
            trigger:
                ".o_aftersales_promises [data-kind=first_response] .o_aftersales_countdown",
        },
        {
            content: "and what was ordered, without rights in sales",
            trigger: ".o_aftersales_order:contains(Shoe 42):contains(delivered)",
        },
        {
            content: "Nothing can be sent before something is written",
            trigger: ".o_aftersales_send:disabled",
        },
        {
            content: "Answer",
            trigger: ".o_aftersales_reply_text",
            run: "edit Please send us a photo.",
        },
        {
            content: "Who receives it is said",
            trigger: ".o_aftersales_reply_to:contains(as_portal)",
        },
        {
            content: "One button for answer and stage",
            trigger: ".o_aftersales_send_more:enabled",
            run: "click",
        },
        {
            trigger: ".o-dropdown--menu .o_aftersales_wait_customer",
            run: "click",
        },
        {
            content: "The answer is in the conversation",
            trigger: ".o-mail-Message:contains(Please send us a photo.)",
        },
        {
            content: "the case waits for the customer",
            trigger:
                ".o_statusbar_status .o_arrow_button_current:contains(Waiting for Customer)",
        },
        {
            content: "the promise of an answer is kept",
            trigger: ".o_aftersales_promises [data-kind=first_response][data-outcome=met]",
        },
        {
            content: "and the box is empty again",
            trigger: ".o_aftersales_send:disabled",
        },
        {
            content: "The history is told on request",
            trigger: ".o_aftersales_case_timeline button",
            run: "click",
        },
        {
            trigger: ".o_aftersales_timeline [data-kind=reply]",
        },
        {
            content: "Back to work by the stage bar",
            trigger: ".o_statusbar_status .o_arrow_button:contains(Working)",
            run: "click",
        },
        {
            trigger: ".o_statusbar_status .o_arrow_button_current:contains(Working)",
        },
        {
            content: "Saved, and told in the history at once",
            trigger:
                ".o_form_saved .o_aftersales_timeline [data-kind=stage_changed]:contains(→ Working)",
        },
    ],
});

// Mail of somebody unknown: a contact with one click, then the answer is possible.
tours.add("aftersales_unknown_sender_tour", {
    url: "/odoo/aftersales",
    steps: () => [
        {
            trigger: ".o_data_row:contains(Tour: who is it) td[name=name]",
            run: "click",
        },
        {
            content: "There is nobody to answer yet",
            trigger: ".o_aftersales_reply_text:disabled",
        },
        {
            trigger: "[name=unknown_sender] button[name=action_create_customer]",
            run: "click",
        },
        {
            trigger: ".o_aftersales_reply_text:enabled",
        },
        {
            trigger: ".o_form_view:not(:has([name=unknown_sender]))",
        },
        {
            content: "Set it aside as a test, with a reason",
            trigger: ".o_aftersales_set_aside",
            run: "click",
        },
        {
            trigger: ".o-dropdown--menu .o_aftersales_mark_test",
            run: "click",
        },
        {
            trigger: ".modal .o_aftersales_mark_reason input",
            run: "edit Only trying",
        },
        {
            trigger: ".modal button[name=action_apply]",
            run: "click",
        },
        {
            content: "The banner says so, and undoes it",
            trigger: ".o_form_view:not(:has(.modal)) button[name=action_undo_mark]",
            run: "click",
        },
        {
            trigger: ".o_aftersales_set_aside",
        },
    ],
});

// A customer calls: customer and words are all that must be entered.
tours.add("aftersales_phone_tour", {
    url: "/odoo/aftersales",
    steps: () => [
        {
            trigger: ".o_list_button_add",
            run: "click",
        },
        {
            content: "Team and stage are there already",
            trigger:
                ".o_form_view:has(.o_arrow_button_current:contains(New)) [name=team_id] input:value(Test Team)",
        },
        {
            trigger: ".o_aftersales_title [name=name] :is(input, textarea)",
            run: "edit Tour: by phone",
        },
        {
            trigger: "[name=partner_id] input",
            run: "edit Tour Caller",
        },
        {
            trigger: ".o-autocomplete--dropdown-item:contains(Tour Caller):not(:contains(Create))",
            run: "click",
        },
        {
            trigger: ".o_form_button_save",
            run: "click",
        },
        {
            content: "The case has a number and its promises",
            trigger: ".o_form_saved .o_aftersales_title [name=number]:contains(ASC/)",
        },
        {
            trigger: ".o_aftersales_promises [data-kind=resolution]",
        },
        {
            content: "and the only recent order was found",
            trigger: ".o_aftersales_order:contains(Shoe 42)",
        },
    ],
});

// An error keeps what was written.
tours.add("aftersales_draft_kept_tour", {
    steps: () => [
        {
            trigger: ".o_aftersales_reply_text",
            run: "edit Words that must not be lost",
        },
        {
            trigger: ".o_aftersales_send:enabled",
            run: "click",
        },
        {
            content: "The customer has no address: a sentence says so",
            trigger: ".modal:contains(no e-mail address) .btn-primary",
            run: "click",
        },
        {
            trigger: ".o_aftersales_send:enabled",
        },
        {
            trigger: ".o_aftersales_reply_text:value(Words that must not be lost)",
        },
    ],
});

// The salesperson sees what became of their order.
tours.add("aftersales_order_tour", {
    steps: () => [
        {
            content: "Open and all cases",
            trigger: ".oe_stat_button[name=action_aftersales_cases]:contains(After-Sales)",
        },
        {
            trigger: ".o_notebook a[name=aftersales]",
            run: "click",
        },
        {
            content: "The cases with stage and deadline",
            trigger:
                ".o_aftersales_order_page tr:contains(Tour: shoe too small) .o_aftersales_countdown",
        },
        {
            content: "Who may not write cases is offered none",
            trigger: ".o_aftersales_order_page:not(:has(.o_aftersales_new_case))",
        },
        {
            content: "One column of what happened, the delivery among it",
            trigger: ".o_aftersales_timeline [data-kind=goods_out]",
        },
        {
            trigger: ".o_aftersales_timeline [data-kind=received] a",
            run: "click",
        },
        {
            content: "A click opens the case",
            trigger: ".o_aftersales_case_form .o_aftersales_title",
        },
    ],
});

// First start: a manager answers three questions.
tours.add("aftersales_onboarding_tour", {
    url: "/odoo/aftersales",
    steps: () => [
        {
            trigger: ".o_aftersales_onboarding .btn-primary",
            run: "click",
        },
        {
            trigger: ".modal [name=alias_name] input",
            run: "edit helpdesk",
        },
        {
            trigger: ".modal button[name=action_apply]",
            run: "click",
        },
        {
            content: "The queue is there, and the question is gone",
            trigger: ".o_action_manager .o_list_view:not(:has(.o_aftersales_onboarding))",
        },
        {
            trigger: "body:not(:has(.modal))",
        },
    ],
});

// The health page says in sentences what is to be mended, and opens it.
tours.add("aftersales_health_tour", {
    url: "/odoo/aftersales-health",
    steps: () => [
        {
            trigger: ".o_data_row:contains(Address of):contains(no e-mail address)",
        },
        {
            trigger: ".o_data_row:contains(no e-mail address) button[name=action_mend]",
            run: "click",
        },
        {
            trigger: ".o_form_view [name=alias_name]",
        },
    ],
});
