from odoo import api, models

from ...tools import clock_machine as machine


class AftersalesClock(models.Model):
    """What a promise is based on, as facts for who asks why."""

    _inherit = "aftersales.clock"

    def _explain_facts(self, row, reader, now):
        """Return what the promise is based on, as a list of dicts ``code``, ``label``
        and ``value``; extendable."""
        facts = [
            ("promise", self.env._("Promised"), self._explain_target(row, reader)),
            *self._explain_policy(),
            ("hours", self.env._("Counted in"), self._explain_hours(row, reader)),
            (
                "started",
                self.env._("Counts from"),
                reader.moment(row.clock.started_at),
            ),
            *self._explain_deadline(row, reader),
            *self._explain_use(row, reader, now),
        ]
        return [
            {"code": code, "label": label, "value": value}
            for code, label, value in facts
            if value
        ]

    def _explain_target(self, row, reader):
        clock = row.clock
        if clock.fixed_deadline is not None and not self.is_manual:
            return self.env._("a fixed time, %(at)s", at=reader.moment(clock.deadline))
        time = reader.duration(clock.target_seconds)
        if self._is_around_the_clock():
            return self.env._("within %(time)s around the clock", time=time)
        return self.env._("within %(time)s of service hours", time=time)

    def _explain_hours(self, row, reader):
        if self._is_around_the_clock():
            return self.env._("every hour of every day; holidays count too")
        if not self.calendar_id:
            return ""
        return self.env._(
            "%(hours)s (%(zone)s)",
            hours=self.calendar_id.display_name,
            zone=reader.zone_name(row.values["tz"]),
        )

    def _explain_policy(self):
        """Return the facts about the policy the promise was made by."""
        policy = self.policy_id
        if not policy:
            return []
        name = self.env._(
            "%(policy)s, version %(version)s",
            policy=policy.name,
            version=self.policy_version,
        )
        if policy.version != self.policy_version:
            name = self.env._(
                "%(policy)s, version %(version)s. The policy is at version %(now)s by "
                "now; this promise stays with what it was started with.",
                policy=policy.name,
                version=self.policy_version,
                now=policy.version,
            )
        return [
            ("policy", self.env._("Policy"), name),
            ("conditions", self.env._("Applies to"), self._explain_conditions(policy)),
        ]

    @api.model
    def _explain_conditions(self, policy):
        """Return in words what a policy asks of a case."""
        conditions = [
            self.env._("a further condition")
            if condition["column"] == "domain"
            else self.env._(
                "%(field)s: %(values)s",
                field=condition["label"],
                values=condition["text"],
            )
            for condition in policy._condition_words()
        ]
        return "; ".join(conditions) or self.env._("every case")

    def _explain_deadline(self, row, reader):
        clock = row.clock
        facts = [("deadline", self.env._("Deadline"), reader.moment(clock.deadline))]
        if self.is_manual:
            facts.append(("manual", self.env._("Set by hand"), self._explain_manual()))
        elif clock.fixed_deadline is not None:
            told = self.env._(
                "This time was promised to the customer. It stays as it is."
            )
            facts.append(("told", self.env._("Fixed Time"), told))
        elif clock.floor_at is not None and clock.deadline == clock.floor_at:
            floor = self.env._("Not before %(at)s.", at=reader.moment(clock.floor_at))
            facts.append(("floor", self.env._("Earliest"), floor))
        return facts

    def _explain_manual(self):
        return self.env._(
            "by %(user)s: %(reason)s",
            user=self.manual_user_id.name or self.env._("somebody"),
            reason=self.manual_reason or "",
        )

    def _explain_use(self, row, reader, now):
        """Return the facts about the time used, carried, left and taken."""
        clock = row.clock
        facts = []
        if clock.carried_seconds:
            facts.append(
                (
                    "carried",
                    self.env._("Used before it was reopened"),
                    reader.duration(clock.carried_seconds),
                )
            )
        used = self._explain_used(row, now)
        if clock.fixed_deadline is None or self.is_manual:
            facts.append(
                ("used", self._explain_use_label(clock), reader.duration(used))
            )
        left = clock.target_seconds - used
        # With nothing left an open one is not late: it was not owed yet.
        is_known = left >= 0 or not clock.is_open
        if clock.decided_at is None and clock.fixed_deadline is None and is_known:
            label = self.env._("Left") if left >= 0 else self.env._("Over by")
            facts.append(("left", label, reader.duration(left)))
        if clock.stopped_at is not None:
            facts.append(("took", self.env._("Took"), self._explain_took(reader)))
        return facts

    @api.model
    def _explain_use_label(self, clock):
        """Return until when time was used, where more is shown hour by hour."""
        if clock.decided_at is None:
            return self.env._("Used until now")
        if clock.state != "stopped":
            return self.env._("Used until it was breached")
        return self.env._("Used")

    @api.model
    def _explain_used(self, row, now):
        """Return the seconds of the target used up, of a decided promise as they were
        recorded."""
        decision = row.values["decision"] or {}
        if row.clock.decided_at is not None and "consumed_seconds" in decision:
            return decision["consumed_seconds"]
        until = row.clock.decided_at or max(now, row.clock.started_at)
        return machine.consumed(row.clock, self._schedule(row), until)

    def _explain_took(self, reader):
        return self.env._(
            "%(calendar)s on the calendar, %(business)s in service hours, %(net)s "
            "without pauses",
            calendar=reader.duration(self.calendar_seconds),
            business=reader.duration(self.business_seconds),
            net=reader.duration(self.net_seconds),
        )
