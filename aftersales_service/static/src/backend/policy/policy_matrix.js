import { Component, onWillStart, useState, useSubEnv } from "@odoo/owl";
import { browser } from "@web/core/browser/browser";
import { usePopover } from "@web/core/popover/popover_hook";
import { registry } from "@web/core/registry";
import { useService } from "@web/core/utils/hooks";
import { standardFieldProps } from "@web/views/fields/standard_field_props";
import { ListRenderer } from "@web/views/list/list_renderer";
import { listView } from "@web/views/list/list_view";

import { DurationInput } from "../duration/duration_input";

const KIND_PREFIX = "promise:";
const STORAGE_KEY = "aftersales_policy_matrix_kinds";

/** Time and hours of one promise, beside the cell that shows it. */
export class PolicyCellEditor extends Component {
    static template = "aftersales_service.PolicyCellEditor";
    static components = { DurationInput };
    static props = {
        title: String,
        cell: { type: [Object, { value: null }], optional: true },
        matrix: Object,
        save: Function,
        close: { type: Function, optional: true },
    };

    setup() {
        const cell = this.props.cell || {};
        this.state = useState({
            seconds: cell.seconds || 0,
            hours: cell.calendar_mode === "calendar" ? cell.calendar_id : cell.calendar_mode || "team",
            saving: false,
        });
    }

    get isValid() {
        return this.state.seconds > 0;
    }

    /** The hours as one list: those without a calendar by code, the others by id. */
    get hours() {
        return [...this.props.matrix.modes, ...this.props.matrix.calendars];
    }

    setHours(ev) {
        const code = ev.target.value;
        this.state.hours = this.props.matrix.modes.some((mode) => mode[0] === code)
            ? code
            : Number(code);
    }

    onKeydown(ev) {
        if (ev.key === "Enter") {
            ev.preventDefault();
            this.save();
        }
    }

    async save() {
        if (!this.isValid || this.state.saving) {
            return;
        }
        const { seconds, hours } = this.state;
        const isCalendar = typeof hours === "number";
        await this.send({
            seconds,
            calendar_mode: isCalendar ? "calendar" : hours,
            calendar_id: isCalendar && hours,
        });
    }

    async send(values) {
        this.state.saving = true;
        try {
            await this.props.save(values);
            this.props.close?.();
        } finally {
            this.state.saving = false;
        }
    }
}

/** One promise of a policy, as a cell of the matrix that can be changed in place. */
export class PolicyCell extends Component {
    static template = "aftersales_service.PolicyCell";
    static props = { ...standardFieldProps, kind: { type: String, optional: true } };

    setup() {
        this.orm = useService("orm");
        this.popover = usePopover(PolicyCellEditor, { position: "bottom-start" });
    }

    get matrix() {
        return this.env.aftersalesPolicyMatrix?.info;
    }

    get cell() {
        return (this.props.record.data[this.props.name] || {})[this.props.kind];
    }

    get title() {
        const kind = this.matrix?.kinds.find((kind) => kind[0] === this.props.kind);
        return kind ? kind[1] : this.props.kind;
    }

    edit(ev) {
        this.popover.open(ev.currentTarget, {
            title: this.title,
            cell: this.cell || null,
            matrix: this.matrix,
            save: (values) => this.save(values),
        });
    }

    async save(values) {
        const { record, kind } = this.props;
        await this.orm.call("aftersales.policy", "set_promise", [[record.resId], kind, values]);
        // Warnings of other rows may follow.
        await record.model.load();
    }
}
registry.category("fields").add("aftersales_policy_cell", {
    component: PolicyCell,
    supportedTypes: ["json"],
    extractProps: ({ options }) => ({ kind: options.kind }),
});

/** The promises of a policy below each other, for small screens. */
export class PolicyPromises extends Component {
    static template = "aftersales_service.PolicyPromises";
    static props = { ...standardFieldProps };

    get cells() {
        return Object.values(this.props.record.data[this.props.name] || {});
    }
}
registry.category("fields").add("aftersales_policy_promises", {
    component: PolicyPromises,
    supportedTypes: ["json"],
});

/** The conditions of a policy, one chip each. */
export class PolicyChips extends Component {
    static template = "aftersales_service.PolicyChips";
    static props = { ...standardFieldProps };

    get chips() {
        return this.props.record.data[this.props.name] || [];
    }
}
registry.category("fields").add("aftersales_policy_chips", {
    component: PolicyChips,
    supportedTypes: ["json"],
});

/** The name of a policy, with a badge while it is not in force. */
export class PolicyName extends Component {
    static template = "aftersales_service.PolicyName";
    static props = { ...standardFieldProps };
}
registry.category("fields").add("aftersales_policy_name", {
    component: PolicyName,
    supportedTypes: ["char"],
    fieldDependencies: [{ name: "active", type: "boolean" }],
});

/** Warns of a policy that never applies, or that keeps others from applying. */
export class PolicyWarning extends Component {
    static template = "aftersales_service.PolicyWarning";
    static props = { ...standardFieldProps };

    get text() {
        const { hidden_warning, order_warning } = this.props.record.data;
        return hidden_warning || order_warning;
    }
}
registry.category("fields").add("aftersales_policy_warning", {
    component: PolicyWarning,
    supportedTypes: ["char"],
    fieldDependencies: [{ name: "hidden_warning", type: "char" }],
});

/** What all cells share: kinds, hours, and whether the user may change them. */
class PolicyMatrixInfo {
    constructor(orm) {
        this.orm = orm;
        this.info = { kinds: [], modes: [], calendars: [], can_edit: false };
    }

    async load() {
        this.info = await this.orm.call("aftersales.policy", "get_matrix", []);
    }
}

/** A list of policies with one column for each kind of promise that is in use. */
export class PolicyMatrixRenderer extends ListRenderer {
    setup() {
        super.setup();
        this.matrix = new PolicyMatrixInfo(this.orm);
        useSubEnv({ aftersalesPolicyMatrix: this.matrix });
        onWillStart(() => this.matrix.load());
        const chosen = browser.localStorage.getItem(STORAGE_KEY);
        this.chosenKinds = useState(new Set(chosen ? chosen.split(",") : []));
    }

    /** Kinds that a policy on the page promises. */
    get usedKinds() {
        const records = this.props.list.records;
        return new Set(records.flatMap((record) => Object.keys(record.data.promise_cells || {})));
    }

    processAllColumn(allColumns, list) {
        const used = this.usedKinds;
        return super.processAllColumn(allColumns, list).flatMap((column) => {
            if (column.name !== "promise_cells") {
                return [column];
            }
            return this.matrix.info.kinds
                .filter(([kind]) => used.has(kind) || this.chosenKinds.has(kind))
                .map(([kind, label]) => ({
                    ...column,
                    id: `${column.id}_${kind}`,
                    label,
                    hasLabel: true,
                    options: { ...column.options, kind },
                    attrs: { ...column.attrs, width: "136px" },
                }));
        });
    }

    /** What nobody promises yet can be added as an empty column. */
    get optionalFieldGroups() {
        const used = this.usedKinds;
        const optionalFields = this.matrix.info.kinds
            .filter(([kind]) => !used.has(kind))
            .map(([kind, label]) => ({
                label,
                name: KIND_PREFIX + kind,
                value: this.chosenKinds.has(kind),
            }));
        const groups = super.optionalFieldGroups;
        return optionalFields.length ? [...groups, { optionalFields }] : groups;
    }

    async toggleOptionalField(name) {
        if (!name.startsWith(KIND_PREFIX)) {
            return super.toggleOptionalField(name);
        }
        const kind = name.slice(KIND_PREFIX.length);
        if (!this.chosenKinds.delete(kind)) {
            this.chosenKinds.add(kind);
        }
        browser.localStorage.setItem(STORAGE_KEY, [...this.chosenKinds].join(","));
        this.render();
    }

    /** What hides what depends on the order. */
    async sortDrop() {
        await super.sortDrop(...arguments);
        await this.props.list.model.load();
    }

    isSortable(column) {
        return column.name !== "promise_cells" && super.isSortable(column);
    }
}

registry.category("views").add("aftersales_policy_matrix", {
    ...listView,
    Renderer: PolicyMatrixRenderer,
});
