"""Whom the code believes.

A client may send any context with a call, so a plain value in it decides about nothing:
what decides is who acts, or an object that no call from outside can contain.
"""

from functools import wraps

from odoo import SUPERUSER_ID
from odoo.exceptions import AccessError


def is_system(env):
    """Return whether the system itself acts, and not a person with more rights for a
    moment: nobody logs in as the superuser."""
    return env.uid == SUPERUSER_ID


def is_scheduled(env):
    """Return whether a scheduled job acts."""
    return is_system(env) and bool(env.context.get("cron_id"))


def is_loading_data(env):
    """Return whether the files of an addon are being loaded."""
    return is_system(env) and bool(env.context.get("install_mode"))


def system_only(method):
    """Decorate the entry point of a scheduled job: it decides in the name of the
    system, and Odoo lets every logged-in user call an action that has no groups.

    :raise AccessError: when a person calls it
    """

    @wraps(method)
    def guarded(self, *args, **kwargs):
        if not self.env.su:
            raise AccessError(
                self.env._(
                    "Only the system runs this job. Set the user of the scheduled "
                    "action to “OdooBot”."
                )
            )
        return method(self, *args, **kwargs)

    return guarded
