"""What the user reads: progress lines, warnings and refusals."""

import sys
import time
from contextlib import contextmanager


class Refusal(Exception):
    """Something the user must settle; told in a sentence, never as a traceback."""


def say(text):
    print(text, flush=True)


def warn(text):
    print(f"warning: {text}", file=sys.stderr, flush=True)


@contextmanager
def step(text):
    """Announce a step that takes a while, and how long it took."""
    say(f"· {text} …")
    started = time.monotonic()
    yield
    say(f"  done in {time.monotonic() - started:.0f} s")
