"""Row 21: from a database with the dependencies to one with both addons."""

from benchmarks.result import Limits, Measure


def seconds(bench):
    """The process of its own that a person starts, Odoo's start included."""
    bench.sites  # noqa: B018  (made once, and measured then)
    measured = bench.install_seconds
    yield Measure(
        "",
        measured,
        unit="s",
        limits=Limits(value=45),
        note="" if measured else "databases of an earlier run: nothing installed",
    )
