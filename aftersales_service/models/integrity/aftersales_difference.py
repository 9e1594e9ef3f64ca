"""The checker: is every case and every promise what the ledger says?"""

from collections import defaultdict
from operator import itemgetter

from odoo import api, fields, models
from odoo.exceptions import AccessError
from odoo.tools import SQL, groupby

from ...tools import replay
from ...tools.business_time import ALWAYS, from_epoch
from ...tools.replay import LEDGER, Finding, Line
from ..base.aftersales_job import UNFINISHED, JobKind
from ..base.resource_calendar import FreshSchedules
from ..base.trust import system_only

# Enough to see what is wrong; who has more looks at the cause first.
MAX_DIFFERENCES = 1000
KINDS = [
    ("fact", "Fact"),
    ("plan", "Plan"),
    ("mirror", "Mirror"),
    ("ledger", "Ledger"),
]
# Columns of a case that follow from the ledger and the clocks, and are worked out
# again by "Rebuild Mirrors". Everything else is a fact, and never changed by a check.
STAMPS = (
    "acknowledged_at",
    "first_response_at",
    "resolved_at",
    "accepted_at",
    "closed_at",
    "awaiting_reply_since",
    "last_customer_message_at",
    "last_reply_at",
)
CLOCK_MIRRORS = ("next_deadline", "next_warning_at")
CASE_FACTS = (
    "stage_id",
    "stage_kind",
    "cycle",
    "team_id",
    "user_id",
    "sale_order_id",
    "active",
    "mark",
)
CASE_INSTANTS = ("received_at", "marked_at", *STAMPS, *CLOCK_MIRRORS)
CLOCK_FACTS = (
    "case_id",
    "company_id",
    "kind",
    "subject",
    "cycle",
    "policy_id",
    "policy_version",
    "calendar_id",
    "target_seconds",
    "state",
    "outcome",
    "remaining_seconds",
    "pauses",
    "carried_seconds",
    "carried_breach",
    "void_cause",
    "breach_cause",
    "calendar_seconds",
    "business_seconds",
    "net_seconds",
    "decision",
    "steps_done",
    "snapshot",
    "error_count",
)
CLOCK_INSTANTS = (
    "started_at",
    "deadline",
    "warning_at",
    "warned_at",
    "decided_at",
    "stopped_at",
    "fixed_deadline",
    "floor_at",
    "next_event_at",
)
LINE_COLUMNS = (
    "kind",
    "cause",
    "consumed_before",
    "consumed_after",
    "data",
)
LINE_INSTANTS = ("at", "deadline_before", "deadline_after")
INSTANTS = frozenset({*CASE_INSTANTS, *CLOCK_INSTANTS})


class AftersalesJob(models.Model):
    _inherit = "aftersales.job"

    @api.model
    def _job_kinds(self):
        """Add the check and the rebuilding of mirrors."""
        return {
            **super()._job_kinds(),
            "integrity": JobKind(
                self.env._("Integrity checked"),
                "aftersales.difference",
                "_check_job",
                batch_size=500,
                priority=20,
            ),
            "mirrors": JobKind(
                self.env._("Mirrors rebuilt"),
                "aftersales.difference",
                "_mirror_job",
                batch_size=500,
                priority=20,
            ),
        }


class AftersalesDifference(models.Model):
    """Something stored on a case or a promise that is not what its ledger says.

    A check only reads. Facts are never changed by it: whoever finds that one differs
    looks for what wrote around the engine. Mirrors may be worked out again.
    """

    _name = "aftersales.difference"
    _description = "Difference from the Ledger"
    _order = "case_id, clock_id, id"
    _rec_name = "field_name"

    job_id = fields.Many2one(
        "aftersales.job", required=True, index=True, ondelete="cascade", readonly=True
    )
    company_id = fields.Many2one("res.company", index=True, readonly=True)
    case_id = fields.Many2one(
        "aftersales.case", required=True, index=True, ondelete="cascade", readonly=True
    )
    clock_id = fields.Many2one(
        "aftersales.clock",
        string="Promise",
        index="btree_not_null",
        ondelete="cascade",
        readonly=True,
    )
    kind = fields.Selection(KINDS, required=True, readonly=True)
    field_name = fields.Char(string="Column", required=True, readonly=True)
    field_label = fields.Char(string="What", compute="_compute_words")
    stored = fields.Char(readonly=True, help="What the table says. Times are UTC.")
    replayed = fields.Char(
        string="By the Ledger",
        readonly=True,
        help="What follows from the ledger. Times are UTC.",
    )
    advice = fields.Char(string="What to Do", compute="_compute_words")

    @api.depends_context("lang")
    @api.depends("kind", "field_name", "clock_id")
    def _compute_words(self):
        advice = self._advice()
        for difference in self:
            model = "aftersales.clock" if difference.clock_id else "aftersales.case"
            field = self.env[model]._fields.get(difference.field_name)
            difference.field_label = (
                field._description_string(self.env)
                if field
                else self.env._("The ledger itself")
            )
            difference.advice = advice.get(difference.kind)

    @api.model
    def _advice(self):
        return {
            "fact": self.env._(
                "It was written around the service. Find out by what, and correct it."
            ),
            "plan": self.env._(
                "Its hours changed without it. Change and save the hours once more."
            ),
            "mirror": self.env._("“Rebuild Mirrors” works it out again."),
            "ledger": self.env._(
                "A line of the history is missing or was changed. Compare with a "
                "backup."
            ),
        }

    # Actions --------------------------------------------------------------------

    @api.model
    def action_check(self):
        """Check all cases of the current company in the background.

        :raise AccessError: for whoever manages no after-sales service
        """
        self._check_manager()
        self._enqueue_check(self.env.company)
        return self._told(
            self.env._(
                "The check runs in the background. Its result is told on the page "
                "“Health”."
            )
        )

    @api.model
    def action_rebuild_mirrors(self):
        """Work out again what only mirrors the ledger and the clocks.

        :raise AccessError: for whoever manages no after-sales service
        """
        self._check_manager()
        company = self.env.company
        self.env["aftersales.job"]._enqueue(
            "mirrors", dedup_key=str(company.id), company=company
        )
        return self._told(
            self.env._(
                "The mirrors are rebuilt in the background, and checked afterwards."
            )
        )

    def action_open_case(self):
        """Open the case."""
        return self.case_id._get_records_action()

    @api.model
    def _told(self, message):
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {"type": "info", "message": message},
        }

    @api.model
    def _check_manager(self):
        manager = "aftersales_service.group_aftersales_manager"
        if not self.env.su and not self.env.user.has_group(manager):
            raise AccessError(
                self.env._("Only managers of the after-sales service may do this.")
            )

    # Job ------------------------------------------------------------------------

    @api.model
    @system_only
    def _cron_check(self):
        """Queue the weekly check of every company."""
        everything = [("active", "in", (True, False))]
        for company in self.env["aftersales.team"].search(everything).company_id:
            self._enqueue_check(company)

    @api.model
    def _enqueue_check(self, company):
        return self.env["aftersales.job"]._enqueue(
            "integrity", dedup_key=str(company.id), company=company
        )

    @api.model
    def _last_check(self, company):
        """Return the last finished check of a company, as superuser."""
        return (
            self.env["aftersales.job"]
            .sudo()
            .search(
                [
                    ("kind", "=", "integrity"),
                    ("state", "=", "done"),
                    ("company_id", "=", company.id),
                ],
                order="finished_at desc, id desc",
                limit=1,
            )
        )

    @api.model
    def _check_job_count(self, job):
        """Return how many cases there are to check."""
        cases = self.env["aftersales.case"].with_context(active_test=False)
        return cases.search_count([("company_id", "=", job.company_id.id)])

    @api.model
    def _check_job_next(self, job, after, limit):
        """Return the ids of the next cases; nothing is locked, a check only reads."""
        return self._next_cases(job, after, limit, SQL())

    @api.model
    def _next_cases(self, job, after, limit, lock):
        rows = self.env.execute_query(
            SQL(
                "SELECT id FROM aftersales_case WHERE company_id = %s AND id > %s"
                " ORDER BY id LIMIT %s %s",
                job.company_id.id,
                after,
                limit,
                lock,
            )
        )
        return [row[0] for row in rows]

    @api.model
    def _check_job_work(self, job, ids):
        """Check cases, and store what differs.

        :return: dict: how many cases, clocks and differences there were
        """
        last = self._last_check(job.company_id)
        found, clocks = self._check_cases(ids, since=last.started_at)
        room = MAX_DIFFERENCES - (job.result or {}).get("differences", 0)
        self.search([("job_id", "=", job.id), ("case_id", "in", ids)]).unlink()
        self.create(
            [
                self._prepare_difference(job, *one)
                for one in (found[:room] if room > 0 else ())
            ]
        )
        return {"cases": len(ids), "clocks": clocks, "differences": len(found)}

    @api.model
    def _check_job_finish(self, job):
        """Forget what earlier checks of the company had found."""
        self.search(
            [("company_id", "=", job.company_id.id), ("job_id", "!=", job.id)]
        ).unlink()

    @api.model
    def _check_job_describe(self, job):
        """Say in a sentence what came of a check."""
        result = defaultdict(int, job.result)
        if result["differences"]:
            return self.env._(
                "%(cases)s cases with %(clocks)s promises were compared with their "
                "ledger: %(differences)s differences. They are listed under "
                "“Integrity”.",
                **{name: result[name] for name in ("cases", "clocks", "differences")},
            )
        return self.env._(
            "%(cases)s cases with %(clocks)s promises agree with their ledger.",
            cases=result["cases"],
            clocks=result["clocks"],
        )

    @api.model
    def _finding_line(self, case_id, clock_id, kind, finding):
        """Return one finding as a line of text, for the command line."""
        stored = _words(finding.field, finding.stored)
        replayed = _words(finding.field, finding.replayed)
        return (
            f"case {case_id} promise {clock_id or '-'} {kind} {finding.field}:"
            f" stored {stored}, by the ledger {replayed}"
        )

    @api.model
    def _prepare_difference(self, job, case_id, clock_id, kind, finding):
        return {
            "job_id": job.id,
            "company_id": job.company_id.id,
            "case_id": case_id,
            "clock_id": clock_id,
            "kind": kind,
            "field_name": finding.field,
            "stored": _words(finding.field, finding.stored),
            "replayed": _words(finding.field, finding.replayed),
        }

    # Check ----------------------------------------------------------------------

    @api.model
    def _check_cases(self, case_ids, since=None):
        """Compare cases and their clocks with their ledger. Reads only.

        :param case_ids: ids of cases
        :param since: ``datetime`` of an earlier check: changes of the ledger that
            maintenance made before it are not told again
        :return: tuple (list of (case id, clock id or None, kind, ``Finding``), number
            of clocks)
        """
        self.env.flush_all()
        case_ids = list(case_ids)
        cases = self._read_cases(case_ids)
        clocks = self._read_clocks(case_ids)
        of_cases, of_clocks = self._read_lines(case_ids, since)
        found = []
        for case_id, case in cases.items():
            mine = clocks.get(case_id, {})
            findings = self._case_findings(case, of_cases[case_id])
            findings += self._mirror_findings(case, mine.values())
            found += [(case_id, None, *finding) for finding in findings]
            for clock_id in mine.keys() | of_clocks[case_id].keys():
                clock = mine.get(clock_id)
                lines = of_clocks[case_id][clock_id]
                findings = self._clock_findings(case, clock, lines)
                shown_id = clock_id if clock else None
                found += [(case_id, shown_id, *finding) for finding in findings]
        found = self._without_deleted(found)
        found += self._plan_findings(clocks)
        return sorted(found, key=lambda one: (one[0], one[1] or 0)), sum(
            map(len, clocks.values())
        )

    @api.model
    def _case_findings(self, case, lines):
        """Return (kind, ``Finding``) of one case."""
        try:
            replayed = replay.replay_case(
                [line for line in lines if line.kind in replay.CASE_KINDS]
            )
        except Exception as error:  # noqa: BLE001
            return [_unreadable(error)]
        kinds = dict.fromkeys(STAMPS, "mirror")
        return [
            *(("ledger", gap) for gap in replayed.gaps),
            *(("ledger", finding) for finding in _maintenance(lines)),
            *(
                (kinds.get(finding.field, "fact"), finding)
                for finding in replay.compare(case, replayed.values)
            ),
        ]

    @api.model
    def _clock_findings(self, case, clock, lines):
        """Return (kind, ``Finding``) of one clock: its row, or None, and its lines."""
        try:
            replayed = replay.replay_clock(lines)
        except Exception as error:  # noqa: BLE001
            return [_unreadable(error)]
        if clock is None:
            return [("ledger", Finding(LEDGER, None, f"clock {lines[0].clock_id}"))]
        values = {**replayed.values, "case_id": case["id"]}
        values["company_id"] = case["company_id"]
        stored = dict(clock)
        for name, fingerprint in (("decision", "decision"), ("snapshot", "rules")):
            expected = values.pop(fingerprint, None)
            if expected and expected != replay.digest(stored[name]):
                values[name] = expected
        return [
            *(("ledger", gap) for gap in replayed.gaps),
            *(("fact", finding) for finding in replay.compare(stored, values)),
        ]

    @api.model
    def _mirror_findings(self, case, clocks):
        """Return (kind, ``Finding``) of what a case mirrors of its clocks."""
        running = [clock for clock in clocks if clock["state"] == "running"]
        expected = {
            mirror: min(filter(None, map(itemgetter(name), running)), default=None)
            for mirror, name in zip(
                CLOCK_MIRRORS, ("deadline", "warning_at"), strict=True
            )
        }
        return [("mirror", finding) for finding in replay.compare(case, expected)]

    @api.model
    def _plan_findings(self, clocks):
        """Return the findings where running clocks are not planned as their hours say
        now. Those that are about to be planned again are left alone."""
        waiting = self._calendars_to_replan()
        checker = self.env["aftersales.clock"].with_context(
            aftersales_schedules=FreshSchedules()
        )
        found = []
        for case_id, mine in clocks.items():
            for clock_id, clock in mine.items():
                if not _is_planned(clock) or clock["calendar_id"] in waiting:
                    continue
                try:
                    schedule = self._schedule_of(checker, clock)
                    findings = replay.plan_findings(clock, schedule)
                except (ArithmeticError, LookupError, TypeError, ValueError):
                    # Its row makes no sense; what is wrong with it is told already.
                    continue
                found += [(case_id, clock_id, "plan", one) for one in findings]
        return found

    @api.model
    def _schedule_of(self, checker, clock):
        if clock["snapshot"]["calendar_mode"] == "always":
            return ALWAYS
        return checker.env["resource.calendar"]._aftersales_schedule_of(
            clock["calendar_id"], clock["company_id"]
        )

    @api.model
    def _calendars_to_replan(self):
        rows = self.env.execute_query(
            SQL(
                "SELECT (params->>'calendar_id')::int FROM aftersales_job"
                " WHERE kind = 'replan' AND state IN %s",
                UNFINISHED,
            )
        )
        return {row[0] for row in rows}

    @api.model
    def _without_deleted(self, found):
        """Leave out references that the database has emptied because what they named
        was deleted: a user, or a policy."""
        gone = {
            ("user_id", None): "res.users",
            ("policy_id", True): "aftersales.policy",
        }
        wanted = defaultdict(set)
        for _case_id, clock_id, _kind, finding in found:
            model = gone.get((finding.field, bool(clock_id) or None))
            if model and not finding.stored:
                wanted[model].add(finding.replayed)
        if not wanted:
            return found
        existing = {
            model: set(self.env[model].sudo().browse(ids).exists().ids)
            for model, ids in wanted.items()
        }

        def is_gone(clock_id, finding):
            model = gone.get((finding.field, bool(clock_id) or None))
            known = existing.get(model, ())
            return model and not finding.stored and finding.replayed not in known

        return [one for one in found if not is_gone(one[1], one[3])]

    # Reading --------------------------------------------------------------------

    @api.model
    def _read_cases(self, case_ids):
        """Return {case id: row}, instants in epoch seconds."""
        rows = self.env.execute_query_dict(
            SQL(
                "SELECT id, company_id, %s FROM aftersales_case WHERE id = ANY(%s)"
                " ORDER BY id",
                _columns(CASE_FACTS, CASE_INSTANTS),
                case_ids,
            )
        )
        return {row["id"]: row for row in rows}

    @api.model
    def _read_clocks(self, case_ids):
        """Return {case id: {clock id: row}}, instants in epoch seconds."""
        rows = self.env.execute_query_dict(
            SQL(
                "SELECT id, %s FROM aftersales_clock WHERE case_id = ANY(%s)"
                " ORDER BY case_id, id",
                _columns(CLOCK_FACTS, CLOCK_INSTANTS),
                case_ids,
            )
        )
        return {
            case_id: {row["id"]: row for row in group}
            for case_id, group in groupby(rows, itemgetter("case_id"))
        }

    @api.model
    def _read_lines(self, case_ids, since):
        """Return {case id: [lines of the case]} and {case id: {clock id: [lines of the
        clock]}}, in the order of their ids."""
        rows = self.env.execute_query(
            SQL(
                "SELECT case_id, id, clock_id, %s FROM aftersales_event"
                " WHERE case_id = ANY(%s)"
                " AND (kind <> 'maintenance' OR recorded_at >= %s) ORDER BY id",
                _columns(LINE_COLUMNS, LINE_INSTANTS),
                case_ids,
                since or "-infinity",
            )
        )
        names = ("id", "clock_id", *LINE_COLUMNS, *LINE_INSTANTS)
        of_cases = defaultdict(list)
        of_clocks = defaultdict(lambda: defaultdict(list))
        for case_id, *values in rows:
            line = Line(**dict(zip(names, values, strict=True)))
            if line.clock_id and line.kind in replay.CLOCK_KINDS:
                of_clocks[case_id][line.clock_id].append(line)
            else:
                of_cases[case_id].append(line)
        return of_cases, of_clocks

    # Mirrors --------------------------------------------------------------------

    @api.model
    def _mirror_job_count(self, job):
        """Return how many cases there are."""
        return self._check_job_count(job)

    @api.model
    def _mirror_job_next(self, job, after, limit):
        """Return the ids of the next cases, locked."""
        return self._next_cases(job, after, limit, SQL("FOR NO KEY UPDATE"))

    @api.model
    def _mirror_job_work(self, job, ids):
        """Work out mirrors again.

        :return: dict: how many cases were mended
        """
        return {"mended": self._rebuild_mirrors(ids)}

    @api.model
    def _mirror_job_finish(self, job):
        """Look whether anything else differs."""
        self._enqueue_check(job.company_id)

    @api.model
    def _mirror_job_describe(self, job):
        """Say in a sentence what was mended."""
        return self.env._(
            "The mirrors of %s cases were mended.", job.result.get("mended", 0)
        )

    @api.model
    def _rebuild_mirrors(self, case_ids):
        """Work out again what cases mirror of the ledger and their clocks; no fact is
        touched.

        :return: number of cases mended
        """
        found, _clocks = self._check_cases(case_ids)
        values = defaultdict(dict)
        for case_id, _clock_id, kind, finding in found:
            if kind == "mirror":
                values[case_id][finding.field] = finding.replayed
        for case_id, columns in values.items():
            self.env.cr.execute(
                SQL(
                    "UPDATE aftersales_case SET %s WHERE id = %s",
                    SQL(", ").join(
                        SQL(
                            "%s = %s",
                            SQL.identifier(name),
                            None if value is None else from_epoch(value),
                        )
                        for name, value in columns.items()
                    ),
                    case_id,
                )
            )
        names = [*STAMPS, *CLOCK_MIRRORS]
        cases = self.env["aftersales.case"].browse(values)
        cases.modified(names)
        cases.invalidate_recordset(names, flush=False)
        return len(values)


def _columns(plain, instants):
    """Return columns of a SELECT, instants as epoch seconds."""
    return SQL(", ").join(
        [
            *map(SQL.identifier, plain),
            *(
                SQL("date_part('epoch', %(name)s)::int8 AS %(name)s", name=name)
                for name in map(SQL.identifier, instants)
            ),
        ]
    )


def _is_planned(clock):
    """Whether a row of clocks has a deadline that follows from its hours now."""
    return (
        clock["state"] == "running"
        and clock["outcome"] == "none"
        and not clock["carried_breach"]
        and not clock["error_count"]
    )


def _maintenance(lines):
    """Return a finding for each line of the ledger that was changed by maintenance."""
    return [
        Finding(LEDGER, f"{line.cause} {line.data['line']}", line.data["kind"])
        for line in lines
        if line.kind == "maintenance"
    ]


def _unreadable(error):
    return "ledger", Finding(LEDGER, f"{type(error).__name__}: {error}"[:200], None)


def _words(name, value):
    """Return a value as people read it; instants are UTC."""
    if value is None or value is False or value == "":
        return None
    if name in INSTANTS and isinstance(value, int):
        return from_epoch(value).isoformat(sep=" ")
    return str(value)[:500]
