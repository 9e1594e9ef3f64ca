from odoo import models
from odoo.tools import SQL

from ...tools import clock_machine as machine
from ...tools.business_time import to_epoch


class AftersalesClock(models.Model):
    """Deadlines set by hand: the act itself. Who may is asked before, see
    ``action_set_deadline``."""

    _inherit = "aftersales.clock"

    def _set_deadline(self, deadline, reason):
        """Set the deadline of these promises by hand. It stands until it is set again
        or back: no pause, holiday or policy moves it. What is decided stays.

        :param deadline: naive UTC ``datetime``, not in the past
        :param str reason: kept on the clock, for who asks why
        """

        def fix(_case, cycle, schedule, instant):
            cycle.values["is_manual"] = True
            cycle.add(
                machine.fix(
                    cycle.clock, schedule, instant, to_epoch(deadline), "manual"
                )
            )

        self._change_by_hand(fix, reason)

    def _reset_deadline(self, reason):
        """Let the deadline of these promises follow from the rules again: those of the
        policy that is chosen now, with the pauses they would have had meanwhile.

        :param str reason: kept on the clock, for who asks why
        """
        by_hand = self.filtered("is_manual")
        cases_sudo = by_hand.sudo().case_id
        now = cases_sudo._clock_now()
        received = {case.id: case.received_at for case in cases_sudo}
        kinds = set(by_hand.mapped("kind"))
        matched = self.env["aftersales.policy"]._match_plain(
            cases_sudo, kinds, received
        )
        rests = cases_sudo._stage_rests(cases_sudo.ids, to_epoch(now))

        def reset(case, cycle, schedule, instant):
            target = matched[case.id].get(cycle.values["kind"])
            theirs = rests.get(case.id, ())
            self._reset_cycle(case, cycle, schedule, instant, target, theirs)

        by_hand._change_by_hand(reset, reason)
        cases_sudo._clocks_rematch(now)

    def _reset_cycle(self, case, cycle, schedule, instant, target, rests):
        """Let one promise follow from its rules again.

        :param target: plain data of the target that is chosen now, or None
        :param rests: see ``_stage_rests``
        """
        clock, values = cycle.clock, cycle.values
        values["is_manual"] = False
        seconds = clock.target_seconds
        if target and target["id"] != values["target_id"]:
            values.update(case._rule_values(target))
            case._complete_cycle(cycle, None)
            seconds = target["target_seconds"]
        known = clock.pauses[-1][1] if clock.pauses else clock.started_at
        missed = [
            (max(low, known), high, stage_kind)
            for low, high, stage_kind in rests
            if high > known and case._rests_in(cycle, stage_kind)
        ]
        lines = machine.retarget(
            clock,
            schedule,
            self.env["aftersales.clock"].sudo()._schedule(cycle),
            instant,
            target_seconds=seconds,
            warn_percent=values["snapshot"]["warn_percent"],
            steps=values["snapshot"].get("steps", []),
            cause="manual_reset",
            rests=missed,
        )
        cycle.add(lines)
        case._pause_as_stage(cycle, schedule, instant)

    def _change_by_hand(self, change, reason):
        """Change the rules of the promises among these that are still open.

        :param change: function of the case, the locked ``Cycle``, its schedule and an
            instant in epoch seconds
        :param str reason: kept on the clock
        """
        cases_sudo = self.sudo().case_id
        instant = to_epoch(cases_sudo._clock_now())
        Clocks = self.env["aftersales.clock"].sudo()
        changed = []
        for cycle in Clocks._load(
            SQL("id = ANY(%s)", list(self.ids)), SQL("ORDER BY id FOR NO KEY UPDATE")
        ):
            schedule = Clocks._schedule(cycle)
            cycles = cycle.settle(schedule, instant)
            last = cycles[-1]
            if last.clock.is_open and last.clock.state != "stopped":
                values = {"manual_reason": reason, "manual_user_id": self.env.uid}
                last.values.update(values)
                last.changed_rules = True
                case = cases_sudo.browse(last.values["case_id"])
                change(case, last, schedule, instant)
                followers = last.follow(schedule, instant)
                case._pause_as_stage(followers[-1], schedule, instant)
                cycles += followers[1:]
            changed += cycles
        cases_sudo._clocks_store(changed)
