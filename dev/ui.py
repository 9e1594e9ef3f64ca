"""What the user reads: progress lines, warnings and refusals."""

import errno
import sys
import time
from contextlib import contextmanager

NOT_YOURS = (
    "Work in a clone of your own; what an earlier `sudo make …` has left in it, "
    "`sudo make clean` removes. If your home cannot be written to, set XDG_CACHE_HOME."
)
ADVICE = {
    errno.EACCES: NOT_YOURS,
    errno.EPERM: NOT_YOURS,
    errno.EROFS: NOT_YOURS,
    errno.ENOSPC: "Make room; `make clean` removes what this checkout takes.",
}


class Refusal(Exception):
    """Something the user must settle; told in a sentence, never as a traceback."""


def sentence(error):
    """What the machine refused."""
    where = f"{error.filename}: " if error.filename else ""
    return f"{where}{error.strerror or error}"


def advice(error):
    return ADVICE.get(error.errno, "Mend that and run it again.")


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
