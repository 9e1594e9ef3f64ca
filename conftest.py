"""Only so that every run of pytest in this checkout gets the project's rules."""

pytest_plugins = ["dev.pytest_plugin"]
# Odoo runs these, in a database with the addon they belong to: see tests/doors.
collect_ignore = ["tests/doors/aftersales_scratch"]
