from collections import defaultdict
from operator import itemgetter

from odoo import api, models
from odoo.tools import SQL

from ...tools import replay
from ...tools.business_time import ALWAYS
from ...tools.replay import LEDGER, Finding
from ..base.aftersales_job import UNFINISHED
from ..base.resource_calendar import FreshSchedules
from .compared_columns import CLOCK_MIRRORS, STAMPS


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


class AftersalesDifference(models.Model):
    """The comparison of cases and promises with what follows from their ledger."""

    _inherit = "aftersales.difference"

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
