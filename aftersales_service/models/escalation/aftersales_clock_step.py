from collections import defaultdict

from odoo import Command, api, models

from ...tools.business_time import from_epoch
from ...tools.stage_kinds import OPEN_KINDS

# Recipients of a step who are people of the team → level from which to look for one.
RECIPIENT_LEVELS = {
    "leader": "1",
    "department_head": "2",
    "manager": "3",
    "management": "4",
}

HIGHEST_PRIORITY = 3


class AftersalesClock(models.Model):
    """What escalation steps do with cases, all of the same kind together."""

    _inherit = "aftersales.clock"

    @api.model
    def _act(self, steps_due, now):
        """Do what steps say, all of the same kind together. Extendable.

        :param list steps_due: :class:`StepDue` objects; their claims are stored
        :param int now: epoch seconds
        """
        if not steps_due:
            return
        self._act_reassign(steps_due)
        self._act_priority(steps_due)
        self._act_tags(steps_due)
        self._act_notices(steps_due)
        self._act_escalate(steps_due, now)
        self._act_notify(steps_due)

    @api.model
    def _act_reassign(self, steps_due):
        """Give cases to others, nobody more than they may have."""
        wanted = {
            due.case: due.step["reassign"]
            for due in steps_due
            if "reassign" in due.step
        }
        if not wanted:
            return
        candidates = {
            case: self._assignees(case, rule) for case, rule in wanted.items()
        }
        everybody = [u for pool, chain in candidates.values() for u in (*pool, *chain)]
        load = self._open_case_counts(everybody)
        by_user = defaultdict(self.env["aftersales.case"].browse)
        for case, rule in wanted.items():
            user = self._choose_assignee(candidates[case], rule.get("limit"), load)
            if user and user != case.user_id:
                load[user.id] += 1
                by_user[user] |= case
        for user, cases in by_user.items():
            cases.write({"user_id": user.id})

    @api.model
    def _assignees(self, case, rule):
        """Return who may get a case: (people of whom the least busy one is wanted,
        people in the order in which they are wanted after that)."""
        team = case.team_id
        if rule["to"] == "member":
            members = team.member_ids.filtered("active") - case.user_id
            return list(members), self._from_level(team, "1")
        if rule["to"] in RECIPIENT_LEVELS:
            return [], self._from_level(team, RECIPIENT_LEVELS[rule["to"]])
        user = self._named_person(case, rule["to"], rule.get("user_id"))
        return [], [*user.filtered("active"), *self._from_level(team, "1")]

    @api.model
    def _from_level(self, team, level):
        """Return the people of a team from a level on, lowest first, as a list."""
        names = team._LEVEL_FIELDS
        codes = list(names)[list(names).index(level) :]
        return [
            user for code in codes if (user := team[names[code]].filtered("active"))
        ]

    @api.model
    def _open_case_counts(self, users):
        """Return {user id: number of their open cases}, 0 for the others."""
        groups = self.env["aftersales.case"]._read_group(
            [
                ("user_id", "in", [user.id for user in users]),
                ("stage_kind", "in", OPEN_KINDS),
                ("mark", "=", False),
            ],
            ["user_id"],
            ["__count"],
        )
        return defaultdict(int, {user.id: count for user, count in groups})

    @api.model
    def _choose_assignee(self, candidates, limit, load):
        """Return who gets a case, an empty user when all have too many.

        :param candidates: see :meth:`_assignees`
        :param limit: number of open cases from which on nobody gets another; 0: none
        :param dict load: {user id: open cases}
        """
        pool, chain = (
            [user for user in people if not limit or load[user.id] < limit]
            for people in candidates
        )
        if pool:
            return min(pool, key=lambda user: (load[user.id], user.id))
        return chain[0] if chain else self.env["res.users"]

    @api.model
    def _act_priority(self, steps_due):
        by_priority = defaultdict(self.env["aftersales.case"].browse)
        for due in steps_due:
            priority = int(due.case.priority or 0)
            if due.step.get("priority") and priority < HIGHEST_PRIORITY:
                by_priority[str(priority + 1)] |= due.case
        for priority, cases in by_priority.items():
            cases.write({"priority": priority})

    @api.model
    def _act_tags(self, steps_due):
        by_tags = defaultdict(self.env["aftersales.case"].browse)
        for due in steps_due:
            if due.step.get("tag_ids"):
                by_tags[tuple(due.step["tag_ids"])] |= due.case
        for tag_ids, cases in by_tags.items():
            tags = self.env["aftersales.tag"].browse(tag_ids).exists()
            cases.write({"tag_ids": [Command.link(tag.id) for tag in tags]})

    @api.model
    def _act_notices(self, steps_due):
        by_reason = defaultdict(self.browse)
        for due in steps_due:
            if due.step.get("notice"):
                reason = "missed" if due.clock.outcome == "breached" else "late"
                by_reason[reason] |= due.clock
        for reason, clocks in by_reason.items():
            self.env["aftersales.notice"]._prepare(clocks, reason)

    @api.model
    def _act_escalate(self, steps_due, now):
        by_level = defaultdict(dict)
        for due in steps_due:
            if level := due.step.get("level"):
                by_level[level].setdefault(due.case.id, due.clock.id)
        for level, clocks in by_level.items():
            cases = self.env["aftersales.case"].browse(clocks)
            cases._escalate(level, at=from_epoch(now), clocks=clocks)
