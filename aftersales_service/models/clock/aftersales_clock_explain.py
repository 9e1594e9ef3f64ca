"""Why a promise has its deadline."""

from datetime import timedelta

from odoo import api, fields, models
from odoo.tools import SQL

from ...tools import clock_machine as machine
from ...tools.business_time import (
    BREAK,
    CLOSED,
    LEAVE,
    OPEN,
    Span,
    from_epoch,
    to_epoch,
)
from ...tools.words import Reader, selection_label

# Of a long promise so many of its first and last days are shown at once.
FIRST_ROWS = 8
LAST_ROWS = 12
LEDGER_LIMIT = 200


class AftersalesClock(models.Model):
    """“Why this deadline?”, answered interval by interval.

    An open promise is worked out anew. One that has been decided is answered from the
    record frozen at that moment, whatever has become of hours and policy since.
    """

    _inherit = "aftersales.clock"

    @api.readonly
    def get_explanation(self, show_all=False):
        """Return why the promise has its deadline, or why it was decided as it was.

        :param bool show_all: every day of a long promise, not only its first and last
        :return: dict of plain values: ``title``, ``headline``, ``facts`` (with
            ``label`` and ``value``), ``days`` (with ``intervals``, each with ``from``
            and ``to`` in UTC, ``reason``, ``sentence`` and counted ``seconds``),
            ``hidden``, ``counted``, ``sums`` (with ``label`` and ``value``),
            ``changes`` (sentences), ``ledger``, ``zones``, and ``can_set_deadline``
        :raise AccessError: for who may not read the promise
        """
        self.ensure_one()
        self.env["aftersales.case"]._refuse_customers()
        self.check_access("read")
        # Policy and ledger are told to whoever may read the promise.
        clock_sudo = self.sudo()
        explanation = clock_sudo._explanation(to_epoch(fields.Datetime.now()), show_all)
        return {**explanation, "can_set_deadline": self.can_set_deadline}

    def _explanation(self, now, show_all):
        reader = Reader(self.env)
        [cycle] = self._load(SQL("id = %s", self.id), SQL())
        days = self._explain_days(self._explain_spans(cycle, now), reader)
        counted = sum(day["seconds"] for day in days)
        first, hidden, last = _shorten([] if show_all else days)
        return {
            "id": self.id,
            "title": self._explain_title(),
            "state": self.state,
            "outcome": self.outcome,
            "is_frozen": bool(self.decided_at),
            "headline": self._explain_headline(cycle, reader, now),
            "facts": self._explain_facts(cycle, reader, now),
            "days": days if show_all else first,
            "last_days": last,
            "hidden": self._explain_hidden(hidden, reader),
            "counted": counted,
            "sums": self._explain_sums(cycle, reader, counted),
            "changes": self._explain_changes(cycle),
            "ledger": self._explain_ledger(reader),
            "zones": self._explain_zones(cycle, reader),
        }

    def _explain_title(self):
        return self.env._(
            "%(promise)s, %(case)s",
            promise=self._promise_label(),
            case=self.case_id.number or self.case_id.display_name,
        )

    def _promise_label(self):
        """Return what is promised, in the reader's language: of several promises of
        one kind, which; extendable."""
        self.ensure_one()
        if self._is_told():
            topics = dict(self.env["aftersales.policy.target"]._promise_topics())
            topic = topics.get(self.subject, self.subject)
            return self.env._("%(topic)s, told to the customer", topic=topic)
        return self.display_name

    def _is_told(self):
        """Whether it is a time that was told to the customer."""
        self.ensure_one()
        return self.env["aftersales.policy.target"]._clock_kinds()[self.kind].told

    def _pause_words(self):
        """Return why the time stands still, in words; empty while it does not."""
        self.ensure_one()
        if self.state != "paused":
            return ""
        cause = self.pauses[-1][2] if self.pauses else ""
        if cause == "waiting_customer":
            return self.env._("paused, customer's turn")
        if cause == "waiting_third_party":
            return self.env._("paused, third party's turn")
        return self.env._("paused")

    # Intervals ----------------------------------------------------------------

    @api.model
    def _explain_spans(self, cycle, now):
        """Return the time of a promise as a list of ``Span`` without gaps.

        From its start to its deadline, or to the present while it is paused. Of a
        decided one as it was frozen; what is broken and still runs goes on from there
        to the present.

        :param cycle: ``ClockRow``
        :param int now: epoch seconds
        """
        clock, schedule = cycle.clock, self._schedule(cycle)
        frozen = (cycle.values["decision"] or {}).get("spans")
        if clock.decided_at is None or frozen is None:
            until = clock.decided_at or max(clock.deadline or now, clock.started_at)
            if clock.decided_at is None and clock.carried_breach:
                until = max(now, clock.started_at)
            return _merge(machine.explain(clock, schedule, until))
        spans = [Span(*span) for span in frozen]
        if clock.state != "stopped" and now > clock.decided_at:
            later = machine.explain(clock, schedule, now)
            spans += _from(later, clock.decided_at)
        return _merge(spans)

    @api.model
    def _explain_days(self, spans, reader):
        """Return spans as days of the reader. Neighbouring days filled by one and the
        same span are one row."""
        rows = []
        for span in _split_days(spans, reader):
            date = reader.date(span.start)
            if rows and rows[-1]["last"] == date:
                rows[-1]["spans"].append(span)
            else:
                rows.append({"first": date, "last": date, "spans": [span]})
        return [self._explain_day(row, reader) for row in _join_rows(rows, reader)]

    @api.model
    def _explain_day(self, row, reader):
        spans = row["spans"]
        label = reader.day(row["first"])
        if row["first"] != row["last"]:
            label = self.env._(
                "%(first)s to %(last)s", first=label, last=reader.day(row["last"])
            )
        seconds = sum(map(_counted, spans))
        return {
            "label": label,
            "seconds": seconds,
            "words": reader.duration(seconds) if seconds else "",
            "intervals": [
                self._explain_interval(span, reader, _is_full(row, reader))
                for span in spans
            ],
        }

    @api.model
    def _explain_interval(self, span, reader, is_full):
        start, end = reader.time(span.start), reader.time(span.end)
        return {
            "from": fields.Datetime.to_string(from_epoch(span.start)),
            "to": fields.Datetime.to_string(from_epoch(span.end)),
            "range": self.env._("All day")
            if is_full
            else self.env._("%(start)s to %(end)s", start=start, end=end),
            "reason": span.reason,
            "sentence": self._explain_reason(span),
            "seconds": _counted(span),
        }

    @api.model
    def _explain_reason(self, span):
        if span.reason == OPEN:
            return self.env._("Working time")
        if span.reason == BREAK:
            return self.env._("Lunch break")
        if span.reason == CLOSED:
            return self.env._("Closed")
        if span.reason == LEAVE:
            if span.name:
                return self.env._("Holiday: %(name)s", name=span.name)
            return self.env._("Holiday")
        return self._explain_pause(span.name)

    @api.model
    def _explain_pause(self, cause):
        """Return a sentence on why a promise paused; extendable.

        :param str cause: code: usually the kind of stage
        """
        if cause == "waiting_customer":
            return self.env._("Paused: waiting for the customer")
        if cause == "waiting_third_party":
            return self.env._("Paused: waiting for a third party")
        return self.env._("Paused")

    @api.model
    def _explain_hidden(self, days, reader):
        """Return a sentence on the days in the middle that are not shown."""
        if not days:
            return ""
        return self.env._(
            "%(first)s to %(last)s: %(counted)s counted. These days are folded.",
            first=days[0]["label"],
            last=days[-1]["label"],
            counted=reader.duration(sum(day["seconds"] for day in days)),
        )

    def _explain_sums(self, cycle, reader, counted):
        """Return what the time shown adds up to, as a list of dicts ``label`` and
        ``value``: with what was carried over, and until when.

        :param int counted: seconds of the time shown
        """
        clock = cycle.clock
        sums = [(self._explain_until(clock), clock.carried_seconds + counted)]
        if clock.carried_seconds:
            sums.insert(0, (self.env._("Carried over"), clock.carried_seconds))
        return [
            {"label": label, "value": reader.duration(seconds)}
            for label, seconds in sums
        ]

    def _explain_until(self, clock):
        """Return the label of the sum: it says until when time is shown, see
        :meth:`_explain_spans`."""
        if clock.decided_at is not None and clock.state == "stopped":
            return self.env._("Counted altogether")
        at_deadline = clock.decided_at is None and not clock.carried_breach
        if at_deadline and clock.deadline is not None:
            return self.env._("Counted by the deadline")
        return self.env._("Counted until now")

    def _explain_zones(self, cycle, reader):
        """Return a sentence on the zone of the times, and of the hours if it is
        another."""
        zone, tz = reader.zone_name(reader.tz), cycle.values["tz"]
        if self._is_around_the_clock() or not tz or tz == reader.tz:
            return self.env._("All times are %(zone)s.", zone=zone)
        return self.env._(
            "All times are %(zone)s. The service hours are those of %(hours)s.",
            zone=zone,
            hours=reader.zone_name(tz),
        )

    # Sentences ----------------------------------------------------------------

    def _is_around_the_clock(self):
        return self.snapshot.get("calendar_mode") == "always"

    def _explain_headline(self, cycle, reader, now):
        """Return in one sentence where the promise stands."""
        clock = cycle.clock
        if clock.outcome == "met":
            return self.env._("Kept on %(at)s.", at=reader.moment(clock.decided_at))
        if clock.outcome == "breached":
            return self._explain_broken(clock, reader)
        if clock.outcome == "void":
            return self.env._(
                "Ended on %(at)s without being judged: %(cause)s.",
                at=reader.moment(clock.decided_at),
                cause=self._cause_words(clock.void_cause),
            )
        return self._explain_open(cycle, reader, now)

    def _explain_broken(self, clock, reader):
        at = reader.moment(clock.decided_at)
        if clock.breach_cause and clock.breach_cause != "time":
            return self.env._(
                "Broken on %(at)s: %(cause)s, and the new time was over already.",
                at=at,
                cause=self._cause_words(clock.breach_cause),
            )
        if clock.state == "stopped":
            return self.env._(
                "Broken on %(at)s; it ended on %(end)s.",
                at=at,
                end=reader.moment(clock.stopped_at),
            )
        return self.env._("Broken on %(at)s, and still to be done.", at=at)

    def _explain_open(self, cycle, reader, now):
        clock = cycle.clock
        if clock.carried_breach:
            return self.env._(
                "Broken before the case was reopened; it is not counted a second time."
            )
        if clock.state == "paused":
            return self._explain_paused(clock, reader, now)
        if clock.deadline is None:
            return self.env._(
                "There is no working time in these hours, so no deadline can be found."
            )
        if clock.deadline < now:
            return self.env._(
                "It was due on %(at)s and is about to be recorded as broken.",
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
            "carried": self.env._("it had been broken before the case was reopened"),
            "moved": self.env._("the customer was told a new time in time"),
            "reopened": self.env._("the case was reopened"),
            "restarted": self.env._("the case was taken back"),
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
            return self.env._("the case was set aside")
        return words.get(code) or code or ""

    @api.model
    def _event_words(self):
        """Return {code: words} of what can fulfil a promise; extendable together with
        ``aftersales.policy.target._clock_kinds``."""
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

    # Facts --------------------------------------------------------------------

    def _explain_facts(self, cycle, reader, now):
        """Return what the promise rests on, as a list of dicts ``code``, ``label`` and
        ``value``; extendable."""
        facts = [
            ("promise", self.env._("Promised"), self._explain_target(cycle, reader)),
            *self._explain_policy(),
            ("hours", self.env._("Counted in"), self._explain_hours(cycle, reader)),
            (
                "started",
                self.env._("Counts from"),
                reader.moment(cycle.clock.started_at),
            ),
            *self._explain_deadline(cycle, reader),
            *self._explain_use(cycle, reader, now),
        ]
        return [
            {"code": code, "label": label, "value": value}
            for code, label, value in facts
            if value
        ]

    def _explain_target(self, cycle, reader):
        clock = cycle.clock
        if clock.fixed_deadline is not None and not self.is_manual:
            return self.env._("a fixed time, %(at)s", at=reader.moment(clock.deadline))
        time = reader.duration(clock.target_seconds)
        if self._is_around_the_clock():
            return self.env._("within %(time)s around the clock", time=time)
        return self.env._("within %(time)s of service hours", time=time)

    def _explain_hours(self, cycle, reader):
        if self._is_around_the_clock():
            return self.env._("every hour of every day; holidays count too")
        if not self.calendar_id:
            return ""
        return self.env._(
            "%(hours)s (%(zone)s)",
            hours=self.calendar_id.display_name,
            zone=reader.zone_name(cycle.values["tz"]),
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
                "now; this promise keeps what it was started with.",
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

    def _explain_deadline(self, cycle, reader):
        clock = cycle.clock
        facts = [("deadline", self.env._("Deadline"), reader.moment(clock.deadline))]
        if self.is_manual:
            facts.append(("manual", self.env._("Set by hand"), self._explain_manual()))
        elif clock.fixed_deadline is not None:
            told = self.env._("The customer was told this time. It stays as it is.")
            facts.append(("told", self.env._("Told"), told))
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

    def _explain_use(self, cycle, reader, now):
        """Return the facts about the time used, carried, left and taken."""
        clock = cycle.clock
        facts = []
        if clock.carried_seconds:
            facts.append(
                (
                    "carried",
                    self.env._("Carried over"),
                    reader.duration(clock.carried_seconds),
                )
            )
        used = self._explain_used(cycle, now)
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
            return self.env._("Used until it was broken")
        return self.env._("Used")

    @api.model
    def _explain_used(self, cycle, now):
        """Return the seconds of the target used up, of a decided promise as they were
        recorded."""
        decision = cycle.values["decision"] or {}
        if cycle.clock.decided_at is not None and "consumed_seconds" in decision:
            return decision["consumed_seconds"]
        until = cycle.clock.decided_at or max(now, cycle.clock.started_at)
        return machine.consumed(cycle.clock, self._schedule(cycle), until)

    def _explain_took(self, reader):
        return self.env._(
            "%(calendar)s on the calendar, %(business)s in service hours, %(net)s "
            "without pauses",
            calendar=reader.duration(self.calendar_seconds),
            business=reader.duration(self.business_seconds),
            net=reader.duration(self.net_seconds),
        )

    # What would change it -------------------------------------------------------

    def _explain_changes(self, cycle):
        """Return whole sentences on what would change the deadline; extendable."""
        clock = cycle.clock
        if clock.decided_at is not None:
            return self._explain_no_change(clock)
        if clock.carried_breach:
            return []
        if clock.fixed_deadline is not None:
            return self._explain_fixed_changes()
        return [
            *self._explain_pause_changes(cycle),
            *self._explain_rule_changes(cycle),
            *self._explain_end_changes(),
        ]

    def _explain_no_change(self, clock):
        result = [
            self.env._(
                "Nothing changes this any more. It is shown as it was recorded at that "
                "moment; later changes of hours, holidays or policies do not touch it."
            )
        ]
        if clock.outcome == "breached" and clock.state != "stopped":
            result.append(
                self.env._("It stays open until it is done; broken it remains.")
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
                "The customer was told this time: no pause, no holiday and no policy "
                "moves it."
            ),
            self.env._(
                "Telling the customer a new time before this one is over replaces it. "
                "Afterwards it counts as broken."
            ),
        ]

    def _explain_pause_changes(self, cycle):
        pauses = cycle.values["snapshot"]["pauses"]
        if cycle.clock.state == "paused":
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

    def _explain_rule_changes(self, cycle):
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
                "Cancelling the case or setting it aside ends the promise without "
                "judging it."
            )
        )
        return result

    # Ledger ---------------------------------------------------------------------

    def _explain_ledger(self, reader):
        """Return what happened to the promise, oldest first, as it stands in the
        ledger."""
        lines_sudo = (
            self.env["aftersales.event"]
            .sudo()
            .search(
                [("clock_id", "=", self.id)],
                order="at desc, id desc",
                limit=LEDGER_LIMIT,
            )
        )
        cases = self.env["aftersales.case"]
        names = cases._timeline_names(lines_sudo)
        return [
            {
                "id": line.id,
                "at": reader.moment(to_epoch(line.at)),
                "kind": line.kind,
                "what": selection_label(line, "kind"),
                "cause": self._explain_cause(line),
                "who": self._explain_actor(line, names),
                **self._explain_move(line, reader),
            }
            for line in reversed(lines_sudo)
        ]

    @api.model
    def _explain_cause(self, line):
        """Return in words why something happened. Of a step of the ladder the ledger
        names the step itself, which says nothing to people."""
        is_step = line.kind in ("step_fired", "step_skipped")
        return "" if is_step else self._cause_words(line.cause)

    @api.model
    def _explain_actor(self, line, names):
        who = self.env["aftersales.case"]._timeline_actor(line, names)
        return who or selection_label(line, "actor_kind")

    @api.model
    def _explain_move(self, line, reader):
        before, after = (
            reader.moment(at and to_epoch(at))
            for at in (line.deadline_before or None, line.deadline_after or None)
        )
        return {"before": before if before != after else "", "after": after}


# Spans ------------------------------------------------------------------------------


def _counted(span):
    return span.end - span.start if span.reason == OPEN else 0


def _merge(spans):
    """Return sorted spans with equal neighbours joined."""
    merged = []
    for span in spans:
        last = merged[-1] if merged else None
        if last and last.end == span.start and last[2:] == span[2:]:
            merged[-1] = last._replace(end=span.end)
        else:
            merged.append(span)
    return merged


def _from(spans, instant):
    """Return what of spans lies after an instant."""
    return [
        span._replace(start=max(span.start, instant))
        for span in spans
        if span.end > instant
    ]


def _split_days(spans, reader):
    """Yield spans cut at the reader's midnights."""
    for span in spans:
        while span.start < span.end:
            tomorrow = reader.date(span.start) + timedelta(days=1)
            end = min(span.end, max(reader.midnight(tomorrow), span.start + 1))
            yield span._replace(end=end)
            span = span._replace(start=end)


def _join_rows(rows, reader):
    """Return rows with neighbours joined that are days filled by one and the same
    span."""
    joined = []
    for row in rows:
        last = joined[-1] if joined else None
        if last and _is_full(last, reader) and _is_full(row, reader):
            spans = _merge([*last["spans"], *row["spans"]])
            if len(spans) == 1:
                joined[-1] = {**last, "last": row["last"], "spans": spans}
                continue
        joined.append(row)
    return joined


def _is_full(row, reader):
    """Whether one span fills the days of a row from midnight to midnight."""
    [span, *others] = row["spans"]
    end = reader.midnight(row["last"] + timedelta(days=1))
    return not others and (span.start, span.end) == (reader.midnight(row["first"]), end)


def _shorten(rows):
    """Return the first rows, those in the middle to be folded, and the last ones."""
    if len(rows) <= FIRST_ROWS + LAST_ROWS + 1:
        return rows, [], []
    return rows[:FIRST_ROWS], rows[FIRST_ROWS:-LAST_ROWS], rows[-LAST_ROWS:]
