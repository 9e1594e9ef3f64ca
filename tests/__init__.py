"""Journeys and protocol tests across both addons, against real servers."""
