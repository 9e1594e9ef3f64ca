"""Why a promise has its deadline."""

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
from ...tools.explained_days import (
    counted_seconds,
    from_instant,
    is_full_day,
    joined_rows,
    merged,
    shortened,
    split_days,
)
from ...tools.words import Reader, selection_label

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
        [row] = self._load(SQL("id = %s", self.id), SQL())
        days = self._explain_days(self._explain_spans(row, now), reader)
        counted = sum(day["seconds"] for day in days)
        first, hidden, last = shortened([] if show_all else days)
        return {
            "id": self.id,
            "title": self._explain_title(),
            "state": self.state,
            "outcome": self.outcome,
            "is_frozen": bool(self.decided_at),
            "headline": self._explain_headline(row, reader, now),
            "facts": self._explain_facts(row, reader, now),
            "days": days if show_all else first,
            "last_days": last,
            "hidden": self._explain_hidden(hidden, reader),
            "counted": counted,
            "sums": self._explain_sums(row, reader, counted),
            "changes": self._explain_changes(row),
            "ledger": self._explain_ledger(reader),
            "zones": self._explain_zones(row, reader),
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
        if self._is_promised_time():
            topics = dict(self.env["aftersales.policy.target"]._promise_topics())
            topic = topics.get(self.subject, self.subject)
            return self.env._("%(topic)s, promised to the customer", topic=topic)
        return self.display_name

    def _is_promised_time(self):
        """Whether it is a time that was promised to the customer."""
        self.ensure_one()
        return (
            self.env["aftersales.policy.target"]
            ._clock_kinds()[self.kind]
            .is_promised_time
        )

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
    def _explain_spans(self, row, now):
        """Return the time of a promise as a list of ``Span`` without gaps.

        From its start to its deadline, or to the present while it is paused. Of a
        decided one as it was frozen; what is broken and still runs goes on from there
        to the present.

        :param row: ``ClockRow``
        :param int now: epoch seconds
        """
        clock, schedule = row.clock, self._schedule(row)
        frozen = (row.values["decision"] or {}).get("spans")
        if clock.decided_at is None or frozen is None:
            until = clock.decided_at or max(clock.deadline or now, clock.started_at)
            if clock.decided_at is None and clock.carried_breach:
                until = max(now, clock.started_at)
            return merged(machine.explain(clock, schedule, until))
        spans = [Span(*span) for span in frozen]
        if clock.state != "stopped" and now > clock.decided_at:
            later = machine.explain(clock, schedule, now)
            spans += from_instant(later, clock.decided_at)
        return merged(spans)

    @api.model
    def _explain_days(self, spans, reader):
        """Return spans as days of the reader. Neighbouring days filled by one and the
        same span are one row."""
        rows = []
        for span in split_days(spans, reader):
            date = reader.date(span.start)
            if rows and rows[-1]["last"] == date:
                rows[-1]["spans"].append(span)
            else:
                rows.append({"first": date, "last": date, "spans": [span]})
        return [self._explain_day(row, reader) for row in joined_rows(rows, reader)]

    @api.model
    def _explain_day(self, row, reader):
        spans = row["spans"]
        label = reader.day(row["first"])
        if row["first"] != row["last"]:
            label = self.env._(
                "%(first)s to %(last)s", first=label, last=reader.day(row["last"])
            )
        seconds = sum(map(counted_seconds, spans))
        return {
            "label": label,
            "seconds": seconds,
            "words": reader.duration(seconds) if seconds else "",
            "intervals": [
                self._explain_interval(span, reader, is_full_day(row, reader))
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
            "seconds": counted_seconds(span),
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

    def _explain_sums(self, row, reader, counted):
        """Return what the time shown adds up to, as a list of dicts ``label`` and
        ``value``: with what was carried over, and until when.

        :param int counted: seconds of the time shown
        """
        clock = row.clock
        sums = [(self._explain_until(clock), clock.carried_seconds + counted)]
        if clock.carried_seconds:
            sums.insert(
                0, (self.env._("Used before it was reopened"), clock.carried_seconds)
            )
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

    def _explain_zones(self, row, reader):
        """Return a sentence on the zone of the times, and of the hours if it is
        another."""
        zone, tz = reader.zone_name(reader.tz), row.values["tz"]
        if self._is_around_the_clock() or not tz or tz == reader.tz:
            return self.env._("All times are %(zone)s.", zone=zone)
        return self.env._(
            "All times are %(zone)s. The service hours are those of %(hours)s.",
            zone=zone,
            hours=reader.zone_name(tz),
        )

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
