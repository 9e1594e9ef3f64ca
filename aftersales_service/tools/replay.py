"""Rebuild clocks and cases from the ledger."""
