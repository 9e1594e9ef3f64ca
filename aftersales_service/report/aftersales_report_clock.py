"""Figures of promises."""
