"""Time and queries of a piece of work, alone and beside another one."""

import gc
import math
import time
from dataclasses import dataclass
from statistics import median

from odoo import api
from odoo.modules.registry import Registry

from benchmarks import settings

WARM_UP = 2
ADMIN = "admin"


@dataclass(frozen=True)
class Sample:
    """What a piece of work took: milliseconds and queries."""

    ms: float
    queries: int


@dataclass(frozen=True)
class Comparison:
    """A piece of work beside its reference: medians, the median of the ratios of
    interleaved pairs, and that median's interval of 95 % (None with few pairs)."""

    work: Sample
    reference: Sample
    ratio: float
    interval: tuple | None


class Site:
    """One database, opened in this process."""

    def __init__(self, database, size):
        self.database = database
        self.size = size
        self.label = settings.size_label(size)
        self.registry = Registry(database)

    def run(self, work, user=ADMIN, commit=False, **context):
        """Do a piece of work in a transaction of its own, with nothing cached but what
        the process keeps between requests; undone unless ``commit``.

        :param work: function of an ``Environment``
        :param user: id of a user, or their login
        :return: ``Sample``
        """
        with self.registry.cursor() as cr:
            env = self._environment(cr, user, context)
            sample = _timed(cr, lambda: work(env))
            if not commit:
                cr.rollback()
        return sample

    def ask(self, question, user=ADMIN, **context):
        """Return what a function of an ``Environment`` returns; nothing is kept."""
        with self.registry.cursor() as cr:
            answer = question(self._environment(cr, user, context))
            cr.rollback()
        return answer

    def _environment(self, cr, user, context):
        """Return an environment as a request gets it: all companies of the user
        ticked, nothing read yet."""
        if isinstance(user, str):
            cr.execute("SELECT id FROM res_users WHERE login = %s", [user])
            [user] = cr.fetchone()
        if user != api.SUPERUSER_ID:
            cr.execute(
                "SELECT array_agg(cid ORDER BY cid) FROM res_company_users_rel"
                " WHERE user_id = %s",
                [user],
            )
            context = {"allowed_company_ids": cr.fetchone()[0], **context}
        return api.Environment(cr, user, {"lang": "en_US", "tz": "UTC", **context})

    def measure(self, work, times=None, **options):
        """Return the median ``Sample`` of several runs, after two to warm up."""
        for _index in range(WARM_UP):
            self.run(work, **options)
        return middle(self.run(work, **options) for _index in range(times or repeats()))


def repeats():
    """How often a plain value is measured."""
    return max(3, settings.PAIRS // 3)


def _timed(cr, work):
    gc.collect()
    gc.disable()
    try:
        before = cr.sql_log_count
        start = time.perf_counter()
        work()
        cr.flush()
        seconds = time.perf_counter() - start
    finally:
        gc.enable()
    return Sample(seconds * 1000, cr.sql_log_count - before)


def middle(samples):
    """Return the median of samples, of time and of queries each."""
    samples = list(samples)
    return Sample(
        median(sample.ms for sample in samples),
        round(median(sample.queries for sample in samples)),
    )


def compare(work, reference, pairs=None, warm_up=WARM_UP):
    """Run two functions by turns, each returning a ``Sample``.

    :return: ``Comparison``
    """
    for _index in range(warm_up):
        work()
        reference()
    runs = [_pair(work, reference, index) for index in range(pairs or settings.PAIRS)]
    ratios = sorted(ours.ms / theirs.ms for ours, theirs in runs)
    return Comparison(
        middle(ours for ours, _theirs in runs),
        middle(theirs for _ours, theirs in runs),
        median(ratios),
        median_interval(ratios),
    )


def _pair(work, reference, index):
    """Who comes first alternates: neither always meets what the other left warm."""
    if index % 2:
        theirs = reference()
        return work(), theirs
    return work(), reference()


def median_interval(values, confidence=0.95):
    """Return the interval of the median by order statistics; None when there are too
    few values for one.

    :param list values: sorted numbers
    """
    count = len(values)
    interval, tail = None, 0.0
    for rank in range(count // 2):
        tail += math.comb(count, rank) / 2**count
        if tail > (1 - confidence) / 2:
            break
        interval = values[rank], values[count - 1 - rank]
    return interval
