from collections import defaultdict
from dataclasses import dataclass

from odoo import Command, api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.tools import SQL

from ...tools import clock_machine as machine
from ...tools.business_time import NoWorkingTime, from_epoch, to_epoch
from ...tools.stage_kinds import OPEN_KINDS

# Recipients of a step who are people of the team → level from which to look for one.
RECIPIENT_LEVELS = {
    "leader": "1",
    "department_head": "2",
    "manager": "3",
    "management": "4",
}
HIGHEST_PRIORITY = 3


@dataclass(frozen=True)
class Due:
    """What is due of the ladder of one clock."""

    acting: list
    # due earlier than those that act: skipped
    past: list
    # epoch seconds at which the team opens, if further steps wait for it
    waits_until: int | None


@dataclass(frozen=True)
class Rung:
    """A step of the ladder that a promise has come to."""

    clock: object
    step: dict

    @property
    def case(self):
        """The case of the promise."""
        return self.clock.case_id


class AftersalesClock(models.Model):
    """The ladder: what happens as a deadline comes near and passes.

    Steps are claimed first, by a line of the ledger that can exist only once per clock
    and step, then they act, all in one savepoint. Whatever ends the job in between
    undoes both.
    """

    _inherit = "aftersales.clock"

    # Climb ----------------------------------------------------------------------

    @api.model
    def _climb(self, cycles, now):
        """Take the steps that are due: of each clock those due last, unless they wait
        for the team to open. What cannot be done is noted on the clock.

        :param list cycles: locked cycles
        :param int now: epoch seconds
        """
        known = self._known_records(cycles)
        clocks = self._records(cycle.id for cycle in cycles)
        taken, special, failures = [], [], []
        for cycle in cycles:
            due = self._due_steps(cycle, now)
            steps = self._sort_out(clocks[cycle.id], due.acting, known)
            plain, with_actions, errors = steps
            special += [(cycle, step) for step in with_actions]
            failures += [(cycle, due, error) for error in errors]
            if plain:
                self._take(cycle, due, plain, now)
                taken += [(cycle, step) for step in plain]
            elif due.waits_until:
                self._look_again(cycle, now, due.waits_until)
                self._update([cycle])
        self._store(cycles, now)
        done, failed = self._climb_each(special, now, self._due_steps, self._fire)
        # Noted last: what is stored of a clock that could act clears its failures.
        for cycle, due, error in failures + failed:
            self._note_step_failure(cycle, due, error, now)
        self._act(self._rungs(taken + done), now)

    @api.model
    def _records(self, ids):
        """Return {id: clock}, to be read together."""
        return {clock.id: clock for clock in self.browse(dict.fromkeys(ids))}

    @api.model
    def _rungs(self, taken):
        """Return (cycle, step) pairs as rungs."""
        clocks = self._records(cycle.id for cycle, _step in taken)
        return [Rung(clocks[cycle.id], step) for cycle, step in taken]

    @api.model
    def _due_steps(self, cycle, now):
        """Return the :class:`Due` steps of a clock.

        While the team is away only urgent steps act; those due after the last of them
        wait, those before it are past.
        """
        schedule = self._schedule(cycle)
        passed = machine.passed_steps(cycle.clock, schedule, now)
        opening = self._opening(cycle, now)
        wakes = [due for due, step in passed if step.get("urgent")]
        if opening > now:
            last = max(wakes, default=None)
            ready = [
                (due, step)
                for due, step in passed
                if last is not None
                and (due < last or (due == last and step.get("urgent")))
            ]
        else:
            ready = passed
        waits = opening if len(ready) < len(passed) else None
        if not ready:
            return Due([], [], waits)
        last = ready[-1][0]
        acting = [step for due, step in ready if due == last]
        return Due(acting, [step for due, step in ready if due < last], waits)

    @api.model
    def _opening(self, cycle, now):
        """Return when the team is there next; now, if it is, or if it never is."""
        try:
            return self._business_schedule(cycle).next_opening(now)
        except NoWorkingTime:
            return now

    @api.model
    def _take(self, cycle, due, steps, now):
        """Claim some of the steps that act, and skip those that are past."""
        clock = cycle.clock
        ladder = clock.steps
        keys = {*clock.steps_done, *(step["key"] for step in (*due.past, *steps))}
        clock.steps = [step for step in ladder if step["key"] in keys]
        _acting, _skipped, lines = machine.take_steps(clock, self._schedule(cycle), now)
        clock.steps = ladder
        cycle.add(lines)
        self._look_again(cycle, now, due.waits_until)

    @api.model
    def _look_again(self, cycle, now, opening=None):
        """Set when to look at a clock again: at the next thing after now, or when the
        team opens for steps that wait."""
        dues = [*self._next_dues(cycle, now), opening]
        cycle.clock.next_event_at = min(
            (due for due in dues if due is not None), default=None
        )

    @api.model
    def _next_dues(self, cycle, now):
        """Return the instants after now at which something is due on a clock."""
        clock, schedule = cycle.clock, self._schedule(cycle)
        dues = [
            machine.step_due(clock, schedule, step)
            for step in clock.steps
            if step["key"] not in clock.steps_done
        ]
        if clock.is_open:
            dues.append(clock.deadline and clock.deadline + 1)
            dues.append(None if clock.warned_at else clock.warning_at)
        return [due for due in dues if due is not None and due > now]

    @api.model
    def _fire(self, cycle, due, steps, now):
        """Take steps of one clock, and store that."""
        self._take(cycle, due, steps, now)
        self._store([cycle], now)

    # What stands in the way -----------------------------------------------------

    @api.model
    def _sort_out(self, clock, steps, known):
        """Sort steps by how they are taken.

        :param clock: ``aftersales.clock`` record
        :param list steps: those that are due, as the clock copied them
        :param dict known: see :meth:`_known_records`
        :return: (steps that act together, steps with server actions, errors of those
            that cannot be taken)
        """
        plain, special, errors = [], [], []
        for step in steps:
            obstacle = self._obstacle(clock, step, known)
            if obstacle:
                errors.append(UserError(obstacle))
            elif step.get("server_action_ids"):
                special.append(step)
            else:
                plain.append(step)
        return plain, special, errors

    @api.model
    def _known_records(self, cycles):
        """Return the templates and server actions for cases that exist, of all that
        are named: they run as the system, on the ids of cases."""
        wanted = {"mail.template": set(), "ir.actions.server": set()}
        for cycle in cycles:
            for step in cycle.clock.steps:
                mail = step.get("mail") or {}
                wanted["mail.template"].update(filter(None, [mail.get("template_id")]))
                wanted["ir.actions.server"].update(step.get("server_action_ids", ()))
        return {
            model: set(self._for_cases(self.env[model].browse(ids)).ids) if ids else ids
            for model, ids in wanted.items()
        }

    @api.model
    def _for_cases(self, records):
        """Return those templates or server actions that exist and are for cases."""
        model = "model_name" if records._name == "ir.actions.server" else "model"
        return records.exists().filtered(lambda r: r[model] == "aftersales.case")

    @api.model
    def _obstacle(self, clock, step, known):
        """Return why a step cannot be taken, as a sentence, or None. Extendable.

        :param clock: ``aftersales.clock`` record
        :param dict step: as the clock copied it
        :param dict known: see :meth:`_known_records`
        """
        template_id = (step.get("mail") or {}).get("template_id")
        if template_id and template_id not in known["mail.template"]:
            return self.env._(
                "The mail template of a step is gone, or is not for cases any more."
            )
        if set(step.get("server_action_ids", ())) - known["ir.actions.server"]:
            return self.env._(
                "The server action of a step is gone, or is not for cases any more."
            )
        level = step.get("level")
        if level and not clock.case_id.team_id._person_from_level(level)[0]:
            return self.env._(
                "Nobody is set whom cases of the team “%s” can be escalated to.",
                clock.case_id.team_id.name,
            )
        return None

    @api.model
    def _note_step_failure(self, cycle, due, error, now):
        """Note that a step failed; the other steps come in time all the same."""
        self._note_failure(cycle.id, error, [], now)
        soon = [*self._next_dues(cycle, now), due.waits_until]
        soon = min((at for at in soon if at is not None), default=None)
        if soon is not None:
            ended = cycle.clock.state == "stopped"
            self.env.cr.execute(
                SQL(
                    "UPDATE aftersales_clock SET %(look)s = LEAST(%(look)s, %(at)s)"
                    " WHERE id = %(id)s",
                    look=SQL.identifier("retry_at" if ended else "next_event_at"),
                    at=from_epoch(soon),
                    id=cycle.id,
                )
            )

    # Server actions -------------------------------------------------------------

    @api.model
    def _climb_each(self, special, now, due_steps, fire):
        """Take steps with server actions, each apart from the others.

        An action may change this clock and others, so each clock is read again first.

        :param list special: (cycle, step) pairs
        :param due_steps: function of a cycle and an instant: what is :class:`Due`
        :param fire: function that claims and stores, see :meth:`_fire`
        :return: (those that were taken, failures as (cycle, due, error))
        """
        taken, failures = [], []
        for stale, step in special:
            [cycle] = self._load(SQL("id = %s", stale.id), SQL("FOR NO KEY UPDATE"))
            due = due_steps(cycle, now)
            if step["key"] not in [one["key"] for one in due.acting]:
                continue
            work = self._claim_and_run(due, step, fire)
            error = self._attempt([cycle], work, now)
            if error is None:
                stale.news.append("step_fired")
                taken.append((cycle, step))
            else:
                failures.append((cycle, due, error))
        return taken, failures

    @api.model
    def _claim_and_run(self, due, step, fire):
        """Return a function that claims a step of one clock and runs its actions."""

        def work(cycles, now):
            fire(cycles[0], due, [step], now)
            case_id = cycles[0].values["case_id"]
            self._run_server_actions(step["server_action_ids"], case_id)

        return work

    @api.model
    def _run_server_actions(self, action_ids, case_id):
        model = "aftersales.case"
        for action in self.env["ir.actions.server"].browse(action_ids):
            action.with_context(
                active_model=model, active_id=case_id, active_ids=[case_id]
            ).run()
        self.env.flush_all()

    # Act ------------------------------------------------------------------------

    @api.model
    def _act(self, rungs, now):
        """Do what steps say, all of the same kind together. Extendable.

        :param list rungs: :class:`Rung` objects; their claims are stored
        :param int now: epoch seconds
        """
        if not rungs:
            return
        self._act_reassign(rungs)
        self._act_priority(rungs)
        self._act_tags(rungs)
        self._act_notices(rungs)
        self._act_escalate(rungs, now)
        self._act_tell(rungs)

    @api.model
    def _act_reassign(self, rungs):
        """Give cases to others, nobody more than he may have."""
        wanted = {
            rung.case: rung.step["reassign"]
            for rung in rungs
            if "reassign" in rung.step
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
        """Return {user id: number of his open cases}, 0 for the others."""
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
    def _act_priority(self, rungs):
        by_priority = defaultdict(self.env["aftersales.case"].browse)
        for rung in rungs:
            priority = int(rung.case.priority or 0)
            if rung.step.get("priority") and priority < HIGHEST_PRIORITY:
                by_priority[str(priority + 1)] |= rung.case
        for priority, cases in by_priority.items():
            cases.write({"priority": priority})

    @api.model
    def _act_tags(self, rungs):
        by_tags = defaultdict(self.env["aftersales.case"].browse)
        for rung in rungs:
            if rung.step.get("tag_ids"):
                by_tags[tuple(rung.step["tag_ids"])] |= rung.case
        for tag_ids, cases in by_tags.items():
            tags = self.env["aftersales.tag"].browse(tag_ids).exists()
            cases.write({"tag_ids": [Command.link(tag.id) for tag in tags]})

    @api.model
    def _act_notices(self, rungs):
        by_reason = defaultdict(self.browse)
        for rung in rungs:
            if rung.step.get("notice"):
                reason = "missed" if rung.clock.outcome == "breached" else "late"
                by_reason[reason] |= rung.clock
        for reason, clocks in by_reason.items():
            self.env["aftersales.notice"]._prepare(clocks, reason)

    @api.model
    def _act_escalate(self, rungs, now):
        by_level = defaultdict(dict)
        for rung in rungs:
            if level := rung.step.get("level"):
                by_level[level].setdefault(rung.case.id, rung.clock.id)
        for level, clocks in by_level.items():
            cases = self.env["aftersales.case"].browse(clocks)
            cases._escalate(level, at=from_epoch(now), clocks=clocks)

    # The ladder of a chain --------------------------------------------------------

    @api.model
    def _complete(self, cycle, now):
        """Note that a broken promise of a chain, which ended at once because the next
        began, has steps at its deadline left: the job takes them."""
        decided_before = bool(cycle.values.get("decision"))
        result = super()._complete(cycle, now)
        ended_now = machine.follows(cycle.clock) and not decided_before
        if ended_now and self._steps_left_at_deadline(cycle):
            cycle.values.update(owes_steps=True, retry_at=from_epoch(now))
        return result

    @api.model
    def _climb_ended(self, cycles, now):
        """Take the steps at the deadline of broken promises that ended by it: when the
        team is there, and only while the promise that follows is running. So of several
        missed unnoticed only the last is told, and none after an answer.

        :param list cycles: locked cycles
        :param int now: epoch seconds
        """
        known = self._known_records(cycles)
        clocks = self._records(cycle.id for cycle in cycles)
        followed = self._followed_by_running(cycles)
        taken, special, failures = [], [], []
        for cycle in cycles:
            due = self._due_at_end(cycle, now, followed)
            steps = self._sort_out(clocks[cycle.id], due.acting, known)
            plain, with_actions, errors = steps
            self._take_at_end(cycle, due, plain, now)
            taken += [(cycle, step) for step in plain]
            special += [(cycle, step) for step in with_actions]
            failures += [(cycle, due, error) for error in errors]
        self._store_at_end(cycles)
        done, failed = self._climb_each(
            special, now, self._due_at_end, self._fire_at_end
        )
        for cycle, due, error in failures + failed:
            self._note_step_failure(cycle, due, error, now)
        self._act(self._rungs(taken + done), now)

    @api.model
    def _due_at_end(self, cycle, now, followed=None):
        """Return the :class:`Due` steps of a clock that ended when it broke.

        :param followed: ids of the clocks whose next one is running, of all that are
            worked on; looked up when not given
        """
        steps = self._steps_left_at_deadline(cycle)
        if followed is None:
            followed = self._followed_by_running([cycle])
        if cycle.id not in followed:
            return Due([], steps, None)
        opening = self._opening(cycle, now)
        ready = [s for s in steps if opening <= now or s.get("urgent")]
        return Due(ready, [], opening if len(ready) < len(steps) else None)

    @api.model
    def _take_at_end(self, cycle, due, steps, now):
        """Claim some of the steps that act, skip those that are past, and set when to
        look again at what is left."""
        self._claim(cycle, due.past, now, fired=False)
        self._claim(cycle, steps, now, fired=True)
        left = self._steps_left_at_deadline(cycle)
        cycle.values.update(
            owes_steps=bool(left),
            retry_at=from_epoch(due.waits_until or now) if left else None,
        )
        undone = [step for step in due.acting if step in left]
        if not undone and not self._is_to_be_told(cycle):
            cycle.values.update(error_count=0, last_error=None)

    @api.model
    def _store_at_end(self, cycles):
        self._update(cycles)
        self._write_ledger(cycles)
        self._forget_cache()

    @api.model
    def _fire_at_end(self, cycle, due, steps, now):
        """Take steps of one clock that has ended, and store that."""
        self._take_at_end(cycle, due, steps, now)
        self._store_at_end([cycle])

    @api.model
    def _followed_by_running(self, cycles):
        """Return the ids of those cycles whose next one is running."""
        rows = self.env.execute_query(
            SQL(
                """
                SELECT ended.id
                  FROM aftersales_clock ended
                  JOIN aftersales_clock follower
                    ON follower.case_id = ended.case_id
                   AND follower.kind = ended.kind
                   AND follower.subject = ended.subject
                   AND follower.cycle = ended.cycle + 1
                 WHERE ended.id = ANY(%s) AND follower.state = 'running'
                """,
                [cycle.id for cycle in cycles],
            )
        )
        return {row[0] for row in rows}

    @api.model
    def _steps_left_at_deadline(self, cycle):
        return [
            step
            for step in cycle.clock.steps
            if (step.get("offset") == 0 or step.get("percent") == 100)
            and step["key"] not in cycle.clock.steps_done
        ]

    @api.model
    def _claim(self, cycle, steps, now, *, fired):
        """Add the ledger lines of steps that an ended clock takes or skips."""
        clock = cycle.clock
        clock.steps_done = [*clock.steps_done, *(step["key"] for step in steps)]
        cycle.add(
            [
                {
                    "kind": "step_fired" if fired else "step_skipped",
                    "at": now,
                    "cause": step["key"],
                    "deadline_before": clock.deadline,
                    "deadline_after": clock.deadline,
                    "consumed_before": None,
                    "consumed_after": None,
                    "data": {"due": clock.deadline + 1},
                }
                for step in steps
            ]
        )

    # Try again ------------------------------------------------------------------

    def action_retry(self):
        """Try again at once what failed on these promises.

        :raise AccessError: for who is no manager of after-sales
        """
        if not self.env.user.has_group("aftersales_service.group_aftersales_manager"):
            raise AccessError(self.env._("Only a manager tries failed steps again."))
        self.check_access("read")
        clocks_sudo = self.env["aftersales.clock"].sudo()
        now = to_epoch(fields.Datetime.now())
        cycles = clocks_sudo._load(
            SQL("id = ANY(%s) AND error_count > 0", self.ids),
            SQL("ORDER BY id FOR NO KEY UPDATE"),
        )
        if cycles:
            clocks_sudo._tick(cycles, now)
            self.sudo().case_id._refresh_clock_mirrors()
        return True
