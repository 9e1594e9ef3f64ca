"""Measured work beside its reference points; see docs/benchmarks.md."""
