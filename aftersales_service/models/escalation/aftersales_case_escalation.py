from collections import defaultdict

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError

MANAGER = "aftersales_service.group_aftersales_manager"


class AftersalesCase(models.Model):
    """Bringing a case before somebody higher."""

    _inherit = "aftersales.case"

    escalation_ids = fields.One2many(
        "aftersales.escalation", "case_id", string="Escalations"
    )
    escalation_count = fields.Integer(compute="_compute_escalation_count")

    @api.depends("escalation_ids")
    def _compute_escalation_count(self):
        groups = self.env["aftersales.escalation"]._read_group(
            [("case_id", "in", self.ids)], ["case_id"], ["__count"]
        )
        counts = {case.id: count for case, count in groups}
        for case in self:
            case.escalation_count = counts.get(case.id, 0)

    # Raise --------------------------------------------------------------------

    def _escalate(self, level, *, at=None, reason=None, clocks=None, by=None):
        """Bring cases before the person of a level; a case that waits there already is
        left alone.

        :param str level: code of a level
        :param at: instant, now when not given
        :param str reason: a person's words
        :param dict clocks: {case id: id of the clock that caused it}
        :param by: ``res.users`` who raises it; nobody for a ladder
        :return: the new ``aftersales.escalation`` records, as superuser
        :raise UserError: when nobody is set for a team on this level or above
        """
        at = at or fields.Datetime.now()
        cases_sudo = self.sudo()
        reached = cases_sudo._people_from_level(level)
        waiting = cases_sudo._levels_waiting()
        values = [
            {
                "case_id": case.id,
                "clock_id": (clocks or {}).get(case.id),
                "cycle": case.cycle,
                "level": reached[case.team_id][1],
                "asked_level": level,
                "user_id": reached[case.team_id][0].id,
                "reason": reason,
                "raised_at": at,
                "raised_by_id": by.id if by else False,
            }
            for case in cases_sudo
            if reached[case.team_id][1] not in waiting[case.id]
        ]
        quiet = self.env["aftersales.escalation"].sudo()
        quiet = quiet.with_context(mail_create_nolog=True, mail_create_nosubscribe=True)
        escalations = quiet.create(values).with_env(quiet.env(context=self.env.context))
        escalations._log("escalated", at)
        escalations._clocks_event("escalated", at)
        escalations._notify_recipients()
        self._notify_changed()
        return escalations

    def _people_from_level(self, level):
        """Return {team: (user, level reached)}."""
        result = {}
        for team in self.team_id:
            result[team] = team._person_from_level(level)
            if not result[team][0]:
                raise UserError(
                    self.env._(
                        "Nobody is set whom cases of the team “%s” can be escalated "
                        "to. Enter people under After-Sales ▸ Configuration ▸ Teams.",
                        team.name,
                    )
                )
        return result

    def _levels_waiting(self):
        """Return {case id: set of levels on which it waits to be acknowledged}."""
        groups = self.env["aftersales.escalation"]._read_group(
            [("case_id", "in", self.ids), ("state", "=", "waiting")],
            ["case_id", "level"],
        )
        result = defaultdict(set)
        for case, level in groups:
            result[case.id].add(level)
        return result

    # By hand ------------------------------------------------------------------

    def _next_escalation_level(self):
        """Return the level a case is escalated to next: one above the highest it was
        in this cycle, not the user's own; None beyond the top."""
        self.ensure_one()
        case_sudo = self.sudo()
        raised = case_sudo.escalation_ids.filtered(
            lambda e: e.cycle == case_sudo.cycle and e.state != "ended"
        )
        levels = list(case_sudo.team_id._LEVEL_FIELDS)
        past = max((levels.index(e.level) for e in raised), default=-1)
        for level in levels[past + 1 :]:
            user, _reached = case_sudo.team_id._person_from_level(level)
            if user != self.env.user:
                return level
        return None

    def _escalate_by_hand(self, level, reason):
        """Escalate as a person: level by level, unless they are a manager.

        :param str level: code of a level
        :param str reason: their words
        :raise UserError: without a reason, or beyond the top
        :raise AccessError: when a level is left out by somebody who is no manager
        """
        self.ensure_one()
        self._refuse_customers()
        self.check_access("write")
        if not (reason or "").strip():
            raise UserError(self.env._("Say why you escalate the case."))
        following = self._next_escalation_level()
        if not following:
            raise UserError(
                self.env._("The case has been escalated to the highest level already.")
            )
        if level != following and not self.env.user.has_group(MANAGER):
            raise AccessError(
                self.env._(
                    "Cases are escalated one level at a time; the next one is: "
                    "%(level)s. Only a manager leaves out a level.",
                    level=dict(self.team_id._escalation_levels())[following],
                )
            )
        return self._escalate(level, reason=reason, by=self.env.user)

    # What ends them -----------------------------------------------------------

    def _clocks_absorb(self, others, at):
        """Who attends to the case that goes on attends to all of them."""
        result = super()._clocks_absorb(others, at)
        others._end_escalations()
        return result

    def _clocks_void(self, at, cause, kinds=None):
        """What is set aside or archived needs nobody's attention."""
        result = super()._clocks_void(at, cause, kinds)
        if kinds is None:
            self._end_escalations()
        return result

    def _on_moved(self, kinds, at):
        """Nor does what is cancelled."""
        result = super()._on_moved(kinds, at)
        self.filtered(lambda case: kinds[case.id][1] == "cancelled")._end_escalations()
        return result

    def _end_escalations(self):
        if self:
            waiting = [("case_id", "in", self.ids), ("state", "=", "waiting")]
            self.env["aftersales.escalation"].sudo().search(waiting)._end()

    # The ladder ---------------------------------------------------------------

    def _clock_targets(self, kinds):
        """A time promised to a customer that no policy knows of has the ladder that
        every new promise has."""
        matched = super()._clock_targets(kinds)
        for found in matched.values():
            for target in found.values():
                if not target["id"]:
                    target["steps"] = [self._default_promise_step()]
        return matched

    @api.model
    def _default_promise_step(self):
        return {"key": "default", "offset": 0, "to": "leader", "activity": {}}

    # Screens ------------------------------------------------------------------

    @api.readonly
    def get_alerts(self):
        """Return what stands above the reply box, as plain data.

        :return: dict with ``escalations`` that wait to be acknowledged
        :raise AccessError: for who may not read the case
        """
        self.ensure_one()
        self._refuse_customers()
        self.check_access("read")
        waiting = self.env["aftersales.escalation"].search(
            [("case_id", "=", self.id), ("state", "=", "waiting")]
        )
        return {"escalations": [escalation._alert() for escalation in waiting]}

    def action_view_escalations(self):
        """Open the escalations of the case."""
        self.ensure_one()
        action = self.env["ir.actions.actions"]._for_xml_id(
            "aftersales_service.aftersales_escalation_action"
        )
        action["domain"] = [("case_id", "=", self.id)]
        action["context"] = {"search_default_waiting": 0}
        return action
