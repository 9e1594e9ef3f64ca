import { Component, onMounted, onWillStart, onWillUnmount, useRef, useState } from "@odoo/owl";
import { browser } from "@web/core/browser/browser";
import { deserializeDateTime } from "@web/core/l10n/dates";
import { _t } from "@web/core/l10n/translation";
import { RPCError } from "@web/core/network/rpc";
import { registry } from "@web/core/registry";
import { KeepLast } from "@web/core/utils/concurrency";
import { useService } from "@web/core/utils/hooks";
import { useSortable } from "@web/core/utils/sortable_owl";
import { useSetupAction } from "@web/search/action_hook";
import { Layout } from "@web/search/layout";
import { standardActionServiceProps } from "@web/webclient/actions/action_service";

import { useCasesChanged } from "../live/live_views";
import { BoardCard } from "./board_card";

const { DateTime } = luxon;
// Deadlines pass without anything being written.
const INTERVAL = 60_000;

const TILES = {
    overdue: {
        label: _t("Overdue"),
        help: _t("Open cases with a promise whose time is over"),
        icon: "fa-exclamation-circle",
        tone: "danger",
    },
    at_risk: {
        label: _t("At risk"),
        help: _t("Open cases with a promise that is breached soon if nothing is done"),
        icon: "fa-hourglass-half",
        tone: "warning",
    },
    unassigned: {
        label: _t("Unassigned"),
        help: _t("Open cases that nobody has taken"),
        icon: "fa-user-o",
        tone: "info",
    },
    waiting: {
        label: _t("Waiting for us"),
        help: _t("The customer wrote last and has no answer yet"),
        icon: "fa-comment",
        tone: "info",
    },
    updates: {
        label: _t("Updates missed"),
        help: _t("The customer was to hear of progress, and has not"),
        icon: "fa-bullhorn",
        tone: "danger",
    },
    failing: {
        label: _t("Failed notifications"),
        help: _t("Promises whose consequences could not be carried out; they are retried"),
        icon: "fa-wrench",
        tone: "danger",
    },
};

/** Where trouble is, who carries what, what may break next; refreshes by itself. */
export class Board extends Component {
    static template = "aftersales_service.Board";
    static components = { BoardCard, Layout };
    static props = { ...standardActionServiceProps };

    setup() {
        this.orm = useService("orm");
        this.action = useService("action");
        this.notification = useService("notification");
        this.rootRef = useRef("root");
        this.keepLast = new KeepLast();
        this.display = { controlPanel: {} };
        this.state = useState({
            board: null,
            refusal: "",
            teamId: this.props.state?.teamId || false,
            isDragging: false,
            givenId: false,
        });
        useSetupAction({ getLocalState: () => ({ teamId: this.state.teamId }) });
        onWillStart(() => {
            // The frame is on the screen at once, the figures follow.
            this.load();
        });
        this.setupRefresh();
        this.setupDragging();
    }

    setupRefresh() {
        let interval = null;
        const isBusy = () =>
            this.state.isDragging || Boolean(document.querySelector(".o-dropdown--menu, .modal"));
        const refresh = () => document.visibilityState === "hidden" || isBusy() || this.load();
        useCasesChanged(() => this.load(), isBusy);
        onMounted(() => (interval = browser.setInterval(refresh, INTERVAL)));
        onWillUnmount(() => browser.clearInterval(interval));
    }

    setupDragging() {
        useSortable({
            enable: () => Boolean(this.state.board?.can_assign),
            ref: this.rootRef,
            elements: ".o_aftersales_board_card",
            groups: ".o_aftersales_board_column",
            ignore: "button, .dropdown",
            connectGroups: true,
            touchDelay: 300,
            cursor: "move",
            placeholderClasses: ["visible", "opacity-50"],
            onDragStart: () => (this.state.isDragging = true),
            onDragEnd: () => {
                this.state.isDragging = false;
                this.markTarget(null);
                if (this.waiting) {
                    this.show(this.waiting);
                }
            },
            onGroupEnter: ({ group }) => this.markTarget(group),
            onDrop: ({ element, parent }) => this.onDrop(element, parent),
        });
    }

    markTarget(column) {
        for (const other of this.rootRef.el.querySelectorAll(".o_aftersales_board_column")) {
            other.classList.toggle("o_aftersales_board_target", other === column);
        }
    }

    // Reading -----------------------------------------------------------------------------

    async load() {
        const kwargs = { team_ids: this.teamIds };
        try {
            this.show(
                await this.keepLast.add(
                    this.orm.silent.call("aftersales.case", "get_board", [], kwargs)
                )
            );
        } catch (error) {
            if (!(error instanceof RPCError) || !error.data?.message) {
                throw error;
            }
            this.state.refusal = error.data.message;
        }
    }

    /** Columns do not move under a card that is being dragged. */
    show(board) {
        if (this.state.isDragging) {
            this.waiting = board;
            return;
        }
        this.waiting = null;
        this.state.board = board;
        this.state.refusal = "";
    }

    get teamIds() {
        return this.state.teamId ? [this.state.teamId] : [];
    }

    onTeamChange(ev) {
        this.state.teamId = Number(ev.target.value) || false;
        return this.load();
    }

    // Words -------------------------------------------------------------------------------

    get tiles() {
        return this.state.board.tiles.map((tile) => ({ ...tile, ...TILES[tile.code] }));
    }

    get isEmpty() {
        return this.state.board.people.every((person) => !person.open);
    }

    get updatedAt() {
        const now = deserializeDateTime(this.state.board.now);
        return _t("Updated %(time)s", { time: now.toLocaleString(DateTime.TIME_SIMPLE) });
    }

    nameOf(person) {
        return person.id ? person.name : _t("Unassigned");
    }

    avatarOf(person) {
        return `/web/image/res.users/${person.id}/avatar_128`;
    }

    share(person) {
        const most = Math.max(...this.state.board.people.map((other) => other.open), 1);
        return Math.round((100 * person.open) / most);
    }

    loadTitle(person) {
        const { average } = this.state.board;
        return person.is_busy
            ? _t("Much more than the average of %(average)s open cases", { average })
            : _t("The average is %(average)s open cases", { average });
    }

    ownerOf(card) {
        const owner = this.state.board.people.find((person) => person.id === card.user_id);
        return owner ? this.nameOf(owner) : "";
    }

    // Opening -----------------------------------------------------------------------------

    openCase(card) {
        return this.action.doAction({
            type: "ir.actions.act_window",
            res_model: "aftersales.case",
            res_id: card.id,
            views: [[false, "form"]],
        });
    }

    openList(name, domain, resModel = "aftersales.case") {
        const types = resModel === "aftersales.case" ? ["list", "kanban", "form"] : ["list", "form"];
        return this.action.doAction({
            type: "ir.actions.act_window",
            name,
            res_model: resModel,
            domain,
            views: types.map((type) => [false, type]),
        });
    }

    openTile(tile) {
        return this.openList(tile.label, tile.domain, tile.model);
    }

    openPerson(person, label = "", leaf = null) {
        const domain = [...this.state.board.domain, ["user_id", "=", person.id]];
        const name = this.nameOf(person);
        return this.openList(
            label ? _t("%(person)s: %(figure)s", { person: name, figure: label }) : name,
            leaf ? [...domain, leaf] : domain
        );
    }

    openOverdue(person) {
        return this.openPerson(person, TILES.overdue.label, ["is_overdue", "=", true]);
    }

    openAtRisk(person) {
        return this.openPerson(person, TILES.at_risk.label, ["is_at_risk", "=", true]);
    }

    openUpdates(person) {
        return this.openPerson(person, TILES.updates.label, ["is_update_overdue", "=", true]);
    }

    openPicks(person) {
        return this.openList(
            _t("%(person)s: taken out of order", { person: this.nameOf(person) }),
            [["id", "in", person.out_of_order]]
        );
    }

    openTomorrow() {
        return this.openList(
            _t("Due before tomorrow ends"),
            this.state.board.tomorrow.domain,
            "aftersales.clock"
        );
    }

    openOthers() {
        return this.action.doAction({
            type: "ir.actions.act_window",
            name: _t("By person"),
            res_model: "aftersales.case",
            domain: this.state.board.domain,
            context: { group_by: ["user_id"] },
            views: [
                [false, "list"],
                [false, "form"],
            ],
        });
    }

    // Giving a case to somebody else --------------------------------------------------------

    isTaker(person, card) {
        return (
            person.id !== card.user_id &&
            person.active &&
            (!person.company_ids || person.company_ids.includes(card.company_id))
        );
    }

    takersOf(card) {
        const { board } = this.state;
        if (!board.can_assign) {
            return [];
        }
        return board.people
            .filter((person) => this.isTaker(person, card))
            .map((person) => ({ id: person.id, name: this.nameOf(person), open: person.open }));
    }

    onDrop(element, parent) {
        const { people } = this.state.board;
        const cards = people.flatMap((person) => person.cases);
        const card = cards.find((other) => other.id === Number(element.dataset.id));
        const person = people.find((other) => (other.id || 0) === Number(parent?.dataset.id));
        if (!card || !person || person.id === card.user_id) {
            return;
        }
        if (!this.isTaker(person, card)) {
            this.notification.add(
                _t("%(person)s cannot take this case: they have left, or work for another company.", {
                    person: this.nameOf(person),
                }),
                { type: "warning" }
            );
            return;
        }
        return this.give(card, person.id);
    }

    async give(card, toId) {
        const board = await this.assign(card, toId);
        this.tellGiven(card, toId, board);
    }

    /** Cards and figures are of one moment: the card stays, dimmed, until the technician is there. */
    async assign(card, toId) {
        const { teamId } = this.state;
        this.state.givenId = card.id;
        try {
            const board = await this.orm.call("aftersales.case", "give_on_board", [[card.id]], {
                user_id: toId,
                team_ids: this.teamIds,
            });
            if (teamId === this.state.teamId) {
                // What was asked for before is of an earlier moment.
                this.keepLast.add(Promise.resolve());
                this.show(board);
            }
            return board;
        } catch (error) {
            this.load();
            throw error;
        } finally {
            this.state.givenId = false;
        }
    }

    tellGiven(card, toId, board) {
        const person = board.people.find((other) => other.id === toId);
        const close = this.notification.add(this.givenText(card, person, board.average), {
            type: person?.is_busy ? "warning" : "success",
            autocloseDelay: 10_000,
            buttons: [
                {
                    name: _t("Undo"),
                    onClick: () => {
                        close();
                        return this.assign(card, card.user_id);
                    },
                },
            ],
        });
    }

    givenText(card, person, average) {
        const values = { number: card.number, person: person?.name };
        if (!person?.id) {
            return _t("%(number)s is assigned to nobody now.", values);
        }
        if (!person.is_busy) {
            return _t("%(number)s is assigned to %(person)s now.", values);
        }
        return _t(
            "%(number)s is assigned to %(person)s now, who has %(open)s open cases. The average is %(average)s.",
            { ...values, open: person.open, average }
        );
    }
}

registry.category("actions").add("aftersales_board", Board);
