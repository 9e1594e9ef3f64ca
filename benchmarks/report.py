"""The table that people read."""

HEAD = ("row", "what", "value", "queries", "reference", "ratio", "ok")
VERDICTS = {True: "yes", False: "NO", None: ""}


def table(lines):
    """Return results side by side as text, the budget above the lines of its row."""
    rows = []
    last = None
    for line in lines:
        if line["id"] != last:
            rows.append((str(line["id"]), line["name"].split(":")[0], *[""] * 5))
            rows.append(("", f"  budget: {line['budget']}", *[""] * 5))
            last = line["id"]
        if line["value"] is not None or line["note"]:
            rows.append(_cells(line))
    width = [max(len(r[c]) for r in (HEAD, *rows) if r[2] or c != 1) for c in range(7)]
    return "\n".join(_format(row, width) for row in (HEAD, *rows))


def _cells(line):
    what = line["name"].partition(": ")[2] or line["name"]
    return (
        "",
        f"  - {what}" + (f" ({line['note']})" if line["note"] else ""),
        _number(line["value"], line["unit"]),
        _queries(line),
        _number(line["reference"], line["against"]),
        _ratio(line),
        VERDICTS[line["ok"]],
    )


def _number(number, after=""):
    if number is None:
        return ""
    digits = 0 if number >= 1000 or number == int(number) else 2
    return f"{number:,.{digits}f} {after}".strip()


def _queries(line):
    if line["queries"] is None:
        return ""
    if line["reference_queries"] is None:
        return _number(line["queries"])
    return f"{_number(line['queries'])} / {_number(line['reference_queries'])}"


def _ratio(line):
    if line["ratio"] is None:
        return ""
    ends = line["interval"]
    return f"{line['ratio']:.3g}" + (f" [{ends[0]:.3g}–{ends[1]:.3g}]" if ends else "")


def _format(row, width):
    return "  ".join(cell.ljust(width[i]) for i, cell in enumerate(row)).rstrip()
