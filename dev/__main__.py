"""`python3 -m dev COMMAND`: what the Makefile calls."""

import importlib
import sys

from dev.ui import Refusal, advice, sentence

# Commands are looked up when called: each file stands for itself.
COMMANDS = {
    "run": ("dev.server", "run", "serve a database with demo data (PORT=, DB=)"),
    "stop": ("dev.server", "stop", "stop what `run` started, PostgreSQL included"),
    "test": ("dev.testing", "main", "run the tests (ONLY=path-or-tag)"),
    "lint": ("dev.lint", "main", "run the linters"),
    "shell": ("dev.server", "shell", "Odoo's shell on that database"),
    "bench": ("dev.extra", "bench", "run benchmarks/"),
    "clauses": ("dev.clauses", "main", "policy clauses that tests prove"),
    "demo-shots": ("dev.extra", "demo_shots", "screenshots into docs/"),
    "setup": ("dev.setup", "main", "everything but the templates"),
    "db": ("dev.setup", "databases_ready", "also the template databases"),
    "clean": ("dev.setup", "clean", "remove all of it but downloads"),
}


def main(arguments):
    # A terminal that cannot show a letter shows a question mark.
    sys.stdout.reconfigure(errors="replace")
    if len(arguments) != 1 or arguments[0] not in COMMANDS:
        print(usage())
        return 0 if arguments in ([], ["help"]) else 2
    module, function, _told = COMMANDS[arguments[0]]
    try:
        return getattr(importlib.import_module(module), function)() or 0
    except Refusal as refusal:
        print(refusal, file=sys.stderr)
        return 1
    except OSError as error:
        print(f"{sentence(error)}. {advice(error)}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nStopped; run it again to go on from here.", file=sys.stderr)
        return 130


def usage():
    lines = [f"  make {name:<12}{told}" for name, (_, _, told) in COMMANDS.items()]
    return "\n".join(["Usage: make COMMAND [VARIABLE=value …]", "", *lines])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
