import { registry } from "@web/core/registry";

const CELL = ".o_data_row:contains(Tour: repairs) td[name=promise_cells]";

// A manager reads the matrix, changes a promise in place and tries which policy applies.
registry.category("web_tour.tours").add("aftersales_policy_tour", {
    url: "/odoo/aftersales-policies",
    steps: () => [
        {
            content: "Conditions are chips",
            trigger:
                ".o_data_row:contains(Tour: repairs) .o_aftersales_policy_chips:contains(Repair)",
        },
        {
            content: "A policy that never applies is marked",
            trigger: ".o_data_row:contains(Tour: hidden) .o_aftersales_policy_warning",
        },
        {
            content: "Change a promise",
            trigger: `${CELL} .o_aftersales_policy_cell:contains(8 h)`,
            run: "click",
        },
        {
            trigger: ".o_aftersales_policy_editor #o_aftersales_policy_value",
            run: "edit 45",
        },
        {
            trigger: ".o_aftersales_policy_editor select[aria-label=Unit]",
            run: "select minutes",
        },
        {
            trigger: ".o_aftersales_policy_editor #o_aftersales_policy_hours",
            run: "select always",
        },
        {
            trigger: ".o_aftersales_policy_editor button[type=submit]:enabled",
            run: "click",
        },
        {
            content: "The cell says so",
            trigger: `${CELL}:contains(45 min):contains(Around the clock)`,
        },
        {
            content: "Take it back",
            trigger: `${CELL} .o_aftersales_policy_cell:contains(2 h)`,
            run: "click",
        },
        {
            trigger: ".o_aftersales_policy_editor button:contains(Promise nothing)",
            run: "click",
        },
        { trigger: `body:not(:has(${CELL}:contains(2 h)))` },
        {
            content: "Try it",
            trigger: "button:contains(Which Policy Applies?)",
            run: "click",
        },
        {
            trigger:
                ".modal .o_aftersales_try_policies li:contains(Tour: repairs):contains(the case has Enquiry)",
        },
        {
            trigger: ".modal .o_field_widget[name=case_type] input, .modal .o_field_widget[name=case_type] select",
            run: "click",
        },
        {
            trigger: ".o_select_menu_item:contains(Repair)",
            run: "click",
        },
        {
            content: "Each change is answered at once",
            trigger: ".modal .o_aftersales_try_promises tr:contains(45 min):contains(Tour: repairs)",
        },
        {
            trigger: ".modal button:contains(Close)",
            run: "click",
        },
        { trigger: "body:not(:has(.modal))" },
    ],
});
