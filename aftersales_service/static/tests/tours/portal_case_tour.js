import { registry } from "@web/core/registry";

// A customer at home: from their order to an accepted solution. The colleague's part in
// between is done by the test, so the tour has two halves.
registry.category("web_tour.tours").add("aftersales_portal_report", {
    steps: () => [
        {
            content: "Open the order",
            trigger: "a[href*='/my/orders/']",
            run: "click",
            expectUnloadPage: true,
        },
        {
            content: "Report a problem with the order",
            trigger: "a.o_aftersales_report",
            run: "click",
            expectUnloadPage: true,
        },
        {
            content: "Choose what it is about",
            trigger: ".o_aftersales_form select[name='case_type']",
            run: "select complaint",
        },
        {
            content: "Choose the product",
            trigger: ".o_aftersales_form input[name='line_ids']",
            run: "check",
        },
        {
            content: "Say what happened",
            trigger: ".o_aftersales_form textarea[name='description']",
            run: "edit The left sole came off.",
        },
        {
            content: "Send",
            trigger: ".o_aftersales_form button[type='submit']",
            run: "click",
            expectUnloadPage: true,
        },
        {
            content: "The case is there, with its number and what happens next",
            trigger: ".o_aftersales_case .alert-success:contains('We have your report')",
        },
        {
            content: "An answer is promised",
            trigger: ".o_aftersales_promises:contains('We will answer by')",
        },
        {
            content: "What was written stands in the conversation",
            trigger: "#chatterRoot:shadow .o-mail-Message:contains('left sole')",
        },
        {
            content: "Add something",
            trigger: "#chatterRoot:shadow .o-mail-Composer-input",
            run: "edit It is the left one.",
        },
        {
            content: "Send the addition",
            trigger: "#chatterRoot:shadow .o-mail-Composer button:contains('Send'):enabled",
            run: "click",
        },
        {
            content: "The addition stands in the conversation",
            trigger: "#chatterRoot:shadow .o-mail-Message:contains('It is the left one')",
        },
    ],
});

registry.category("web_tour.tours").add("aftersales_portal_accept", {
    steps: () => [
        {
            content: "Open the case from the list",
            trigger: "a[href^='/my/cases/']:contains('The left sole came off')",
            run: "click",
            expectUnloadPage: true,
        },
        {
            content: "It is answered",
            trigger: ".o_aftersales_step.o_done:contains('Answered')",
        },
        {
            content: "Accept the solution",
            trigger: ".o_aftersales_case button[name='accept']",
            run: "click",
            expectUnloadPage: true,
        },
        {
            content: "We say thank you, and there is nothing left to accept",
            trigger: ".o_aftersales_case .alert-success:contains('Thank you')",
        },
        {
            trigger: ".o_aftersales_case:not(:has(button[name='accept']))",
        },
    ],
});

registry.category("web_tour.tours").add("aftersales_portal_not_solved", {
    steps: () => [
        {
            content: "Say that it is not solved",
            trigger: ".o_aftersales_reject summary",
            run: "click",
        },
        {
            content: "Say why",
            trigger: ".o_aftersales_reject textarea[name='text']",
            run: "edit It came off again.",
        },
        {
            content: "Send",
            trigger: ".o_aftersales_reject button[name='reject']",
            run: "click",
            expectUnloadPage: true,
        },
        {
            content: "The work goes on",
            trigger: ".alert-info:contains('working on it again')",
        },
        {
            content: "A visitor with a link reads and writes in the conversation too",
            trigger: "#chatterRoot:shadow .o-mail-Message:contains('came off again')",
        },
        {
            trigger: "#chatterRoot:shadow .o-mail-Composer-input",
            run: "edit By the way, the right one too.",
        },
        {
            trigger: "#chatterRoot:shadow .o-mail-Composer button:contains('Send'):enabled",
            run: "click",
        },
        {
            trigger: "#chatterRoot:shadow .o-mail-Message:contains('the right one too')",
        },
    ],
});
