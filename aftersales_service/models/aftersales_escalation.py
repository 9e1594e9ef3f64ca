"""Levels of escalation."""
