import json
from datetime import datetime
from typing import NamedTuple

from odoo import api, fields, models
from odoo.tools import SQL

from ...tools.batch_sql import insert_rows
from ...tools.business_time import to_epoch
from ..base.trust import is_scheduled, is_system

ACTOR_KINDS = [
    ("user", "User"),
    ("customer", "Customer"),
    ("cron", "Scheduled job"),
    ("system", "System"),
    ("rule", "Rule"),
]
# By what way the actor came.
ACTOR_WAYS = [
    ("login", "Login"),
    ("link", "Link"),
    ("mail", "Mail"),
    ("behalf", "Staff on behalf"),
    ("job", "Scheduled job"),
    ("system", "System"),
]
COLUMNS = (
    "case_id",
    "clock_id",
    "kind",
    "at",
    "recorded_at",
    "actor_kind",
    "actor_id",
    "actor_via",
    "source_kind",
    "source_id",
    "cause",
    "deadline_before",
    "deadline_after",
    "consumed_before",
    "consumed_after",
    "data",
)
GUARD = "aftersales_event_guard"


class EventKind(NamedTuple):
    """What lines of one kind say, and how they look in a timeline."""

    label: str
    icon: str = "fa-circle-o"
    # plain, info, success, warning or danger
    tone: str = "plain"
    # whether it is told on the timeline of the order as well
    milestone: bool = False
    # whether it is left out of timelines: another line of the same instant says so
    hidden: bool = False
    # key of the data → model of the ids it holds
    records: dict = {}
    # codes of the events that it tells of, for promises that are reenacted
    events: tuple = ()


class EventKinds(dict):
    """Kinds of lines by their codes. What nobody knows any more, because the addon that
    wrote it is gone, is called by its code."""

    def __missing__(self, code):
        return EventKind(code)


class AftersalesEvent(models.Model):
    """One line of the ledger: something that happened to a case or to a promise.

    Lines are only ever added, by :meth:`_append`. They hold codes, instants, amounts
    and ids, never names, addresses or text, and no foreign key but the case, so that
    erasing a person, merging contacts or deleting a user never touches them. The
    database itself refuses to change or delete one, unless the session sets
    ``aftersales.maintenance`` to ``on``; then the change leaves a line of its own.
    """

    _name = "aftersales.event"
    _description = "After-Sales Ledger Line"
    _inherit = ["aftersales.sealed.mixin"]
    _order = "at, id"
    _rec_name = "kind"
    # No create_uid and write_uid: their foreign keys would tie the ledger to users.
    _log_access = False

    case_id = fields.Many2one(
        "aftersales.case", required=True, index=False, ondelete="restrict"
    )
    clock_id = fields.Integer(string="Promise", help="Id of the clock, if any.")
    kind = fields.Selection(lambda self: self._selection_kind(), required=True)
    at = fields.Datetime(
        string="Happened", required=True, help="The instant it took effect."
    )
    recorded_at = fields.Datetime(
        string="Recorded", required=True, help="The instant the line was written."
    )
    actor_kind = fields.Selection(ACTOR_KINDS, required=True)
    actor_id = fields.Integer(help="Id of the user, or of the customer's contact.")
    actor_via = fields.Selection(
        ACTOR_WAYS,
        string="By Way Of",
        help="How whoever acted came: by a login, by a link without login, by a mail. "
        "“On behalf”: a colleague entered what the customer said.",
    )
    source_kind = fields.Char(help="Model of the record that caused it.")
    source_id = fields.Integer(help="Id of the record that caused it.")
    cause = fields.Char()
    deadline_before = fields.Datetime()
    deadline_after = fields.Datetime()
    consumed_before = fields.Integer(
        string="Consumed Before (s)", help="Seconds of the target used before."
    )
    consumed_after = fields.Integer(
        string="Consumed After (s)", help="Seconds of the target used after."
    )
    data = fields.Json()

    _case_at_idx = models.Index("(case_id, at, id)")
    _clock_idx = models.Index("(clock_id, at, id) WHERE clock_id IS NOT NULL")
    # At most once per cycle: this line is the claim of whoever takes the step.
    _step_uniq = models.UniqueIndex(
        "(clock_id, cause) WHERE kind IN ('step_fired', 'step_skipped')",
        "This step has been taken already.",
    )
    # The line is the claim: whoever writes it sends the confirmation.
    _acknowledged_uniq = models.UniqueIndex(
        "(case_id) WHERE kind = 'acknowledged'",
        "The case has been acknowledged already.",
    )

    # Kinds ----------------------------------------------------------------------

    @api.model
    def _kinds(self):
        """Return the kinds of lines there are, as {code: EventKind}; extendable by
        whoever writes lines of another kind."""
        return {
            "maintenance": EventKind(
                self.env._("Maintenance of the database"), hidden=True
            ),
        }

    @api.model
    def _selection_kind(self):
        return [(code, kind.label) for code, kind in self._kinds().items()]

    def init(self):
        """Create the triggers that make the table append-only."""
        self.env.cr.execute(self._guard_function_sql())
        self.env.cr.execute(self._guard_triggers_sql())

    @api.model
    def _guard_function_sql(self):
        return SQL(
            """
            CREATE OR REPLACE FUNCTION %(guard)s() RETURNS trigger AS $guard$
            BEGIN
                IF COALESCE(current_setting('aftersales.maintenance', true), '')
                   <> 'on' THEN
                    RAISE EXCEPTION 'The after-sales ledger is append-only: %% is '
                        'refused. A correction is a new line.', TG_OP
                        USING ERRCODE = 'insufficient_privilege';
                END IF;
                IF TG_LEVEL = 'STATEMENT' THEN
                    RETURN NULL;
                END IF;
                INSERT INTO aftersales_event
                    (case_id, kind, at, recorded_at, actor_kind, cause, data)
                VALUES (
                    OLD.case_id, 'maintenance', now() AT TIME ZONE 'UTC',
                    now() AT TIME ZONE 'UTC', 'system', lower(TG_OP),
                    jsonb_build_object('line', OLD.id, 'kind', OLD.kind)
                );
                IF TG_OP = 'DELETE' THEN
                    RETURN OLD;
                END IF;
                RETURN NEW;
            END
            $guard$ LANGUAGE plpgsql
            """,
            guard=SQL.identifier(GUARD),
        )

    @api.model
    def _guard_triggers_sql(self):
        return SQL(
            """
            DROP TRIGGER IF EXISTS %(rows)s ON aftersales_event;
            CREATE TRIGGER %(rows)s BEFORE UPDATE OR DELETE ON aftersales_event
                FOR EACH ROW EXECUTE FUNCTION %(guard)s();
            DROP TRIGGER IF EXISTS %(truncate)s ON aftersales_event;
            CREATE TRIGGER %(truncate)s BEFORE TRUNCATE ON aftersales_event
                FOR EACH STATEMENT EXECUTE FUNCTION %(guard)s()
            """,
            guard=SQL.identifier(GUARD),
            rows=SQL.identifier(f"{GUARD}_rows"),
            truncate=SQL.identifier(f"{GUARD}_truncate"),
        )

    @api.model
    def _drop_guard(self):
        """Remove triggers and function, for the uninstallation of the addon."""
        self.env.cr.execute(
            SQL("DROP FUNCTION IF EXISTS %s() CASCADE", SQL.identifier(GUARD))
        )

    # CRUD: refused for everybody, superuser included --------------------------

    def _refusal(self):
        """Say why lines cannot be edited; see :meth:`_append`."""
        return self.env._(
            "The history of a case is only ever added to, by what happens to the "
            "case. Lines cannot be entered, changed or deleted."
        )

    @api.depends_context("lang")
    @api.depends("kind")
    def _compute_display_name(self):
        """Name it by what happened, in the reader's language."""
        labels = dict(self._fields["kind"]._description_selection(self.env))
        for record in self:
            record.display_name = labels.get(record.kind, record.kind)

    # The one way in -----------------------------------------------------------

    @api.model
    def _append(self, lines):
        """Write ledger lines, by one INSERT for all of them.

        :param list lines: dicts with at least ``case_id``, ``kind`` and ``at``
            (naive UTC ``datetime``), and any other column of the ledger. Actor and
            instant of recording are filled in where they are missing.
        :return: list of the ids of the new lines, in the order given
        """
        if not lines:
            return []
        default = {"recorded_at": fields.Datetime.now(), **self._current_actor()}
        as_of = self._as_of()
        if as_of:
            lines = [self._line_as_of(line, as_of) for line in lines]
        rows = [self._prepare_line(line, default) for line in lines]
        columns = {name: [row[name] for row in rows] for name in COLUMNS}
        ids = insert_rows(self, columns)
        self._invalidate_inverses()
        return ids

    @api.model
    def _as_of(self):
        """Return the instant that history reenacted after the fact has come to, None
        while what happens is told as it happens. A context that came over RPC holds
        plain JSON and can never contain a ``datetime``."""
        as_of = self.env.context.get("aftersales_now")
        return as_of if isinstance(as_of, datetime) else None

    @api.model
    def _line_as_of(self, line, as_of):
        """Return a line of history reenacted after the fact: a case's one says to where
        the telling had come, which its promises were judged up to."""
        if line.get("clock_id"):
            return line
        return {
            **line,
            "data": {**(line.get("data") or {}), "told_as_of": to_epoch(as_of)},
        }

    @api.model
    def _prepare_line(self, line, default):
        row = {**default, **line}
        if row["actor_kind"] == "customer" and default["actor_kind"] == "user":
            row["actor_via"] = "behalf"
        if row.get("data") is not None:
            row["data"] = json.dumps(row["data"])
        return {
            name: None if row.get(name) is False else row.get(name) for name in COLUMNS
        }

    @api.model
    def _current_actor(self):
        """Return the columns that say who acts and by what way: a user, a customer
        (portal user or visitor with a link), the system, or a scheduled job."""
        if is_system(self.env):
            kind = "cron" if is_scheduled(self.env) else "system"
            via = "job" if kind == "cron" else "system"
            return {"actor_kind": kind, "actor_id": None, "actor_via": via}
        user = self.env.user
        via = "link" if user._is_public() else "login"
        if not user._is_internal():
            actor_id = user.partner_id.id
            return {"actor_kind": "customer", "actor_id": actor_id, "actor_via": via}
        return {"actor_kind": "user", "actor_id": user.id, "actor_via": via}

    @api.model
    def _invalidate_inverses(self):
        """Forget cached one2many fields that list lines."""
        for field in self.pool.field_inverses[self._fields["case_id"]]:
            self.env[field.model_name].invalidate_model([field.name], flush=False)
