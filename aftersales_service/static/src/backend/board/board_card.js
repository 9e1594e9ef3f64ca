import { Component } from "@odoo/owl";
import { Dropdown } from "@web/core/dropdown/dropdown";
import { DropdownItem } from "@web/core/dropdown/dropdown_item";
import { deserializeDateTime } from "@web/core/l10n/dates";
import { _t } from "@web/core/l10n/translation";

import { Countdown } from "../countdown/countdown";

/** One case on the board: opens by a click, goes to somebody else by its menu. */
export class BoardCard extends Component {
    static template = "aftersales_service.BoardCard";
    static components = { Countdown, Dropdown, DropdownItem };
    static props = {
        card: Object,
        // who may take it: list of { id, name }; empty where it cannot be given
        takers: { type: Array, optional: true },
        owner: { type: String, optional: true },
        // it is given to somebody, and the board has not answered yet
        isMoving: { type: Boolean, optional: true },
        onOpen: Function,
        onGive: { type: Function, optional: true },
    };
    static defaultProps = { takers: [], owner: "", isMoving: false };

    instant(value) {
        return value ? deserializeDateTime(value) : false;
    }

    get urgency() {
        return {
            3: { sign: "!!", label: _t("Very high priority") },
            2: { sign: "!", label: _t("High priority") },
        }[this.props.card.priority];
    }
}
