from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime

from odoo import fields, models
from odoo.exceptions import UserError

from ...tools.promise_life import is_reopening
from ...tools.stage_kinds import OPEN_KINDS

ALL_OPEN = frozenset(OPEN_KINDS)
# From a kind of stage to the kinds a case may move to. Closing an open case passes
# through ``resolved``; leaving ``resolved`` or ``closed`` for work reopens.
ALLOWED_MOVES = {
    **dict.fromkeys(OPEN_KINDS, ALL_OPEN | {"resolved", "closed", "cancelled"}),
    "resolved": (ALL_OPEN - {"new"}) | {"resolved", "closed"},
    "closed": (ALL_OPEN - {"new"}) | {"closed"},
    "cancelled": {"new", "working", "cancelled"},
}


@dataclass(frozen=True)
class Move:
    """What a transition knows besides the stage. Travels in the context; a context
    that came over RPC holds plain JSON and can never contain one."""

    at: datetime
    cause: str | None = None


class AftersalesCase(models.Model):
    """The stages of a case: one way in, for every hand that moves it."""

    _inherit = "aftersales.case"

    def _transition(self, stage, *, at=None, cause=None):
        """Move the cases to a stage, with all that follows from it.

        It goes through ``write``, as a drag on the board does, so that automated
        actions on the stage see every move. Cases already there stay as they are.

        :param stage: ``aftersales.stage`` record
        :param at: instant of the move, now when not given
        :param str cause: code of what moved it, for the ledger
        :raise UserError: when the stage does not exist or a case may not move there
        """
        move = Move(at or fields.Datetime.now(), cause)
        self.with_context(aftersales_move=move).write({"stage_id": stage.id})

    def _apply_stage(self, stage):
        """Judge and make a move: the one place where a stage changes.

        :param stage: ``aftersales.stage`` record
        """
        move = self.env.context.get("aftersales_move")
        if not isinstance(move, Move):
            move = Move(fields.Datetime.now())
        self = self.with_context(aftersales_move=None)  # noqa: PLW0642
        stage = stage.with_env(self.env)
        cases = self.filtered(lambda case: case.stage_id != stage)
        if not cases:
            return
        cases._check_transition(stage)
        if stage.kind == "closed":
            cases._resolve_before_closing(move.at, move.cause)
        cases._move(stage, move.at, move.cause)

    def _transition_each(self, stage_ids):
        """Move each case to its own stage, one transition per distinct stage.

        :param stage_ids: list of ids, False for cases that stay
        """
        by_stage = defaultdict(self.browse)
        for case, stage_id in zip(self, stage_ids, strict=True):
            if stage_id:
                by_stage[stage_id] |= case
        for stage_id, cases in by_stage.items():
            cases._transition(self.env["aftersales.stage"].browse(stage_id))

    def _check_transition(self, stage):
        for case in self:
            refusals = case._transition_refusals(stage)
            if refusals:
                raise UserError(
                    self.env._(
                        "%(case)s cannot move to “%(stage)s”.\n%(reasons)s",
                        case=case.display_name,
                        stage=stage.name,
                        reasons="\n".join(refusals),
                    )
                )

    def _transition_refusals(self, stage):
        """Return why the case may not move to a stage, as sentences; extendable.

        :param stage: ``aftersales.stage`` record
        :return: list of translated sentences, empty when the move is allowed
        """
        self.ensure_one()
        refusals = []
        if stage.kind not in ALLOWED_MOVES[self.stage_kind]:
            refusals.append(self._forbidden_move_sentence(stage))
        if stage.team_ids and self.team_id not in stage.team_ids:
            refusals.append(
                self.env._("The team “%s” does not use this stage.", self.team_id.name)
            )
        if self._leaves_intake(stage) and not self.partner_id:
            refusals.append(
                self.env._("Choose or create the customer first, then go on.")
            )
        if self.mark:
            refusals.append(self.env._("It is excluded. Restore it with “Undo” first."))
        if self._reopens(stage) and not self._is_reopenable(fields.Datetime.now()):
            refusals.append(
                self.env._(
                    "It was closed more than %s days ago. Open a new case that "
                    "follows this one.",
                    self._reopen_days(),
                )
            )
        if stage.kind == "closed":
            refusals += [
                sentence
                for _code, is_met, sentence in self._closing_conditions()
                if not is_met
            ]
        return refusals

    def _closing_conditions(self):
        """Return what must hold before the case is closed, as a list of (code, whether
        it is met, sentence that says what is missing); extendable."""
        self.ensure_one()
        return []

    def _forbidden_move_sentence(self, stage):
        if self.stage_kind == "cancelled":
            return self.env._("It is cancelled. Resume it first.")
        if stage.kind == "cancelled":
            return self.env._("It is resolved already; only open cases are cancelled.")
        if self.stage_kind == "closed":
            return self.env._("It is closed. Reopen it with “Resume”.")
        return self.env._("It is resolved. Reopen it with “Resume”.")

    def _leaves_intake(self, stage):
        return self.stage_kind == "new" and stage.kind not in ("new", "cancelled")

    def _reopens(self, stage):
        return is_reopening(self.stage_kind, stage.kind)

    def _is_reopenable(self, at):
        """Whether the case may still be reopened at an instant: always while it is
        only resolved, for the team's number of days after it was closed."""
        self.ensure_one()
        if self.stage_kind == "resolved":
            return True
        limit = fields.Datetime.add(self.closed_at, days=self._reopen_days())
        return self.stage_kind == "closed" and at <= limit

    def _reopen_days(self):
        """Return for how many days after it was closed the case may be reopened;
        extendable."""
        self.ensure_one()
        return self.team_id.reopen_days

    def _resolve_before_closing(self, at, cause):
        """Pass open cases through ``resolved``: resolved and closed are two facts."""
        for team, cases in self.filtered("is_open").grouped("team_id").items():
            resolved = self.env["aftersales.stage"]._of_kind("resolved", team)
            if not resolved:
                raise UserError(
                    self.env._(
                        "There is no stage of kind “Resolved”. Create one under "
                        "After-Sales ▸ Configuration ▸ Stages."
                    )
                )
            cases._move(resolved, at, cause)

    def _move(self, stage, at, cause):
        """Write stage, stamps and ledger of moves already judged, then tell it."""
        kinds = {case.id: (case.stage_kind, stage.kind) for case in self}
        reopened = self.filtered(lambda case: case._reopens(stage))
        lines = [
            self._event(
                case,
                "stage_changed",
                at,
                cause=cause,
                data={
                    "from": case.stage_id.id,
                    "to": stage.id,
                    "from_kind": case.stage_kind,
                    "to_kind": stage.kind,
                },
            )
            for case in self
        ]
        self._write_mirror({"stage_id": stage.id, "stage_kind": stage.kind})
        lines += self._write_stage_stamps(stage, at, reopened)
        # Whoever else moves them waits for this, and then begins again: what follows
        # can be done only once, and the second one is not told why.
        self.flush_recordset()
        self.env["aftersales.event"]._append(lines)
        self._on_moved(kinds, at)
        if stage.kind == "resolved":
            self._on_resolved(at)
        elif stage.kind == "closed":
            self._on_closed(at)
        if reopened:
            reopened._on_reopened(at)

    def _follow_team(self):
        """Take cases that changed team out of stages their new team does not use, to
        its stage of the same kind: nothing else changes for them."""
        now = fields.Datetime.now()
        for case in self:
            stage = case.stage_id
            if not stage.team_ids or case.team_id in stage.team_ids:
                continue
            target = case._stage_of_team(stage.kind)
            case._write_mirror({"stage_id": target.id})
            data = {
                "from": stage.id,
                "to": target.id,
                "from_kind": stage.kind,
                "to_kind": target.kind,
            }
            line = self._event(case, "stage_changed", now, cause="team", data=data)
            self.env["aftersales.event"]._append([line])

    def _stage_of_team(self, kind):
        """Return the stage of a kind that the cases' one team uses.

        :raise UserError: when the team has none
        """
        team = self.team_id
        stage = self.env["aftersales.stage"]._of_kind(kind, team)
        if not stage:
            raise UserError(
                self.env._(
                    "The team “%s” has no stage for this. Create one under "
                    "After-Sales ▸ Configuration ▸ Stages.",
                    team.name,
                )
            )
        return stage

    def _write_stage_stamps(self, stage, at, reopened):
        """Stamp the cases and return the ledger lines of what the move means."""
        lines = []
        if stage.kind in ("resolved", "closed"):
            self._write_mirror({f"{stage.kind}_at": at})
            lines += [self._event(case, stage.kind, at) for case in self]
        for case in reopened:
            case._write_mirror(
                {
                    "cycle": case.cycle + 1,
                    "resolved_at": False,
                    "accepted_at": False,
                    "closed_at": False,
                }
            )
            lines.append(self._event(case, "reopened", at, data={"cycle": case.cycle}))
        return lines

    def _on_moved(self, kinds, at):
        """Hook: cases changed stage.

        :param dict kinds: case id → (old kind, new kind)
        :param at: instant of the move
        """

    def _on_resolved(self, at):
        """Hook: cases were resolved, with all that follows from it."""

    def _on_closed(self, at):
        """Hook: cases were closed, with all that follows from it."""

    def _on_reopened(self, at):
        """Hook: cases were taken back to work, with all that follows from it."""

    def _reopen(self, at, cause):
        """Take resolved or closed cases back to work.

        :param at: instant
        :param str cause: code of what reopened it, for the ledger
        """
        for team, cases in self.grouped("team_id").items():
            stage = self.env["aftersales.stage"]._of_kind("working", team)
            cases._transition(stage, at=at, cause=cause)

    # Marks ------------------------------------------------------------------

    def _set_aside(self, mark, reason, *, at=None):
        """Set cases aside: no promise runs, no figure counts them.

        :param str mark: one of ``MARKS``
        :param str reason: why, in a person's words
        """
        at = at or fields.Datetime.now()
        self._write_mirror(
            {
                "mark": mark,
                "mark_reason": reason,
                "marked_by_id": self.env.uid,
                "marked_at": at,
                "acknowledge_at": False,
            }
        )
        self.env["aftersales.event"]._append(
            [self._event(case, "marked", at, cause=mark) for case in self]
        )
        self._on_marked(at)
        self._notify_changed()

    def _on_marked(self, at):
        """Hook: cases were set aside, or taken back; then they have no mark.

        :param at: instant
        """

    def action_undo_mark(self):
        """Take cases back that were set aside by mistake: promises not kept yet run
        again, from their first start."""
        at = fields.Datetime.now()
        marked = self.filtered("mark")
        lines = [self._event(case, "unmarked", at, cause=case.mark) for case in marked]
        marked.check_access("write")
        marked._write_mirror(
            {
                "mark": False,
                "mark_reason": False,
                "marked_by_id": False,
                "marked_at": False,
            }
        )
        self.env["aftersales.event"]._append(lines)
        marked._on_marked(at)
        marked._notify_changed()
        return True

    # Actions ----------------------------------------------------------------

    def _action_move(self, kind):
        for cases in self.grouped("team_id").values():
            cases.write({"stage_id": cases._stage_of_team(kind).id})
        return True

    def action_start(self):
        """Begin work, or take a waiting or resolved case back to work."""
        return self._action_move("working")

    def action_wait_customer(self):
        """Wait for the customer."""
        return self._action_move("waiting_customer")

    def action_wait_third_party(self):
        """Wait for a third party."""
        return self._action_move("waiting_third_party")

    def action_resolve(self):
        """Say that the matter is solved."""
        return self._action_move("resolved")

    def action_close(self):
        """Close the case for good."""
        return self._action_move("closed")

    def action_cancel(self):
        """Cancel the case: its promises are void."""
        return self._action_move("cancelled")
