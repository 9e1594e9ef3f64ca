from odoo import api, models


class AftersalesClock(models.Model):
    """How a promise says in sentences where it stands, and what would change it."""

    _inherit = "aftersales.clock"

    # Where it stands ------------------------------------------------------------

    def _is_around_the_clock(self):
        return self.snapshot.get("calendar_mode") == "always"

    def _explain_headline(self, row, reader, now):
        """Return in one sentence where the promise stands."""
        clock = row.clock
        if clock.outcome == "met":
            return self.env._("Met on %(at)s.", at=reader.moment(clock.decided_at))
        if clock.outcome == "breached":
            return self._explain_broken(clock, reader)
        if clock.outcome == "void":
            return self.env._(
                "Ended on %(at)s without being judged: %(cause)s.",
                at=reader.moment(clock.decided_at),
                cause=self._cause_words(clock.void_cause),
            )
        return self._explain_open(row, reader, now)

    def _explain_broken(self, clock, reader):
        at = reader.moment(clock.decided_at)
        if clock.breach_cause and clock.breach_cause != "time":
            return self.env._(
                "Breached on %(at)s: %(cause)s, and the new time was over already.",
                at=at,
                cause=self._cause_words(clock.breach_cause),
            )
        if clock.state == "stopped":
            return self.env._(
                "Breached on %(at)s; it ended on %(end)s.",
                at=at,
                end=reader.moment(clock.stopped_at),
            )
        return self.env._("Breached on %(at)s, and still to be done.", at=at)

    def _explain_open(self, row, reader, now):
        clock = row.clock
        if clock.carried_breach:
            return self.env._(
                "Breached before the case was reopened; it is not counted a second "
                "time."
            )
        if clock.state == "paused":
            return self._explain_paused(clock, reader, now)
        if clock.deadline is None:
            return self.env._(
                "There is no working time in these hours, so no deadline can be found."
            )
        if clock.deadline < now:
            return self.env._(
                "It was due on %(at)s and is about to be recorded as breached.",
                at=reader.moment(clock.deadline),
            )
        return self.env._("Due on %(at)s.", at=reader.moment(clock.deadline))

    def _explain_paused(self, clock, reader, now):
        """Return in one sentence why the time of an open promise stands still, and how
        much of it is left."""
        why = self._explain_pause(clock.pauses[-1][2])
        if clock.remaining_seconds > 0:
            return self.env._(
                "%(why)s. %(left)s are left when the time goes on.",
                why=why,
                left=reader.duration(clock.remaining_seconds),
            )
        if clock.floor_at is not None and clock.floor_at > now:
            return self.env._(
                "%(why)s. No time is left: it is due as soon as the time goes on, but "
                "not before %(at)s.",
                why=why,
                at=reader.moment(clock.floor_at),
            )
        return self.env._(
            "%(why)s. No time is left: it is due as soon as the time goes on.", why=why
        )

    @api.model
    def _cause_words(self, code):
        """Return a cause in words, as part of a sentence; extendable.

        :param str code: of a ledger line or clock
        :return: words, or the code itself if nobody knows it
        """
        marks = dict(self.env["aftersales.case"]._fields["mark"].selection)
        words = {
            "time": self.env._("the time ran out"),
            "stage": self.env._("the stage of the case changed"),
            "cancelled": self.env._("the case was cancelled"),
            "archived": self.env._("the case was archived"),
            "merged": self.env._("the case was merged into another"),
            "carried": self.env._("it had been breached before the case was reopened"),
            "moved": self.env._("the customer was promised a new time in time"),
            "reopened": self.env._("the case was reopened"),
            "restarted": self.env._("the case was restored"),
            "calmed": self.env._("the case is no longer urgent"),
            "policy_change": self.env._("another policy or version applies"),
            "policy_version": self.env._("a new version of the policy applies"),
            "policy_archived": self.env._("the policy was archived"),
            "calendar_change": self.env._("hours or holidays changed"),
            "manual": self.env._("a manager set the time"),
            "manual_reset": self.env._("a manager set the time back"),
            "chain": self.env._("nobody had written until then"),
            "early": self.env._("it was fulfilled before it was promised"),
            "waiting_customer": self.env._("we wait for the customer"),
            "waiting_third_party": self.env._("we wait for a third party"),
            "no_working_time": self.env._("there is no working time"),
            **self._event_words(),
        }
        if code in marks:
            return self.env._("the case was excluded")
        return words.get(code) or self._happened_words(code) or code or ""

    @api.model
    def _happened_words(self, code):
        """Return the label of the kind of ledger line that an event is, by its row."""
        kinds = self.env["aftersales.event"]._kinds().values()
        labels = (kind.label for kind in kinds if code in kind.events)
        return next(labels, None)

    @api.model
    def _event_words(self):
        """Return {code: words} of what can fulfil a promise; extendable for events
        that no kind of ledger line names in its row."""
        answered = self.env._("somebody answered the customer")
        confirmed = self.env._("the receipt was confirmed")
        return {
            "reply": answered,
            "human_reply": answered,
            "acknowledged": confirmed,
            "acknowledgement": confirmed,
            "classified": self.env._("the case was classified"),
            "assigned": self.env._("the case was assigned"),
            "work_started": self.env._("work on the case began"),
            "promise_kept": self.env._("what was promised has happened"),
            "escalation_acknowledged": self.env._("the escalation was acknowledged"),
        }

    # What would change it -------------------------------------------------------

    def _explain_changes(self, row):
        """Return whole sentences on what would change the deadline; extendable."""
        clock = row.clock
        if clock.decided_at is not None:
            return self._explain_no_change(clock)
        if clock.carried_breach:
            return []
        if clock.fixed_deadline is not None:
            return self._explain_fixed_changes()
        return [
            *self._explain_pause_changes(row),
            *self._explain_rule_changes(row),
            *self._explain_end_changes(),
        ]

    def _explain_no_change(self, clock):
        result = [
            self.env._(
                "Final: it is shown as it was recorded at that moment; later changes "
                "of hours, holidays or policies do not touch it."
            )
        ]
        if clock.outcome == "breached" and clock.state != "stopped":
            result.append(
                self.env._("It stays open until it is done; breached it remains.")
            )
        return result

    def _explain_fixed_changes(self):
        if self.is_manual:
            return [
                self.env._(
                    "The time was set by hand: no pause, no holiday and no other "
                    "policy moves it."
                ),
                self.env._(
                    "A manager may set another time, or go back to the calculated one; "
                    "both need a reason."
                ),
            ]
        return [
            self.env._(
                "This time was promised to the customer: no pause, no holiday and no "
                "policy moves it."
            ),
            self.env._(
                "Promising a new time before this one is over replaces it. Afterwards "
                "it counts as breached."
            ),
        ]

    def _explain_pause_changes(self, row):
        pauses = row.values["snapshot"]["pauses"]
        if row.clock.state == "paused":
            return [
                self.env._(
                    "The time goes on as soon as the case leaves its present stage."
                )
            ]
        result = []
        if "waiting_customer" in pauses:
            result.append(
                self.env._(
                    "Waiting for the customer stops the time; the deadline moves by "
                    "the working time waited."
                )
            )
        if "waiting_third_party" in pauses:
            result.append(
                self.env._(
                    "Waiting for a third party stops the time; the deadline moves by "
                    "the working time waited."
                )
            )
        if not pauses:
            result.append(self.env._("Waiting for somebody does not stop this time."))
        return result

    def _explain_rule_changes(self, row):
        result = []
        if not self._is_around_the_clock():
            result.append(
                self.env._(
                    "A holiday entered for these hours before it is due would move it "
                    "to a later time."
                )
            )
        if self.policy_id:
            result.append(
                self.env._(
                    "Another team, priority or classification may choose another "
                    "policy; start and pauses stay as they are."
                )
            )
        result.append(
            self.env._("A manager may set another time; that needs a reason.")
        )
        return result

    def _explain_end_changes(self):
        kind = self.env["aftersales.policy.target"]._clock_kinds()[self.kind]
        on_reopen = self.snapshot.get("on_reopen", "carry") if kind.carried else "none"
        result = []
        if on_reopen == "carry":
            result.append(
                self.env._(
                    "If the case is reopened after it was solved, the time used so far "
                    "counts on."
                )
            )
        elif on_reopen == "fresh":
            result.append(
                self.env._(
                    "If the case is reopened after it was solved, the time begins anew."
                )
            )
        result.append(
            self.env._(
                "Cancelling or excluding the case ends the promise without judging it."
            )
        )
        return result
