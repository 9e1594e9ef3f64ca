import { registry } from "@web/core/registry";

const tours = registry.category("web_tour.tours");

// A specialist tells the customer a time, sees why, and keeps it.
tours.add("aftersales_promise_tour", {
    steps: () => [
        {
            content: "Something is written before a time is promised",
            trigger: ".o_aftersales_reply_text",
            run: "edit The part is on its way.",
        },
        {
            trigger: ".o_aftersales_send_more:enabled",
            run: "click",
        },
        {
            trigger: ".o-dropdown--menu .o_aftersales_promise",
            run: "click",
        },
        {
            content: "A working day's noon is suggested, and the message goes on",
            trigger: ".modal [name=body] textarea:value(The part is on its way.)",
        },
        {
            trigger: ".modal [name=topic] label:contains(Callback)",
            run: "click",
        },
        {
            content: "What the customer reads follows, in their zone",
            trigger: ".modal [name=body] textarea:value(We will call you by)",
        },
        {
            trigger: ".modal [name=customer_time]:contains(Madrid time)",
        },
        {
            trigger: ".modal button[name=action_send]",
            run: "click",
        },
        {
            content: "Told: it is in the conversation",
            trigger: ".o-mail-Message:contains(We will call you by)",
        },
        {
            content: "the draft is gone",
            trigger: ".o_aftersales_reply_text:not(:value(The part))",
        },
        {
            content: "and the promise runs beside the others",
            trigger:
                ".o_aftersales_promises [data-subject=callback]:contains(Callback) .o_aftersales_countdown",
        },
        {
            trigger: ".o_aftersales_promises [data-kind=resolution] .o_aftersales_why",
            run: "click",
        },
        {
            content: "Why: what counts, what does not",
            trigger: ".modal .o_aftersales_explanation_days [data-reason=open]",
        },
        {
            trigger: ".modal .o_aftersales_explanation_changes:contains(A holiday)",
        },
        {
            content: "A specialist sets no deadline",
            trigger: ".modal .o_aftersales_explanation:not(:has(.o_aftersales_set_deadline))",
        },
        {
            trigger: ".modal .btn-close",
            run: "click",
        },
        {
            content: "Done as promised",
            trigger: ".o_aftersales_promises [data-subject=callback] .o_aftersales_kept",
            run: "click",
        },
        {
            trigger: ".o_aftersales_promises [data-subject=callback][data-outcome=met]:contains(met)",
        },
    ],
});

// A manager sets a deadline by hand and everybody sees that they did.
tours.add("aftersales_manual_deadline_tour", {
    steps: () => [
        {
            trigger: ".o_aftersales_promises [data-kind=resolution] .o_aftersales_why",
            run: "click",
        },
        {
            trigger: ".modal .o_aftersales_set_deadline",
            run: "click",
        },
        {
            content: "It is said before what changes",
            trigger: ".modal [name=preview]:contains(no pause, no holiday)",
        },
        {
            content: "A reason is needed",
            trigger: ".modal button[name=action_set]",
            run: "click",
        },
        {
            trigger: ".modal [name=reason].o_field_invalid input",
            run: "edit Asked for on the phone",
        },
        {
            trigger: ".modal button[name=action_set]",
            run: "click",
        },
        {
            content: "The explanation names who and why",
            trigger: ".modal [data-fact=manual]:contains(Asked for on the phone)",
        },
        {
            trigger: ".modal .btn-close",
            run: "click",
        },
        {
            content: "The panel has a pin",
            trigger:
                "body:not(:has(.modal)) .o_aftersales_promises [data-kind=resolution] .o_aftersales_manual",
        },
    ],
});
