"""The table of kinds: what starts a promise, what fulfils it, how it repeats."""

from odoo import api, models

from ...tools import promise_kind as rules
from ...tools.promise_kind import ClockKind


class AftersalesPolicyTarget(models.Model):
    """The kinds of promises there are."""

    _inherit = "aftersales.policy.target"

    @api.model
    def _clock_kinds(self):
        """Return the kinds of promises there are, as {code: ClockKind}; extendable.

        Whoever notices an event tells it to the case's ``_clocks_event``. An addon that
        makes the events of a kind which is not offered yet offers it.
        """
        later = {
            **self._clock_kinds_of_departments(),
            **self._clock_kinds_of_complaints(),
            **self._clock_kinds_of_goods(),
        }
        return {
            **self._clock_kinds_of_answers(),
            **self._clock_kinds_of_solutions(),
            **self._clock_kinds_of_work(),
            **{code: rule._replace(offered=False) for code, rule in later.items()},
        }

    @api.model
    def _clock_kinds_of_answers(self):
        """Return the kinds of promises about our words to the customer."""
        return {
            # from the customer's first contact to any confirmation of receipt
            "acknowledgement": ClockKind(
                self.env._("Acknowledgement"),
                starts=("received_from_afar",),
                met_by=("acknowledged", "reply"),
                still_owed=rules.owed_unconfirmed,
            ),
            # from the customer's first contact to the first answer of a person
            "first_response": ClockKind(
                self.env._("First answer"),
                starts=("received",),
                met_by=("reply",),
                portal="_portal_answer_sentence",
                met_if=(("acknowledged", "ack_counts"),),
                waits=True,
                wanted=rules.until_answered,
                still_owed=rules.owed_unanswered,
            ),
            # from the oldest message without an answer to the answer of a person
            "next_response": ClockKind(
                self.env._("Next answer"),
                starts=("customer_message",),
                met_by=("reply",),
                met_by_stages=("resolved",),
                repeats="again",
                waits=True,
                wanted=rules.while_waiting,
                still_owed=rules.owed_without_reply,
                may_begin=rules.after_first("first_response"),
            ),
            # from our last word to the customer to the next one
            "update": ClockKind(
                self.env._("Progress update"),
                starts=("reply",),
                met_by=("reply",),
                met_by_stages=("resolved",),
                pausable=True,
                repeats="chain",
                wanted=rules.after_our_word,
                still_owed=rules.owed_since_last_word,
            ),
        }

    @api.model
    def _clock_kinds_of_work(self):
        """Return the kinds of promises about who takes up a case, and when."""
        return {
            "classification": ClockKind(
                self.env._("Classification"),
                starts=("received",),
                met_by=("classified",),
                wanted=rules.until_classified,
                still_owed=rules.owed_unclassified,
            ),
            # from receipt, or from the loss of the owner, until there is one
            "assignment": ClockKind(
                self.env._("Assignment"),
                starts=("received_by_nobody", "owner_lost"),
                met_by=("assigned",),
                repeats="again",
                wanted=rules.until_owned,
                still_owed=rules.owed_unowned,
            ),
            # from the moment a case is special or urgent to the owner's first act
            "start_work": ClockKind(
                self.env._("Start of work"),
                starts=("flagged",),
                met_by=("work_started",),
                repeats="again",
                void_by=("calmed",),
            ),
            "escalation_ack": ClockKind(
                self.env._("Escalation acknowledged"),
                starts=("escalated",),
                met_by=("escalation_acknowledged",),
                per_subject=True,
            ),
        }

    @api.model
    def _clock_kinds_of_solutions(self):
        """Return the kinds of promises about what the customer is to get."""
        return {
            # from the telling of a time to a customer to what was promised
            "promise": ClockKind(
                self.env._("Promised time"),
                starts=("promised",),
                met_by=("promise_kept",),
                met_by_stages=("resolved",),
                repeats="moved",
                per_subject=True,
                stage_subjects=("solution",),
                portal="_portal_promised_sentence",
                is_promised_time=True,
            ),
            # from the customer's first contact to the stage "resolved"
            "resolution": ClockKind(
                self.env._("Solution"),
                starts=("received",),
                met_by_stages=("resolved",),
                pausable=True,
                carried=True,
                portal="_portal_solution_sentence",
                wanted=rules.from_receipt,
            ),
            # the same, without the time in which others have to act
            "work": ClockKind(
                self.env._("Working time to the solution"),
                starts=("received",),
                met_by_stages=("resolved",),
                pausable=True,
                carried=True,
                wanted=rules.from_receipt,
            ),
        }

    @api.model
    def _clock_kinds_of_departments(self):
        """Return the kinds of promises about what others contribute."""
        return {
            "triage": ClockKind(
                self.env._("Hand-over or solution begun"),
                starts=("first_reply",),
                met_by=("transfer_sent", "solution_begun"),
            ),
            # a hand-over that bounces is no answer: its time goes on
            "transfer": ClockKind(
                self.env._("Answer of the department"),
                starts=("transfer_sent",),
                met_by=("transfer_answered",),
                pausable=True,
                repeats="again",
                per_subject=True,
            ),
            "solution": ClockKind(
                self.env._("Proposed solution"),
                starts=("solution_due",),
                met_by=("solution_sent",),
                pausable=True,
            ),
            "solution_delivery": ClockKind(
                self.env._("Solution passed on"),
                starts=("solution_reviewed",),
                met_by=("solution_sent",),
                per_subject=True,
            ),
            "call_note": ClockKind(
                self.env._("Note of the call"),
                starts=("call_ended",),
                met_by=("call_noted",),
                per_subject=True,
            ),
        }

    @api.model
    def _clock_kinds_of_complaints(self):
        """Return the kinds of promises about complaints."""
        return {
            "unit_feedback": ClockKind(
                self.env._("Unit informed"),
                starts=("complaint_received",),
                met_by=("unit_informed",),
            ),
            "investigation": ClockKind(
                self.env._("Investigation"),
                starts=("complaint_received",),
                met_by=("investigated",),
            ),
            "plan": ClockKind(
                self.env._("Agreed plan"),
                starts=("complaint_received",),
                met_by=("plan_agreed",),
            ),
            "complaint_result": ClockKind(
                self.env._("Result of the complaint"),
                starts=("complaint_received",),
                met_by=("result_told",),
                pausable=True,
                carried=True,
            ),
        }

    @api.model
    def _clock_kinds_of_goods(self):
        """Return the kinds of promises about returns, refunds and repairs."""

        def kind(label, starts, met_by, pausable=False):
            return ClockKind(
                label,
                starts=(starts,),
                met_by=(met_by,),
                pausable=pausable,
                per_subject=True,
            )

        return {
            "decision": kind(
                self.env._("Decision"), "requested", "decided", pausable=True
            ),
            "inspection": kind(self.env._("Inspection"), "goods_received", "graded"),
            "refund": kind(self.env._("Refund"), "refund_due", "credit_posted"),
            "reship": kind(
                self.env._("Replacement"), "reship_due", "replacement_delivered"
            ),
            "repair_turnaround": kind(
                self.env._("Repair"), "repair_received", "repair_ready", pausable=True
            ),
            "repair_notice": kind(
                self.env._("Notice of the repair"), "repair_done", "repair_told"
            ),
        }

    @api.model
    def _selection_kind(self):
        """Return the kinds that policies can promise."""
        kinds = self._clock_kinds().items()
        return [(code, kind.label) for code, kind in kinds if kind.offered]

    @api.model
    def _promise_topics(self):
        """Return what a time can be promised for, as a list of code and label;
        extendable together with ``aftersales.case._promise_sentence``."""
        return [
            ("solution", self.env._("Solution")),
            ("callback", self.env._("Callback")),
            ("visit", self.env._("Visit")),
        ]
