"""The steps of running promises."""
