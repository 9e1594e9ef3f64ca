"""Escalate a case to the next level."""
