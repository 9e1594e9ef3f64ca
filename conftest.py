"""Only so that every run of pytest in this checkout gets the project's rules."""

pytest_plugins = ["dev.pytest_plugin"]
