from collections import defaultdict

from odoo import api, fields, models
from odoo.exceptions import AccessError
from odoo.tools import SQL

from ...tools import clock_machine as machine
from ...tools.batch_sql import insert_rows, typed_arrays
from ...tools.business_time import ALWAYS, from_epoch
from ...tools.core_api import is_listened_to
from .aftersales_clock_row import ACT_COLUMNS, ALL_COLUMNS, ClockRow, columns_of

# Proves that a write comes from the engine: compared by identity, and a context that
# came over RPC holds plain JSON and can never contain it.
_ENGINE = object()

# Events with a hook.
ANNOUNCED = frozenset({"breached", "warned", "error"})
# Seconds until a clock without a deadline looks for one again.
ERROR_RETRY = 3600

STATES = [("running", "Running"), ("paused", "Paused"), ("stopped", "Stopped")]
OUTCOMES = [
    ("none", "Open"),
    ("met", "Met"),
    ("breached", "Breached"),
    ("void", "Not counted"),
]


class AftersalesClock(models.Model):
    """One cycle of one promise on one case.

    ``state`` says whether time is counted, ``outcome`` what became of the promise; a
    broken promise keeps running until it is fulfilled. Clocks are a fact: only the
    engine writes them, by SQL in batches.
    """

    _name = "aftersales.clock"
    _description = "After-Sales Clock"
    _inherit = ["aftersales.batch.mixin"]
    _order = "case_id, kind, cycle"
    _rec_name = "kind"
    _log_access = False

    case_id = fields.Many2one(
        "aftersales.case", required=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one("res.company", required=True)
    kind = fields.Selection(lambda self: self._selection_kind(), required=True)
    subject = fields.Char(
        required=True,
        default="",
        help="What exactly was promised, where a case can have several promises of "
        "one kind at a time.",
    )
    cycle = fields.Integer(
        required=True,
        default=1,
        help="1 for the first promise of its kind on the case, then counted up.",
    )

    # What was promised: a copy made at the start
    policy_id = fields.Many2one(
        "aftersales.policy", ondelete="set null", index="btree_not_null"
    )
    target_id = fields.Many2one(
        "aftersales.policy.target", ondelete="set null", index="btree_not_null"
    )
    policy_version = fields.Integer()
    target_seconds = fields.Integer(string="Promised Time (s)", required=True)
    calendar_id = fields.Many2one(
        "resource.calendar",
        string="Working Hours",
        ondelete="restrict",
        help="Empty: around the clock.",
    )
    tz = fields.Char(string="Time Zone")
    snapshot = fields.Json(help="The rules the promise was started with.")
    fixed_deadline = fields.Datetime(
        string="Fixed Time",
        help="A time promised to the customer, or set by hand: pauses, holidays and "
        "other policies do not move it.",
    )
    floor_at = fields.Datetime(
        string="Not Before",
        help="The deadline is never before this time. A promise that ends earlier had "
        "not been made yet and is not counted.",
    )
    is_manual = fields.Boolean(string="Set by Hand", help="A manager set the deadline.")
    manual_reason = fields.Char(string="Reason", help="Why it was set by hand.")
    manual_user_id = fields.Many2one(
        "res.users", string="Set By", ondelete="set null", index="btree_not_null"
    )

    # Where it stands
    state = fields.Selection(STATES, required=True)
    outcome = fields.Selection(OUTCOMES, required=True)
    started_at = fields.Datetime(string="Started", required=True)
    deadline = fields.Datetime(help="Empty while an open promise is paused.")
    remaining_seconds = fields.Integer(
        string="Remaining (s)", help="What is left, while paused."
    )
    warning_at = fields.Datetime(string="At Risk From")
    warned_at = fields.Datetime(string="Warned")
    pauses = fields.Json(help="List of [from, to, cause]; instants in epoch seconds.")
    carried_seconds = fields.Integer(
        string="Used Before Reopening (s)",
        help="Seconds used up before the case was reopened.",
    )
    carried_breach = fields.Boolean(
        string="Breached Before Reopening",
        help="Breached in an earlier cycle already: counts in no figure of this one.",
    )
    void_cause = fields.Char(string="Not Counted Because")
    breach_cause = fields.Char(string="Breached Because")
    decided_at = fields.Datetime(
        string="Decided",
        help="The instant it was met, or its deadline if it was breached.",
    )
    stopped_at = fields.Datetime(string="Ended")
    calendar_seconds = fields.Integer(string="Duration (s)")
    business_seconds = fields.Integer(string="Duration in Service Hours (s)")
    net_seconds = fields.Integer(string="Duration Without Pauses (s)")
    decision = fields.Json(help="Why it was decided so: frozen at that moment.")
    steps_done = fields.Json(help="Keys of the escalation steps taken or skipped.")

    # The job
    next_event_at = fields.Datetime()
    last_event = fields.Selection(
        lambda self: self._selection_last_event(),
        help="What happened to it last. Automated actions can listen on it.",
    )
    pending_event = fields.Char(help="Event whose consequences failed, to be retried.")
    error_count = fields.Integer()
    last_error = fields.Char()
    retry_at = fields.Datetime()
    owes_steps = fields.Boolean(
        string="Steps Pending",
        help="Breached and ended at once, because the next promise of the chain began. "
        "Its steps at the deadline are still to be taken.",
    )

    _cycle_uniq = models.UniqueIndex(
        "(case_id, kind, subject, cycle)", "This promise has been started already."
    )
    _next_event_idx = models.Index("(next_event_at) WHERE state = 'running'")
    _error_idx = models.Index("(id) WHERE error_count > 0")
    _retry_idx = models.Index("(retry_at) WHERE state = 'stopped'")
    _company_decided_idx = models.Index("(company_id, decided_at)")
    _calendar_idx = models.Index("(calendar_id, id) WHERE state <> 'stopped'")

    def _selection_kind(self):
        kinds = self.env["aftersales.policy.target"]._clock_kinds()
        return [(code, kind.label) for code, kind in kinds.items()]

    def _selection_last_event(self):
        return [
            ("started", self.env._("Started")),
            ("paused", self.env._("Paused")),
            ("resumed", self.env._("Resumed")),
            ("warned", self.env._("At risk")),
            ("met", self.env._("Met")),
            ("breached", self.env._("Breached")),
            ("stopped", self.env._("Ended")),
            ("voided", self.env._("Not counted")),
            ("replanned", self.env._("Planned again")),
            ("retargeted", self.env._("Changed")),
            ("fixed", self.env._("Deadline set by hand")),
            ("merged", self.env._("Taken over from another case")),
            ("step_fired", self.env._("Escalation step taken")),
            ("error", self.env._("No time can be found")),
        ]

    @api.depends_context("lang")
    @api.depends("kind")
    def _compute_display_name(self):
        """Name it by what it is, in the reader's language."""
        labels = dict(self._fields["kind"]._description_selection(self.env))
        for record in self:
            record.display_name = labels.get(record.kind, record.kind)

    # CRUD: the engine alone ---------------------------------------------------

    def _refuse(self):
        raise AccessError(
            self.env._(
                "Promises and their times follow from what happens to the case. They "
                "cannot be entered, changed or deleted by hand."
            )
        )

    @api.model_create_multi
    def create(self, vals_list):  # pylint: disable=method-required-super
        """Always refused: the engine starts clocks in batches."""
        self._refuse()

    def write(self, vals):
        """Refused, but for the engine itself."""
        if self.env.context.get("aftersales_engine") is not _ENGINE:
            self._refuse()
        return super().write(vals)

    def unlink(self):  # pylint: disable=method-required-super
        """Always refused; clocks go with their case."""
        self._refuse()

    # Reading and storing ------------------------------------------------------

    @api.model
    def _load(self, condition, suffix):
        """Read clocks for work on them, locked.

        :param condition: ``SQL`` of the WHERE clause
        :param suffix: ``SQL`` after it: order, limit, lock
        :return: list of :class:`ClockRow`
        """
        names = SQL(", ").join(map(SQL.identifier, ("id", *ALL_COLUMNS)))
        rows = self.env.execute_query_dict(
            SQL("SELECT %s FROM aftersales_clock WHERE %s %s", names, condition, suffix)
        )
        return [ClockRow.from_row(row) for row in rows]

    @api.model
    def _load_of_cases(self, case_ids, kinds=None, ended=False):
        """Read and lock the clocks of cases, in a fixed order.

        :param kinds: codes of kinds, all when not given
        :param ended: also those that have stopped
        """
        conditions = [SQL("case_id = ANY(%s)", list(case_ids))]
        if kinds is not None:
            conditions.append(SQL("kind = ANY(%s)", list(kinds)))
        if not ended:
            conditions.append(SQL("state <> 'stopped'"))
        return self._load(
            SQL(" AND ").join(conditions), SQL("ORDER BY id FOR NO KEY UPDATE")
        )

    @api.model
    def _last_of_cases(self, case_ids, kinds=None):
        """Read and lock the clocks of cases.

        :param kinds: codes of kinds, all when not given
        :return: list of the last row of each kind and subject
        """
        last = {}
        for row in self._load_of_cases(case_ids, kinds, ended=True):
            values = row.values
            key = values["case_id"], values["kind"], values["subject"]
            if key not in last or last[key].values["cycle"] < values["cycle"]:
                last[key] = row
        return list(last.values())

    @api.model
    def _store(self, rows, now):
        """Write changed and new cycles, their ledger lines, and tell who listens.

        :param list rows: :class:`ClockRow` objects; others are left alone
        :param int now: epoch seconds
        :return: the cycles something happened to
        """
        rows = [row for row in rows if row.lines]
        if not rows:
            return rows
        for row in rows:
            self._complete(row, now)
        self._update([c for c in rows if c.id and not c.changed_rules])
        self._update([c for c in rows if c.id and c.changed_rules], ALL_COLUMNS)
        self._insert([row for row in rows if row.id is None])
        self._write_ledger(rows)
        self._forget_cache()
        # What is computed from clocks is computed again.
        cases = {row.values["case_id"] for row in rows}
        self.env["aftersales.case"].browse(cases).modified(["clock_ids"])
        return rows

    @api.model
    def _complete(self, row, now):
        """Set what follows from the machine's part: durations, frozen reasons, when
        to look again, last event."""
        clock, values = row.clock, row.values
        until = clock.stopped_at or clock.decided_at
        if until is not None:
            business = self._business_schedule(row)
            names = ("calendar_seconds", "business_seconds", "net_seconds")
            measured = machine.durations(clock, business, until)
            values.update(zip(names, measured, strict=True))
            if not values.get("decision"):
                values["decision"] = self._decision(row)
        if clock.error:
            values["last_error"] = clock.error
            values["error_count"] = (values.get("error_count") or 0) + 1
            clock.next_event_at = now + ERROR_RETRY
            values["retry_at"] = from_epoch(clock.next_event_at)
        elif values.get("error_count") and not values["pending_event"]:
            values.update(error_count=0, last_error=None, retry_at=None)
        if not self._is_listened_to():
            values["last_event"] = row.last_news

    @api.model
    def _decision(self, row):
        """Return the reasons of a decision as they are known now, to be kept."""
        clock, values = row.clock, row.values
        until = clock.decided_at
        schedule = self._schedule(row)
        spans = machine.explain(clock, schedule, until)
        return {
            "at": until,
            "outcome": clock.outcome,
            "policy_id": values["policy_id"],
            "policy_version": values["policy_version"],
            "target_seconds": clock.target_seconds,
            "carried_seconds": clock.carried_seconds,
            "consumed_seconds": machine.consumed(clock, schedule, until),
            "calendar_id": values["calendar_id"],
            "tz": values["tz"],
            "durations": machine.durations(clock, self._business_schedule(row), until),
            "spans": [list(span) for span in spans],
        }

    @api.model
    def _insert(self, rows):
        if not rows:
            return
        ids = insert_rows(self, columns_of(rows, ALL_COLUMNS))
        for row, clock_id in zip(rows, ids, strict=True):
            row.id = clock_id

    @api.model
    def _update(self, rows, columns=ACT_COLUMNS):
        if not rows:
            return
        names = list(columns)
        self.env.cr.execute(
            SQL(
                "UPDATE aftersales_clock SET %(sets)s"
                " FROM unnest(%(ids)s::int4[], %(arrays)s) AS new(id, %(names)s)"
                " WHERE aftersales_clock.id = new.id",
                sets=SQL(", ").join(
                    SQL("%s = %s", SQL.identifier(n), SQL.identifier("new", n))
                    for n in names
                ),
                ids=[row.id for row in rows],
                arrays=typed_arrays(self, columns_of(rows, columns)),
                names=SQL(", ").join(map(SQL.identifier, names)),
            )
        )

    @api.model
    def _write_ledger(self, rows):
        lines = []
        for row in rows:
            for line in row.lines:
                values = {
                    **line,
                    "case_id": row.values["case_id"],
                    "clock_id": row.id,
                    "data": {**line["data"], **self._ledger_data(row, line)},
                }
                for name in ("at", "deadline_before", "deadline_after"):
                    if values[name] is not None:
                        values[name] = from_epoch(values[name])
                lines.append(values)
            row.lines = []
        self.env["aftersales.event"]._append(lines)

    @api.model
    def _ledger_data(self, row, line):
        """Return what a line says of the clock besides what the machine says: with
        that, enough to rebuild it."""
        values = row.values
        data = {"kind": values["kind"], "cycle": values["cycle"]}
        if values["subject"]:
            data["subject"] = values["subject"]
        if line["kind"] in ("clock_started", "clock_retargeted"):
            names = ("policy_id", "policy_version", "calendar_id")
            data.update((name, values[name]) for name in names)
        return data

    @api.model
    def _forget_cache(self):
        """Forget cached clocks, and cached lists of clocks on cases."""
        self.invalidate_model(flush=False)
        for inverse in self.pool.field_inverses[self._fields["case_id"]]:
            self.env[inverse.model_name].invalidate_model([inverse.name], flush=False)

    # Schedules ----------------------------------------------------------------

    @api.model
    def _schedule(self, row):
        """Return the ``Schedule`` a cycle is counted in."""
        if row.values["snapshot"]["calendar_mode"] == "always":
            return ALWAYS
        return self.env["resource.calendar"]._aftersales_schedule_of(
            row.values["calendar_id"], row.values["company_id"]
        )

    @api.model
    def _business_schedule(self, row):
        """Return the ``Schedule`` of the team, for the durations of reports."""
        return self.env["resource.calendar"]._aftersales_schedule_of(
            row.values["snapshot"]["business_calendar_id"],
            row.values["company_id"],
        )

    # Telling ------------------------------------------------------------------

    @api.model
    def _is_listened_to(self):
        """Whether an active automated action listens to writes on clocks."""
        return is_listened_to(self)

    @api.model
    def _announce(self, rows, _now):
        """Tell others what happened; extendable through the ``_on_…`` hooks."""
        if self._is_listened_to():
            self._write_last_event(rows)
        by_hook = defaultdict(list)
        for row in rows:
            for code in ANNOUNCED & set(row.news):
                by_hook[code].append(row.id)
        for code, ids in by_hook.items():
            getattr(self, f"_on_{code}")(self.browse(ids))
        self._forget_failures([c.id for c in rows if c.values.get("pending_event")])

    @api.model
    def _forget_failures(self, ids):
        """Clear what was noted of clocks whose news could be told at last, unless a
        step of theirs failed since: that has nothing pending, and is still to do."""
        if ids:
            self.env.cr.execute(
                SQL(
                    """
                    UPDATE aftersales_clock
                       SET error_count = 0, last_error = NULL, pending_event = NULL,
                           retry_at = CASE WHEN owes_steps THEN retry_at END
                     WHERE id = ANY(%s)
                       AND (pending_event IS NOT NULL
                            OR (state = 'stopped' AND owes_steps IS NOT TRUE))
                    """,
                    ids,
                )
            )
            self._forget_cache()

    @api.model
    def _write_last_event(self, rows):
        """Write what happened through the ORM, once per batch and value: an automated
        action sees every event, also of a clock that several things happened to."""
        rounds = max(len(row.codes) for row in rows)
        for place in range(rounds):
            by_code = defaultdict(list)
            for row in rows:
                if place < len(row.codes):
                    by_code[row.codes[place]].append(row.id)
            for code, ids in by_code.items():
                clocks = self.browse(ids).with_context(aftersales_engine=_ENGINE)
                clocks.write({"last_event": code})
                clocks.flush_recordset()

    @api.model
    def _on_breached(self, clocks):
        """Hook: promises were broken. People are told by the ladder.

        :param clocks: ``aftersales.clock`` records, as superuser
        """

    @api.model
    def _on_warned(self, clocks):
        """Hook: cases came at risk."""

    @api.model
    def _on_error(self, clocks):
        """Hook: promises have no deadline, because their hours have no working time.

        :param clocks: ``aftersales.clock`` records, as superuser
        """
