"""Many numbers in few words."""


def as_ranges(numbers):
    """Return whole numbers as text: ``1-3, 7``.

    :param numbers: in any order, each counts once
    """
    ranges = []
    for number in sorted(set(numbers)):
        if ranges and ranges[-1][1] == number - 1:
            ranges[-1][1] = number
        else:
            ranges.append([number, number])
    return ", ".join(
        f"{first}-{last}" if last > first else str(first) for first, last in ranges
    )
