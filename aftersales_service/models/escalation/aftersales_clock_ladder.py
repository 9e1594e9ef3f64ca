from dataclasses import dataclass

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.tools import SQL

from ...tools import clock_machine as machine
from ...tools.business_time import NoWorkingTime, from_epoch, to_epoch


@dataclass(frozen=True)
class DueSteps:
    """What is due of the ladder of one clock."""

    acting: list
    # due earlier than those that act: skipped
    past: list
    # epoch seconds at which the team opens, if further steps wait for it
    waits_until: int | None


@dataclass(frozen=True)
class StepDue:
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
    def _take_due_steps(self, rows, now):
        """Take the steps that are due: of each clock those due last, unless they wait
        for the team to open. What cannot be done is noted on the clock.

        :param list rows: locked rows
        :param int now: epoch seconds
        """
        known = self._known_records(rows)
        clocks = self._records(row.id for row in rows)
        taken, special, failures = [], [], []
        for row in rows:
            due = self._due_steps(row, now)
            steps = self._sort_out(clocks[row.id], due.acting, known)
            plain, with_actions, errors = steps
            special += [(row, step) for step in with_actions]
            failures += [(row, due, error) for error in errors]
            if plain:
                self._take(row, due, plain, now)
                taken += [(row, step) for step in plain]
            elif due.waits_until:
                self._set_next_look(row, now, due.waits_until)
                self._update([row])
        self._store(rows, now)
        done, failed = self._take_one_by_one(special, now, self._due_steps, self._fire)
        # Noted last: what is stored of a clock that could act clears its failures.
        for row, due, error in failures + failed:
            self._record_step_failure(row, due, error, now)
        self._act(self._steps_due(taken + done), now)

    @api.model
    def _records(self, ids):
        """Return {id: clock}, to be read together."""
        return {clock.id: clock for clock in self.browse(dict.fromkeys(ids))}

    @api.model
    def _steps_due(self, taken):
        """Return (cycle, step) pairs as steps_due."""
        clocks = self._records(row.id for row, _step in taken)
        return [StepDue(clocks[row.id], step) for row, step in taken]

    @api.model
    def _due_steps(self, row, now):
        """Return the :class:`DueSteps` steps of a clock.

        While the team is away only urgent steps act; those due after the last of them
        wait, those before it are past.
        """
        schedule = self._schedule(row)
        passed = machine.passed_steps(row.clock, schedule, now)
        opening = self._opening(row, now)
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
            return DueSteps([], [], waits)
        last = ready[-1][0]
        acting = [step for due, step in ready if due == last]
        return DueSteps(acting, [step for due, step in ready if due < last], waits)

    @api.model
    def _opening(self, row, now):
        """Return when the team is there next; now, if it is, or if it never is."""
        try:
            return self._business_schedule(row).next_opening(now)
        except NoWorkingTime:
            return now

    @api.model
    def _take(self, row, due, steps, now):
        """Claim some of the steps that act, and skip those that are past."""
        clock = row.clock
        ladder = clock.steps
        keys = {*clock.steps_done, *(step["key"] for step in (*due.past, *steps))}
        clock.steps = [step for step in ladder if step["key"] in keys]
        _acting, _skipped, lines = machine.take_steps(clock, self._schedule(row), now)
        clock.steps = ladder
        row.add(lines)
        self._set_next_look(row, now, due.waits_until)

    @api.model
    def _set_next_look(self, row, now, opening=None):
        """Set when to look at a clock again: at the next thing after now, or when the
        team opens for steps that wait."""
        dues = [*self._next_dues(row, now), opening]
        row.clock.next_event_at = min(
            (due for due in dues if due is not None), default=None
        )

    @api.model
    def _next_dues(self, row, now):
        """Return the instants after now at which something is due on a clock."""
        clock, schedule = row.clock, self._schedule(row)
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
    def _fire(self, row, due, steps, now):
        """Take steps of one clock, and store that."""
        self._take(row, due, steps, now)
        self._store([row], now)

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
    def _known_records(self, rows):
        """Return the templates and server actions for cases that exist, of all that
        are named: they run as the system, on the ids of cases."""
        wanted = {"mail.template": set(), "ir.actions.server": set()}
        for row in rows:
            for step in row.clock.steps:
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
    def _record_step_failure(self, row, due, error, now):
        """Note that a step failed; the other steps come in time all the same."""
        self._note_failure(row.id, error, [], now)
        soon = [*self._next_dues(row, now), due.waits_until]
        soon = min((at for at in soon if at is not None), default=None)
        if soon is not None:
            ended = row.clock.state == "stopped"
            self.env.cr.execute(
                SQL(
                    "UPDATE aftersales_clock SET %(look)s = LEAST(%(look)s, %(at)s)"
                    " WHERE id = %(id)s",
                    look=SQL.identifier("retry_at" if ended else "next_event_at"),
                    at=from_epoch(soon),
                    id=row.id,
                )
            )

    # Server actions -------------------------------------------------------------

    @api.model
    def _take_one_by_one(self, special, now, due_steps, fire):
        """Take steps with server actions, each apart from the others.

        An action may change this clock and others, so each clock is read again first.

        :param list special: (cycle, step) pairs
        :param due_steps: function of a cycle and an instant: what is :class:`DueSteps`
        :param fire: function that claims and stores, see :meth:`_fire`
        :return: (those that were taken, failures as (cycle, due, error))
        """
        taken, failures = [], []
        for stale, step in special:
            [row] = self._load(SQL("id = %s", stale.id), SQL("FOR NO KEY UPDATE"))
            due = due_steps(row, now)
            if step["key"] not in [one["key"] for one in due.acting]:
                continue
            work = self._claim_and_run(due, step, fire)
            _result, error = self._attempt(work, [row], now)
            if error is None:
                stale.news.append("step_fired")
                taken.append((row, step))
            else:
                failures.append((row, due, error))
        return taken, failures

    @api.model
    def _claim_and_run(self, due, step, fire):
        """Return a function that claims a step of one clock and runs its actions."""

        def work(rows, now):
            fire(rows[0], due, [step], now)
            case_id = rows[0].values["case_id"]
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
        rows = clocks_sudo._load(
            SQL("id = ANY(%s) AND error_count > 0", self.ids),
            SQL("ORDER BY id FOR NO KEY UPDATE"),
        )
        if rows:
            clocks_sudo._tick(rows, now)
            self.sudo().case_id._refresh_clock_mirrors()
        return True
