from collections import defaultdict
from dataclasses import dataclass

from markupsafe import Markup

from odoo import Command, api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.tools import SQL, format_datetime

from ..tools import clock_machine as machine
from ..tools.business_time import NoWorkingTime, from_epoch, to_epoch
from .aftersales_stage import OPEN_KINDS

# More of the same for one person in one go than this becomes one digest.
DIGEST_SIZE = 5
DIGEST_LINKS = 50
# Who is told where a step names somebody who is not set → level from which to look.
_LEVELS = {"leader": "1", "department_head": "2", "manager": "3", "management": "4"}
HIGHEST_PRIORITY = 3
WARNING = "mail.mail_activity_data_warning"


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


@dataclass(frozen=True)
class Word:
    """What one person is to be told of one promise."""

    clock: object
    user: object
    # code of what happened: "late", "breached" or "error"
    code: str
    step: dict
    # label of the recipient who is not set, if it went to another
    instead_of: str | None = None


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
            plain = []
            for step in due.acting:
                obstacle = self._obstacle(clocks[cycle.id], step, known)
                if obstacle:
                    failures.append((cycle, due, UserError(obstacle)))
                elif step.get("server_action_ids"):
                    special.append((cycle, step))
                else:
                    plain.append(step)
            if plain:
                self._take(cycle, due, plain, now)
                taken += [(cycle, step) for step in plain]
            elif due.waits_until:
                self._look_again(cycle, now, due.waits_until)
                self._update([cycle])
        self._store(cycles, now)
        for cycle, due, error in failures:
            self._note_step_failure(cycle, due, error, now)
        taken += self._climb_each(special, now)
        self._act(self._rungs(taken), now)

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

    # What stands in the way -----------------------------------------------------

    @api.model
    def _known_records(self, cycles):
        """Return the templates and server actions that exist, of all that are named."""
        wanted = {"mail.template": set(), "ir.actions.server": set()}
        for cycle in cycles:
            for step in cycle.clock.steps:
                mail = step.get("mail") or {}
                wanted["mail.template"].update(filter(None, [mail.get("template_id")]))
                wanted["ir.actions.server"].update(step.get("server_action_ids", ()))
        return {
            model: set(self.env[model].browse(ids).exists().ids) if ids else ids
            for model, ids in wanted.items()
        }

    @api.model
    def _obstacle(self, clock, step, known):
        """Return why a step cannot be taken, as a sentence, or None. Extendable.

        :param clock: ``aftersales.clock`` record
        :param dict step: as the clock copied it
        :param dict known: see :meth:`_known_records`
        """
        template_id = (step.get("mail") or {}).get("template_id")
        if template_id and template_id not in known["mail.template"]:
            return self.env._("The mail template of a step does not exist any more.")
        if set(step.get("server_action_ids", ())) - known["ir.actions.server"]:
            return self.env._("The server action of a step does not exist any more.")
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
            self.env.cr.execute(
                SQL(
                    "UPDATE aftersales_clock"
                    " SET next_event_at = LEAST(next_event_at, %s) WHERE id = %s",
                    from_epoch(soon),
                    cycle.id,
                )
            )

    # Server actions -------------------------------------------------------------

    @api.model
    def _climb_each(self, special, now):
        """Take steps with server actions, each apart from the others.

        An action may change this clock and others, so each clock is read again first.

        :param list special: (cycle, step) pairs
        :return: those that were taken
        """
        taken = []
        for stale, step in special:
            [cycle] = self._load(SQL("id = %s", stale.id), SQL("FOR NO KEY UPDATE"))
            due = self._due_steps(cycle, now)
            if step["key"] not in [one["key"] for one in due.acting]:
                continue
            error = self._attempt([cycle], self._claim_and_run(due, step), now)
            if error is None:
                stale.news.append("step_fired")
                taken.append((cycle, step))
            else:
                self._note_step_failure(cycle, due, error, now)
        return taken

    @api.model
    def _claim_and_run(self, due, step):
        """Return a function that claims a step of one clock and runs its actions."""

        def work(cycles, now):
            self._take(cycles[0], due, [step], now)
            self._store(cycles, now)
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
        if rule["to"] in _LEVELS:
            return [], self._from_level(team, _LEVELS[rule["to"]])
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

    # Telling people -------------------------------------------------------------

    @api.model
    def _act_tell(self, rungs):
        told = [r for r in rungs if "activity" in r.step or "mail" in r.step]
        words = [word for rung in told for word in self._words(rung)]
        self._plan_activities([word for word in words if "activity" in word.step])
        self._mail([word for word in words if "mail" in word.step])

    @api.model
    def _words(self, rung):
        """Return what is said of a step, one :class:`Word` per person."""
        users, instead_of = self._people(rung.case, rung.step)
        code = "breached" if rung.clock.outcome == "breached" else "late"
        return [Word(rung.clock, user, code, rung.step, instead_of) for user in users]

    @api.model
    def _people(self, case, step):
        """Return whom a step tells: (``res.users``, code of the recipient who is not
        set, if it goes to somebody else).

        Where nobody is set it goes up the levels of the team, else to its leader or to
        the owner of the case.
        """
        to = step.get("to") or "leader"
        team = case.team_id
        leader = team._person_from_level("1")[0]
        if to in _LEVELS:
            user, level = team._person_from_level(_LEVELS[to])
            if user:
                return user, None if level == _LEVELS[to] else to
            return (leader | case.user_id).filtered("active")[:1], to
        named = self._named_person(case, to, step.get("user_id"), step)
        users = named.filtered(lambda user: user.active and not user.share)
        if users:
            return users, None
        return (case.user_id | leader).filtered("active")[:1], to

    @api.model
    def _named_person(self, case, to, user_id, step=None):
        """Return the people of a recipient that is no level of the team."""
        users = self.env["res.users"]
        if to == "assignee":
            return case.user_id
        if to == "salesperson":
            return case.salesperson_id
        if to == "group":
            group = self.env["res.groups"].browse(step.get("group_id") or []).exists()
            company = case.company_id
            return group.all_user_ids.filtered(lambda u: company in u.company_ids)
        return users.browse(user_id or []).exists()

    @api.model
    def _schedule_activities(self, clocks, code):
        """Give the leader of each team, or else the owner of the case, an activity.

        :param clocks: ``aftersales.clock`` records, as superuser
        :param str code: of what happened
        """
        words = []
        for clock in clocks:
            users, instead_of = self._people(clock.case_id, {"to": "leader"})
            words += [Word(clock, user, code, {}, instead_of) for user in users]
        self._plan_activities(words)

    @api.model
    def _on_error(self, clocks):
        """Hook: promises have no deadline, because their hours have no working time.
        The leader has a task."""
        self._schedule_activities(clocks, "error")
        return super()._on_error(clocks)

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
        followed = self._followed_by_running(cycles)
        taken = []
        for cycle in cycles:
            steps = self._steps_left_at_deadline(cycle)
            opening = self._opening(cycle, now)
            if cycle.id in followed:
                steps = [s for s in steps if opening <= now or s.get("urgent")]
                taken += [(cycle, step) for step in steps]
            self._claim(cycle, steps, now, fired=cycle.id in followed)
            waits = bool(self._steps_left_at_deadline(cycle))
            cycle.values.update(
                owes_steps=waits,
                retry_at=from_epoch(opening) if waits else None,
            )
            if not self._is_to_be_told(cycle):
                cycle.values.update(error_count=0, last_error=None)
        self._update(cycles)
        self._write_ledger(cycles)
        self._forget_cache()
        for cycle, step in taken:
            actions = step.get("server_action_ids", ())
            self._run_server_actions(actions, cycle.values["case_id"])
        self._act(self._rungs(taken), now)

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

    # Activities -----------------------------------------------------------------

    @api.model
    def _plan_activities(self, words):
        """Create activities: one per case for each person, for all its promises, or
        one for everything if there are many."""
        by_user = defaultdict(list)
        for word in words:
            by_user[word.user].append(word)
        types = self._existing_types(words)
        values = []
        for user, theirs in by_user.items():
            if len(theirs) > DIGEST_SIZE:
                values.append(self._prepare_digest(user, theirs))
            else:
                values += self._prepare_activities(user, theirs, types)
        self._create_activities(values)

    @api.model
    def _create_activities(self, values):
        """Create activities without a mail for each, and without letting the people
        follow whole cases.

        :return: ``mail.activity`` records, in the order given
        """
        activities = self.env["mail.activity"].sudo()
        if not values:
            return activities
        quiet = {"mail_activity_quick_update": True, "aftersales_tell_only": True}
        return activities.with_context(**quiet).create(values).with_env(activities.env)

    @api.model
    def _prepare_activities(self, user, words, types):
        """Return the values of one activity per case and wording.

        :param set types: ids of the activity types that exist
        """
        model_id = self.env["ir.model"]._get_id("aftersales.case")
        groups = defaultdict(list)
        for word in words:
            wish = word.step.get("activity") or {}
            type_id = wish.get("type_id")
            type_id = type_id if type_id in types else None
            key = (word.clock.case_id, type_id, wish.get("summary"))
            groups[(*key, word.code)].append(word)
        return [
            {
                **self._prepare_activity(user, type_id or WARNING),
                "res_model_id": model_id,
                "res_id": case.id,
                "summary": summary or self._title(user, code, theirs),
                "note": self._activity_note(user, theirs),
            }
            for (case, type_id, summary, code), theirs in groups.items()
        ]

    @api.model
    def _prepare_digest(self, user, words):
        """Return the values of one activity for many promises, with links to cases."""
        cases = self.env["aftersales.case"].union(*(w.clock.case_id for w in words))
        links = [case._get_html_link() for case in cases[:DIGEST_LINKS]]
        env = self.with_context(lang=user.lang).env
        if len(cases) > DIGEST_LINKS:
            links.append(env._("and %s more", len(cases) - DIGEST_LINKS))
        return {
            **self._prepare_activity(user),
            "summary": self._activity_title(env, self._worst(words), len(words)),
            "note": Markup("<br/>").join(links),
        }

    @api.model
    def _worst(self, words):
        """Return the gravest code of some words."""
        codes = {word.code for word in words}
        return next(c for c in ("error", "breached", "late") if c in codes)

    @api.model
    def _prepare_activity(self, user, kind=WARNING):
        """Return the values of an activity of today, without its text.

        :param kind: id or external id of the activity type
        """
        if isinstance(kind, str):
            kind = self.env["ir.model.data"]._xmlid_to_res_id(kind, False)
        return {
            "activity_type_id": kind,
            "user_id": user.id,
            "date_deadline": fields.Date.context_today(self.with_context(tz=user.tz)),
            "automated": True,
        }

    @api.model
    def _existing_types(self, words):
        """Return the ids of the activity types that words wish for and that exist."""
        wishes = (word.step.get("activity") or {} for word in words)
        ids = {wish["type_id"] for wish in wishes if wish.get("type_id")}
        return set(self.env["mail.activity.type"].browse(ids).exists().ids)

    @api.model
    def _activity_title(self, env, code, what):
        """Return what happened, in the language of an environment.

        :param what: the promises in words, or their number
        """
        if code == "error":
            return env._("No working hours for: %s", what)
        if code == "breached":
            return env._("Promise broken: %s", what)
        return env._("Promise at risk: %s", what)

    @api.model
    def _title(self, user, code, words):
        clocks = self.union(*(word.clock for word in words))
        clocks = clocks.with_context(lang=user.lang)
        names = ", ".join(dict.fromkeys(clocks.mapped("display_name")))
        return self._activity_title(clocks.env, code, names)

    @api.model
    def _activity_note(self, user, words):
        """Return who should have been told instead, if anybody, as a sentence."""
        asked = next((word.instead_of for word in words if word.instead_of), None)
        if not asked:
            return False
        env = self.with_context(lang=user.lang).env
        recipients = env["aftersales.policy.step"]._fields["recipient"]
        labels = dict(recipients._description_selection(env))
        return env._(
            "Nobody is set or present as “%s”, so it comes to you.", labels[asked]
        )

    def _escalation_cause(self):
        """Return what happened to the promise, for whom its case is escalated to."""
        self.ensure_one()
        code = "breached" if self.outcome == "breached" else "late"
        return self._activity_title(self.env, code, self.display_name)

    # Mails ----------------------------------------------------------------------

    @api.model
    def _mail(self, words):
        """Send one mail to each person; texts of a template go out one by one, unless
        there are many."""
        by_user = defaultdict(list)
        for word in words:
            by_user[word.user].append(word)
        mails = []
        for user, theirs in by_user.items():
            styled = [word for word in theirs if word.step["mail"].get("template_id")]
            if len(theirs) > DIGEST_SIZE:
                styled = []
            plain = [word for word in theirs if word not in styled]
            if plain:
                mails.append(self._prepare_mail(user, plain))
            mails += self._prepare_template_mails(user, styled)
        self.env["aftersales.case"]._send_to_colleagues(mails)

    @api.model
    def _prepare_mail(self, user, words):
        """Return the mail that tells a person of promises, with a link each."""
        clocks = self.union(*(word.clock for word in words))
        clocks = clocks.with_context(lang=user.lang, tz=user.tz)
        env = clocks.env
        code = self._worst(words)
        case = clocks.case_id
        if len(case) == 1:
            what = ", ".join(dict.fromkeys(clocks.mapped("display_name")))
            title = self._activity_title(env, code, what)
            subject = f"[{case.number}] {title}"
        else:
            subject = self._activity_title(env, code, len(clocks))
        readable = self._readable(case, user)
        rows = [self._mail_row(clock, clock.case_id in readable) for clock in clocks]
        note = self._activity_note(user, words)
        return {
            "user": user,
            "company": clocks.company_id[:1],
            "subject": subject,
            "body": Markup("<p>%s</p><ul>%s</ul>%s")
            % (
                self._activity_title(env, code, len(clocks)),
                Markup("").join(rows),
                Markup("<p>%s</p>") % note if note else "",
            ),
        }

    @api.model
    def _readable(self, cases, user):
        """Return the cases a person may read: of the others he learns the number."""
        theirs = cases.with_user(user)
        if not theirs.has_access("read"):
            return cases.browse()
        return theirs._filtered_access("read").with_env(cases.env)

    def _mail_row(self, clock, readable):
        """Return one promise as an item of a list, in the reader's words."""
        case = clock.case_id
        base = case.get_base_url()
        words = {
            "promise": clock.display_name,
            "time": format_datetime(clock.env, clock.deadline)
            if clock.deadline
            else "",
        }
        due = (
            clock.env._("%(promise)s, due %(time)s", **words)
            if clock.deadline
            else words["promise"]
        )
        name = f"{case.number} {case.name}" if readable else case.number
        return Markup('<li><a href="%s">%s</a><br/>%s</li>') % (
            f"{base}/mail/view?model={case._name}&res_id={case.id}",
            name,
            due,
        )

    @api.model
    def _prepare_template_mails(self, user, words):
        """Return one mail per case, of the text of its step's template."""
        by_template = defaultdict(self.env["aftersales.case"].browse)
        for word in words:
            by_template[word.step["mail"]["template_id"]] |= word.clock.case_id
        mails = []
        for template_id, cases in by_template.items():
            template = self.env["mail.template"].browse(template_id)
            template = template.with_context(lang=user.lang, tz=user.tz)
            options = {"set_lang": user.lang}
            subjects = template._render_field("subject", cases.ids, **options)
            bodies = template._render_field(
                "body_html", cases.ids, options={"post_process": True}, **options
            )
            mails += [
                {
                    "user": user,
                    "company": case.company_id,
                    "subject": subjects[case.id],
                    "body": bodies[case.id],
                }
                for case in cases
            ]
        return mails

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
