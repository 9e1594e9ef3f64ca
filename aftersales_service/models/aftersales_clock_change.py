"""Policies and calendars that change under running promises."""
