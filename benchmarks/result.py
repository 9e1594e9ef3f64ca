"""The lines of `results.json`."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """What a row allows; None: not limited.

    :param queries: at most so many
    :param more_queries: at most so many more than the reference
    :param ratio: at most so many times the reference
    :param value: at most, in the unit of the measure
    """

    queries: float | None = None
    more_queries: int | None = None
    ratio: float | None = None
    value: float | None = None


@dataclass(frozen=True)
class Measure:
    """One thing measured for a row.

    :param what: what distinguishes it from the other measures of the row
    :param reference_queries: queries of the reference, where it has any
    :param against: what the reference is
    :param interval: 95 % interval of the ratio
    """

    what: str
    value: float | None
    unit: str = "ms"
    queries: float | None = None
    reference: float | None = None
    reference_queries: float | None = None
    against: str = ""
    ratio: float | None = None
    interval: tuple | None = None
    limits: Limits = Limits()
    note: str = ""

    @property
    def ok(self):
        """True or False by the limits, None when nothing is limited or measured."""
        if self.value is None:
            return None
        verdicts = [
            _within(self.queries, self.limits.queries),
            _within(self._more_queries(), self.limits.more_queries),
            _within(self.value, self.limits.value),
            self._ratio_ok(),
        ]
        decided = [verdict for verdict in verdicts if verdict is not None]
        return all(decided) if decided else None

    def _more_queries(self):
        if self.queries is None or self.reference_queries is None:
            return None
        return self.queries - self.reference_queries

    def _ratio_ok(self):
        """Where the interval holds the limit, time has not decided: queries do."""
        limit = self.limits.ratio
        if limit is None or self.ratio is None:
            return None
        low, high = self.interval or (self.ratio, self.ratio)
        if high <= limit or low > limit or not self.reference_queries:
            return self.ratio <= limit
        return self.queries <= limit * self.reference_queries


def _within(number, limit):
    return None if number is None or limit is None else number <= limit


@dataclass(frozen=True)
class Row:
    """A row of the budgets.

    :param measure: function of the ``Bench`` that yields ``Measure`` objects; None
        while what it measures does not exist
    """

    id: int
    name: str
    budget: str
    measure: Callable | None = None

    def results(self, bench):
        """Return the row's lines of `results.json`, at least one."""
        measures = list(self.measure(bench)) if self.measure else []
        return [self._line(measure) for measure in measures] or [self.pending()]

    def pending(self):
        """Return the line of a row that is not measured."""
        return self._line(Measure("", None))

    def _line(self, measure):
        return {
            "id": self.id,
            "name": f"{self.name}: {measure.what}" if measure.what else self.name,
            "value": _rounded(measure.value),
            "unit": measure.unit,
            "queries": _rounded(measure.queries),
            "reference": _rounded(measure.reference),
            "ratio": _rounded(measure.ratio),
            "budget": self.budget,
            "ok": measure.ok,
            "against": measure.against,
            "reference_queries": _rounded(measure.reference_queries),
            "interval": [_rounded(end) for end in measure.interval or ()] or None,
            "note": measure.note,
        }


def compared(what, comparison, *, per=1, **values):
    """Return the ``Measure`` of a comparison.

    :param per: number of records that value and queries are divided by
    """
    work, reference = comparison.work, comparison.reference
    return Measure(
        what,
        work.ms / per,
        queries=work.queries / per,
        reference=reference.ms / per,
        reference_queries=reference.queries / per,
        ratio=comparison.ratio,
        interval=comparison.interval,
        **values,
    )


def plain(what, sample, **values):
    """Return the ``Measure`` of a sample that stands alone."""
    return Measure(what, sample.ms, queries=sample.queries, **values)


def _rounded(number):
    return None if number is None else float(f"{number:.4g}")
