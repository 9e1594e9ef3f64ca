"""`python3 -m dev COMMAND`: what the Makefile calls."""

import importlib
import sys

from dev.ui import Refusal

# Commands are looked up when called: each file stands for itself.
COMMANDS = {
    "setup": ("dev.setup", "main", "everything but the templates"),
    "db": ("dev.setup", "databases_ready", "also the template databases"),
    "run": ("dev.server", "run", "serve a database with demo data"),
    "stop": ("dev.server", "stop", "stop what `run` started, PostgreSQL included"),
    "shell": ("dev.server", "shell", "Odoo's shell on that database"),
    "clean": ("dev.setup", "clean", "remove .work and .venv"),
    "test": ("dev.testing", "main", "run the tests (ONLY=path-or-tag)"),
    "lint": ("dev.lint", "main", "run the linters"),
    "bench": ("dev.extra", "bench", "run benchmarks/"),
    "demo-shots": ("dev.extra", "demo_shots", "screenshots into docs/"),
    "clauses": ("dev.clauses", "main", "policy clauses that tests prove"),
}


def main(arguments):
    if len(arguments) != 1 or arguments[0] not in COMMANDS:
        print("Usage: python3 -m dev COMMAND\n")
        for name, (_module, _function, told) in COMMANDS.items():
            print(f"  {name:<12}{told}")
        return 2
    module, function, _told = COMMANDS[arguments[0]]
    try:
        return getattr(importlib.import_module(module), function)() or 0
    except Refusal as refusal:
        print(refusal, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nStopped; run it again to go on from here.", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
