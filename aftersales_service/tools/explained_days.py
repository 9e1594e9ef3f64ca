"""The hours in which a promise was counted, put together for a reader."""

from datetime import timedelta

from .business_time import OPEN

# Of a long promise so many of its first and last days are shown at once.
FIRST_ROWS = 8

LAST_ROWS = 12


def counted_seconds(span):
    return span.end - span.start if span.reason == OPEN else 0


def merged(spans):
    """Return sorted spans with equal neighbours joined."""
    result = []
    for span in spans:
        last = result[-1] if result else None
        if last and last.end == span.start and last[2:] == span[2:]:
            result[-1] = last._replace(end=span.end)
        else:
            result.append(span)
    return result


def from_instant(spans, instant):
    """Return what of spans lies after an instant."""
    return [
        span._replace(start=max(span.start, instant))
        for span in spans
        if span.end > instant
    ]


def split_days(spans, reader):
    """Yield spans cut at the reader's midnights."""
    for span in spans:
        while span.start < span.end:
            tomorrow = reader.date(span.start) + timedelta(days=1)
            end = min(span.end, max(reader.midnight(tomorrow), span.start + 1))
            yield span._replace(end=end)
            span = span._replace(start=end)


def joined_rows(rows, reader):
    """Return rows with neighbours joined that are days filled by one and the same
    span."""
    joined = []
    for row in rows:
        last = joined[-1] if joined else None
        if last and is_full_day(last, reader) and is_full_day(row, reader):
            spans = merged([*last["spans"], *row["spans"]])
            if len(spans) == 1:
                joined[-1] = {**last, "last": row["last"], "spans": spans}
                continue
        joined.append(row)
    return joined


def is_full_day(row, reader):
    """Whether one span fills the days of a row from midnight to midnight."""
    [span, *others] = row["spans"]
    end = reader.midnight(row["last"] + timedelta(days=1))
    return not others and (span.start, span.end) == (reader.midnight(row["first"]), end)


def shortened(rows):
    """Return the first rows, those in the middle to be folded, and the last ones."""
    if len(rows) <= FIRST_ROWS + LAST_ROWS + 1:
        return rows, [], []
    return rows[:FIRST_ROWS], rows[FIRST_ROWS:-LAST_ROWS], rows[-LAST_ROWS:]
