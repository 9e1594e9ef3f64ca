import { registry } from "@web/core/registry";

const tours = registry.category("web_tour.tours");
const COLUMN = ".o_aftersales_board_column";
const NOBODYS = `${COLUMN}.o_aftersales_board_nobody`;

function shownName() {
    return document.querySelector(
        ".o_aftersales_title [name=name] input"
    )?.value;
}

async function frame() {
    await new Promise((resolve) => requestAnimationFrame(resolve));
}

// What a press took until the next case was on the screen, in milliseconds.
const times = [];

function pressAndMeasure(expected) {
    return {
        content: `The next case is ${expected}`,
        trigger: ".o_aftersales_next_case:enabled",
        async run() {
            const start = performance.now();
            document.querySelector(".o_aftersales_next_case").click();
            while (shownName() !== expected && performance.now() - start < 8000) {
                await frame();
            }
            times.push(performance.now() - start);
            if (shownName() !== expected) {
                throw new Error(`${expected} was to come next, not ${shownName()}`);
            }
        },
    };
}

// The specialist takes one case after the other.
tours.add("aftersales_next_case_tour", {
    url: "/odoo/aftersales",
    steps: () => [
        {
            content: "From the queue to the most pressing case",
            trigger: ".o_list_view .o_aftersales_next_case",
            run: "click",
        },
        {
            trigger: ".o_form_view .o_aftersales_title [name=name] input:value(Tour: first)",
        },
        {
            content: "It is theirs now",
            trigger: ".o_aftersales_keys [name=user_id] input:value(as_tour)",
        },
        pressAndMeasure("Tour: second"),
        {
            content: "with its own promises beside it",
            trigger: ".o_aftersales_promises [data-kind=resolution]",
        },
        pressAndMeasure("Tour: third"),
        {
            content: "By the keyboard",
            trigger: ".o_aftersales_next_case[data-hotkey='shift+n']:enabled",
            run: "press alt+shift+n",
        },
        {
            trigger: ".o_form_view .o_aftersales_title [name=name] input:value(Tour: fourth)",
        },
        {
            content: "One step leads back to the queue",
            trigger: ".o_breadcrumb:not(:has(:contains(Tour: third))) a:contains(My Queue)",
        },
        {
            trigger: ".o_aftersales_next_case:enabled",
            run: "click",
        },
        {
            content: "Nothing was done on them: they come again, on request",
            trigger: ".o_notification:contains(You have been through your queue)",
        },
        pressAndMeasure("Tour: first"),
        {
            content: "Each on the screen within a second",
            trigger: "body",
            run() {
                const best = Math.min(...times);
                console.log(`Next case on the screen after ${times.map(Math.round)} ms`);
                if (best > 1000) {
                    throw new Error(`The next case took ${Math.round(best)} ms at best`);
                }
            },
        },
        {
            trigger: ".breadcrumb-item a:contains(My Queue), .o_back_button",
            run: "click",
        },
        {
            content: "The board of the queue has the button too",
            trigger: ".o_list_view",
        },
        {
            trigger: ".o_switch_view.o_kanban",
            run: "click",
        },
        {
            trigger: ".o_kanban_view .o_aftersales_next_case:enabled",
            run: "click",
        },
        {
            trigger: ".o_form_view .o_aftersales_title [name=name] input:value(Tour: first)",
        },
    ],
});

// What was on the screen at some moment though it cannot be at one moment.
const contradictions = [];

function watchBoard() {
    new MutationObserver(() => {
        if (document.querySelector(".o_dragged")) {
            return;
        }
        for (const column of document.querySelectorAll(COLUMN)) {
            const open = parseInt(column.querySelector(".o_aftersales_board_open").textContent);
            const cards = column.querySelectorAll(".o_aftersales_board_card").length;
            if (open !== cards) {
                contradictions.push(`${cards} cards of ${open} in ${column.ariaLabel}`);
            }
        }
    }).observe(document.querySelector(".o_aftersales_board"), { childList: true, subtree: true });
}

// The manager's morning: where is trouble, and who could help?
tours.add("aftersales_board_tour", {
    url: "/odoo/aftersales-board",
    steps: () => [
        {
            content: "Their team alone",
            trigger: ".o_aftersales_board_team",
            run: "selectByLabel Test Team",
        },
        {
            content: "Two cases are overdue",
            trigger: "[data-code=overdue] .o_aftersales_board_count:contains(/^2$/)",
        },
        {
            content: "The most pressing one of those that nobody has, in words",
            trigger: `${NOBODYS} .o_aftersales_board_card:contains(Tour: first) [data-level=overdue]:contains(over)`,
        },
        {
            content: "From here on, cards and figures agree at each moment",
            trigger: ".o_aftersales_board",
            run: watchBoard,
        },
        {
            content: "Give it to the specialist by dragging",
            trigger: `${NOBODYS} .o_aftersales_board_card:contains(Tour: first)`,
            run(helpers) {
                return helpers.drag_and_drop(`${COLUMN}:contains(As Specialist)`, {
                    position: { top: 60, left: 60 },
                    relative: true,
                });
            },
        },
        {
            trigger: `${COLUMN}:contains(As Specialist):contains(1 open) .o_aftersales_board_card:contains(Tour: first)`,
        },
        {
            trigger: "[data-code=unassigned] .o_aftersales_board_count:contains(/^3$/)",
        },
        {
            content: "and take it back",
            trigger: ".o_notification:contains(As Specialist) button:contains(Undo)",
            run: "click",
        },
        {
            trigger: `${NOBODYS}:contains(4 open) .o_aftersales_board_card:contains(Tour: first)`,
        },
        {
            content: "Without a mouse there is a menu",
            trigger: `${NOBODYS} .o_aftersales_board_card:contains(Tour: first) .o_aftersales_board_give`,
            run(helpers) {
                helpers.anchor.focus();
                return helpers.press("Enter");
            },
        },
        {
            trigger: ".o-dropdown--menu .o-dropdown-item:contains(As Team)",
            run: "click",
        },
        {
            trigger: `${COLUMN}:contains(As Team) .o_aftersales_board_card:contains(Tour: first)`,
        },
        {
            trigger: ".o_aftersales_board",
            run() {
                if (contradictions.length) {
                    throw new Error(contradictions.join("; "));
                }
            },
        },
        {
            content: "What breaks next: which promise, with who answers it",
            trigger:
                ".o_aftersales_board_tomorrow .o_aftersales_board_case:contains(Tour: second):contains(Solution):contains(Unassigned)",
        },
        {
            content: "A figure of a person opens what it counts",
            trigger: `${COLUMN}:contains(As Team) .o_aftersales_board_figure:contains(overdue)`,
            run: "click",
        },
        {
            trigger: ".o_list_view .o_data_row:contains(Tour: first)",
        },
        {
            trigger: ".o_breadcrumb:contains(As Team: Overdue)",
        },
        {
            trigger: ".breadcrumb-item a:contains(Board), .o_back_button",
            run: "click",
        },
        {
            content: "The chosen team is still chosen",
            trigger: ".o_aftersales_board_team:has(option:checked:contains(Test Team))",
        },
        {
            trigger: "[data-code=unassigned]",
            run: "click",
        },
        {
            trigger: ".o_list_view:not(:has(.o_data_row:contains(Tour: first)))",
        },
        {
            trigger: ".o_data_row:contains(Tour: second)",
        },
        {
            trigger: ".breadcrumb-item a:contains(Board), .o_back_button",
            run: "click",
        },
        {
            content: "A card opens its case",
            trigger: `${NOBODYS} .o_aftersales_board_name:contains(Tour: second)`,
            run: "click",
        },
        {
            trigger: ".o_form_view .o_aftersales_title [name=name] input:value(Tour: second)",
        },
    ],
});

// Management looks and changes nothing.
tours.add("aftersales_board_read_tour", {
    url: "/odoo/aftersales-board",
    steps: () => [
        {
            trigger: `${NOBODYS} .o_aftersales_board_case:contains(Tour: first)`,
        },
        {
            trigger: ".o_aftersales_board:not(:has(.o_aftersales_board_give))",
        },
    ],
});

// Who neither manages nor leads is told where their own cases are.
tours.add("aftersales_board_refused_tour", {
    url: "/odoo/aftersales-board",
    steps: () => [
        {
            trigger: ".o_aftersales_board_refusal:contains(My Queue)",
        },
        {
            trigger: "body:not(:has(.modal)):not(:has(.o_error_dialog))",
        },
    ],
});

// Nobody has written yet.
tours.add("aftersales_board_empty_tour", {
    url: "/odoo/aftersales-board",
    steps: () => [
        {
            trigger: ".o_aftersales_board_empty:contains(No case is open)",
        },
        {
            trigger: "[data-code=overdue].o_aftersales_board_quiet",
        },
    ],
});
