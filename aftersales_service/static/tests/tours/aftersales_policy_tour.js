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
            trigger: ".o_aftersales_policy_editor #o_aftersales_policy_time",
            run: "edit 45",
        },
        {
            trigger: ".o_aftersales_policy_editor select[aria-label=Unit]",
            run: "select 60",
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

// A manager enters the time of a promise in the form, in the unit that fits.
registry.category("web_tour.tours").add("aftersales_policy_form_tour", {
    steps: () => [
        {
            trigger: ".o_field_widget[name=target_ids] .o_data_row td:contains(8 h)",
            run: "click",
        },
        {
            trigger: ".modal .o_field_widget[name=target_seconds] input:value(8)",
            run: "edit 1.5",
        },
        {
            trigger: ".modal .o_field_widget[name=target_seconds] select:value(3600)",
        },
        {
            trigger: ".modal .o_form_button_save",
            run: "click",
        },
        {
            trigger: ".o_field_widget[name=target_ids] .o_data_row td:contains(1 h 30 min)",
            run: "click",
        },
        {
            content: "It is entered in the largest unit that needs no fraction",
            trigger: ".modal .o_field_widget[name=target_seconds] input:value(90)",
        },
        {
            trigger: ".modal .o_field_widget[name=target_seconds] select",
            run: "select 1",
        },
        {
            trigger: ".modal .o_form_button_save",
            run: "click",
        },
        {
            trigger: ".o_field_widget[name=target_ids] .o_data_row td:contains(1 min 30 s)",
        },
        {
            trigger: ".o_form_button_save:visible",
            run: "click",
        },
        { trigger: ".o_form_saved" },
    ],
});
