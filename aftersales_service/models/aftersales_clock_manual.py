from odoo import models
from odoo.tools import SQL

from ..tools import clock_machine as machine
from ..tools.business_time import to_epoch


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
        """Let the deadline of these promises follow from their rules again.

        :param str reason: kept on the clock, for who asks why
        """

        def reset(case, cycle, schedule, instant):
            clock = cycle.clock
            cycle.values["is_manual"] = False
            lines = machine.retarget(
                clock,
                schedule,
                schedule,
                instant,
                target_seconds=clock.target_seconds,
                warn_percent=clock.warn_percent,
                steps=clock.steps,
                cause="manual_reset",
            )
            cycle.add(lines)
            case._pause_as_stage(cycle, schedule, instant)

        by_hand = self.filtered("is_manual")
        by_hand._change_by_hand(reset, reason)
        # What changed on the case meanwhile takes effect now.
        cases_sudo = by_hand.sudo().case_id
        cases_sudo._clocks_rematch(cases_sudo._clock_now())

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
                cycles += last.follow(schedule, instant)[1:]
            changed += cycles
        cases_sudo._clocks_store(changed)
