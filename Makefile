# Everything is in dev/; see dev/README.md.
PYTHON ?= python3
COMMANDS = run test lint bench clauses demo-shots shell stop clean

.PHONY: help $(COMMANDS)

help:
	@$(PYTHON) -m dev || true

$(COMMANDS):
	@$(PYTHON) -m dev $@
