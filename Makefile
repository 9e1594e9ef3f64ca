# Everything is in dev/; see dev/README.md.
PYTHON ?= python3
COMMANDS = run test lint bench clauses demo-shots shell stop clean setup db

.PHONY: help $(COMMANDS)

help $(COMMANDS):
	@$(PYTHON) -m dev $@
