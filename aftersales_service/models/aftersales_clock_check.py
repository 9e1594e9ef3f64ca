"""Whether clocks and cases are what the ledger says."""
