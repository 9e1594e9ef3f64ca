"""The lint rule about the clock finds what it is for, and nothing else."""

from textwrap import dedent

import pytest

from dev import frozen

ABSOLUTE = [
    'with freeze_time("2026-01-05 09:00:00"): pass',
    "with freeze_time(datetime(2026, 1, 5)): pass",
    "begun = datetime(2026, 1, 5); freeze_time(begun).start()",
    "job, begun = 1, datetime(2026, 1, 5); freeze_time(begun + HOUR)",
]
RELATIVE = [
    "with freeze_time(datetime.now() + HOUR): pass",
    "with freeze_time(self.now + HOUR): pass",
]


def mistakes(folder, body, attribute="x = 1"):
    path = folder / "test_some.py"
    text = f"""
    class TestSome(Common):
        {attribute}

        def test_some(self):
            {body}
    """
    path.write_text(dedent(text))
    frozen._stopped_classes.cache_clear()
    return frozen.mistakes(path)


@pytest.mark.parametrize("body", ABSOLUTE)
def test_a_fixed_day_in_a_class_of_today(tmp_path, body):
    assert len(mistakes(tmp_path, body)) == 1


@pytest.mark.parametrize("body", ABSOLUTE)
def test_a_fixed_day_in_a_class_of_that_day(tmp_path, body):
    attribute = 'freeze_time = StoppedClock("2026-01-05")'
    assert mistakes(tmp_path, body, attribute) == []


@pytest.mark.parametrize("body", RELATIVE)
def test_later_than_now(tmp_path, body):
    assert mistakes(tmp_path, body) == []


def test_inherited(tmp_path):
    (tmp_path / "common.py").write_text("class Common:\n    freeze_time = 1\n")
    assert mistakes(tmp_path, ABSOLUTE[0]) == []
