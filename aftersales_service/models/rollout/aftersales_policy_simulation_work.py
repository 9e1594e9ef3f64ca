from collections import defaultdict

from odoo import api, models
from odoo.tools import SQL

from ...tools import clock_machine as machine
from ...tools.batch_sql import insert_rows
from ...tools.business_time import ALWAYS, from_epoch, to_epoch
from ...tools.policy_simulation import (
    EVENTS,
    FACTS,
    Line,
    Promise,
    Story,
    can_be_reenacted,
)
from ...tools.promise_kind import Facts
from ..base.resource_calendar import FreshSchedules

# Broken promises that are kept to be looked at.
LISTED = 200

OUTCOME_COLUMNS = (
    "case_id",
    "kind",
    "cycle",
    "outcome",
    "net_seconds",
    "started_at",
    "deadline",
    "ended_at",
)

KEPT, BROKEN, OPEN = "kept", "broken", "open"


class AftersalesPolicySimulation(models.Model):
    """How a simulation is worked out: case by case in the background, then summed."""

    _inherit = "aftersales.policy.simulation"

    # The work -------------------------------------------------------------------

    def _of_job(self, job):
        return self.browse(job.params["simulation_id"])

    @api.model
    def _simulation_job_count(self, job):
        """Return how many cases there are; what an earlier run found is dropped."""
        simulation = self._of_job(job)
        simulation._forget_results()
        query = SQL(
            "SELECT count(*) FROM aftersales_case WHERE %s", simulation._cases_sql()
        )
        simulation.case_count = self.env.execute_query(query)[0][0]
        return simulation.case_count

    @api.model
    def _simulation_job_next(self, job, after, limit):
        """Return the ids of the next cases."""
        rows = self.env.execute_query(
            SQL(
                "SELECT id FROM aftersales_case WHERE %s AND id > %s"
                " ORDER BY id LIMIT %s",
                self._of_job(job)._cases_sql(),
                after,
                limit,
            )
        )
        return [row[0] for row in rows]

    def _cases_sql(self):
        """Return the condition on the cases that are looked at: those received in the
        time, not set aside."""
        self.ensure_one()
        condition = SQL(
            "mark IS NULL AND company_id = %s AND received_at > %s"
            " AND received_at <= %s",
            self.company_id.id,
            self.date_from,
            self.date_to,
        )
        if not self.team_id:
            return condition
        return SQL("%s AND team_id = %s", condition, self.team_id.id)

    @api.model
    def _simulation_job_work(self, job, ids):
        """Tell the lines of cases again under the policy, and keep the outcomes."""
        simulation = self._of_job(job).with_context(
            aftersales_schedules=FreshSchedules()
        )
        cases = simulation.env["aftersales.case"].browse(ids)
        received = {case.id: case.received_at for case in cases}
        policy = simulation.policy_id
        kinds = self._simulated_kinds()
        matched = policy._match_plain(cases, kinds, received, drafts=policy)
        concerned = cases.filtered(
            lambda case: any(
                target["policy_id"] == policy.id for target in matched[case.id].values()
            )
        )
        lines = simulation._lines(concerned.ids)
        rows = [
            row
            for case in concerned
            for row in simulation._simulate(case, lines[case.id], matched[case.id])
        ]
        simulation._insert_outcomes(rows)

    @api.model
    def _simulated_kinds(self):
        """Return the codes of the kinds of promises that the ledger alone can tell."""
        events = EVENTS.union(*self._events_of_lines().values())
        kinds = self.env["aftersales.policy.target"]._clock_kinds().items()
        return [
            c for c, kind in kinds if kind.offered and can_be_reenacted(kind, events)
        ]

    @api.model
    def _events_of_lines(self):
        """Return {kind of ledger line: codes of the events it tells of}."""
        kinds = self.env["aftersales.event"]._kinds().items()
        return {code: kind.events for code, kind in kinds if kind.events}

    def _lines(self, case_ids):
        """Return {case id: list of ``Line``} from the ledger."""
        events = self._events_of_lines()
        rows = self.env.execute_query(
            SQL(
                "SELECT case_id, kind, at, recorded_at, cause, data"
                " FROM aftersales_event WHERE case_id = ANY(%s) AND kind = ANY(%s)"
                " ORDER BY case_id, id",
                list(case_ids),
                [*FACTS, *events],
            )
        )
        lines = defaultdict(list)
        for case_id, *columns in rows:
            lines[case_id].append(self._line(*columns, events))
        return lines

    @api.model
    def _line(self, kind, at, recorded_at, cause, data, events):
        """Return a line of the ledger. Promises were judged up to the present when it
        was recorded, or to where history reenacted later had come to."""
        data = data or {}
        now = data.get("told_as_of") or to_epoch(recorded_at)
        return Line(kind, to_epoch(at), now, cause, data, events.get(kind, ()))

    def _simulate(self, case, lines, targets):
        """Return the outcomes of one case as rows of the table.

        :param list lines: its ``Line`` objects
        :param dict targets: {kind: plain data of the target}, of all policies
        """
        promises = {kind: self._promise(case, targets[kind]) for kind in targets}
        moves = (line for line in lines if line.kind == "stage_changed")
        first = next(moves, None)
        stage = first.data["from_kind"] if first else case.stage_kind
        in_person = self.env["aftersales.case"]._channels_that_are("in_person")
        story = Story(promises, in_person, Facts(received_at=0, stage=stage))
        until = to_epoch(self.date_to)
        business = self._hours(case, case.team_id._service_calendar().id)
        return [
            row
            for kind, clocks in story.reenact(lines, until).items()
            if targets[kind]["policy_id"] == self.policy_id.id
            for number, clock in enumerate(clocks, start=1)
            if (row := self._outcome(case, kind, number, clock, business))
        ]

    def _promise(self, case, target):
        columns = case._rule_values(target)
        terms = columns["snapshot"]
        always = target["calendar_mode"] == "always"
        return Promise(
            self.env["aftersales.policy.target"]._clock_kinds()[target["kind"]],
            target["target_seconds"],
            ALWAYS if always else self._hours(case, columns["calendar_id"]),
            terms,
            terms["long_running_seconds"],
        )

    def _hours(self, case, calendar_id):
        return self.env["resource.calendar"]._aftersales_schedule_of(
            calendar_id, case.company_id.id
        )

    @api.model
    def _outcome(self, case, kind, number, clock, business):
        """Return one row, or None for what counts in no figure."""
        if clock.outcome == "none" and clock.is_open and clock.state != "stopped":
            outcome = OPEN
        else:
            outcome = {"met": KEPT, "breached": BROKEN}.get(clock.outcome)
        if outcome is None:
            return None
        until = clock.stopped_at or clock.decided_at
        net = None
        if until is not None:
            net = machine.durations(clock, business, until)[2]
        instants = (clock.started_at, clock.deadline, clock.stopped_at)
        return (
            case.id,
            kind,
            number,
            outcome,
            net,
            *(None if at is None else from_epoch(at) for at in instants),
        )

    def _insert_outcomes(self, rows):
        if not rows:
            return
        columns = dict(zip(OUTCOME_COLUMNS, zip(*rows, strict=True), strict=True))
        columns = {name: list(values) for name, values in columns.items()}
        columns["simulation_id"] = [self.id] * len(rows)
        insert_rows(self.env["aftersales.policy.simulation.outcome"], columns)

    # The result -----------------------------------------------------------------

    @api.model
    def _simulation_job_finish(self, job):
        """Sum up, beside what really happened, and keep the first broken promises."""
        simulation = self._of_job(job)
        simulation.line_ids.unlink()
        simulated = simulation._sums(simulation._simulated_sql())
        real = simulation._sums(simulation._real_sql())
        self.env["aftersales.policy.simulation.line"].create(
            [
                {
                    "simulation_id": simulation.id,
                    "kind": kind,
                    **sums,
                    **{
                        f"real_{name}": value
                        for name, value in real.get(kind, {}).items()
                        if name != "case_count"
                    },
                }
                for kind, sums in simulated.items()
            ]
        )
        simulation._keep_first_broken()
        simulation.is_done = True

    def _simulated_sql(self):
        return SQL(
            "SELECT case_id, kind, outcome, net_seconds"
            " FROM aftersales_policy_simulation_outcome WHERE simulation_id = %s",
            self.id,
        )

    def _real_sql(self):
        """Return the real promises of the same kinds to the same cases."""
        return SQL(
            """
            SELECT clock.case_id, clock.kind, clock.net_seconds,
                   CASE WHEN clock.outcome = 'met' THEN 'kept'
                        WHEN clock.outcome = 'breached' THEN 'broken'
                        ELSE 'open' END AS outcome
              FROM aftersales_clock clock
              JOIN (SELECT DISTINCT case_id, kind
                      FROM aftersales_policy_simulation_outcome
                     WHERE simulation_id = %s) simulated
                ON simulated.case_id = clock.case_id AND simulated.kind = clock.kind
             WHERE clock.outcome IN ('met', 'breached')
                OR (clock.outcome = 'none' AND clock.state <> 'stopped'
                    AND clock.carried_breach IS NOT TRUE)
            """,
            self.id,
        )

    def _sums(self, rows):
        """Return {kind: the figures}, of rows with case, kind, outcome and seconds."""
        found = self.env.execute_query_dict(
            SQL(
                """
                SELECT kind, count(DISTINCT case_id) AS case_count,
                       count(*) FILTER (WHERE outcome = 'kept') AS kept_count,
                       count(*) FILTER (WHERE outcome = 'broken') AS broken_count,
                       count(*) FILTER (WHERE outcome = 'open') AS open_count,
                       percentile_disc(0.5) WITHIN GROUP (ORDER BY net_seconds)
                           FILTER (WHERE outcome <> 'open') AS median_seconds,
                       percentile_disc(0.9) WITHIN GROUP (ORDER BY net_seconds)
                           FILTER (WHERE outcome <> 'open') AS p90_seconds
                  FROM (%s) AS promise GROUP BY kind
                """,
                rows,
            )
        )
        return {row.pop("kind"): row for row in found}

    def _keep_first_broken(self):
        self.env.cr.execute(
            SQL(
                "UPDATE aftersales_policy_simulation_outcome SET is_listed = true"
                " WHERE id IN (SELECT id FROM aftersales_policy_simulation_outcome"
                " WHERE simulation_id = %s AND outcome = 'broken'"
                " ORDER BY deadline, id LIMIT %s)",
                self.id,
                LISTED,
            )
        )
        self._delete_outcomes(SQL("is_listed IS NOT TRUE"))

    @api.model
    def _simulation_job_describe(self, job):
        """Say how much would have been kept."""
        simulation = self._of_job(job).exists()
        return "\n".join(
            self.env._(
                "%(promise)s: %(percent)s %% met",
                promise=line.display_name,
                percent=round(line.attainment, 1),
            )
            for line in simulation.line_ids
            if line.kept_count + line.broken_count
        )
