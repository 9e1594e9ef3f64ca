"""Sets up a real Odoo 19 on a bare machine, and runs and tests the addons on it.

Standard library only: this package runs before anything is installed.
"""
