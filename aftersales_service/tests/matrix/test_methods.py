"""Every public method × every role × a record here, next door and abroad."""

import inspect
from unittest.mock import patch

from odoo.exceptions import AccessError
from odoo.service.model import get_public_method
from odoo.tests import tagged
from odoo.tools import mute_logger

from .method_table import METHODS, Call, allowed
from .right_table import rights_of
from .world import PLACES, ROLES, SECRETS, World

TABLE = "METHODS of tests/matrix/method_table.py"
# Odoo's own doors, which every model has: the table of rights is about these.
GENERIC = {
    *("copy", "copy_data", "create", "default_get", "onchange", "read", "unlink"),
    "write",
}


@tagged("post_install", "-at_install")
class TestMethods(World):
    def test_every_method_has_a_row(self):
        found = set(self._methods())
        self.assertGreater(len(found), 80)
        new = ", ".join(sorted(found - METHODS.keys()))
        self.assertFalse(
            new,
            f"Clients can call {new}: say who may by a row in {TABLE}, or begin the "
            "name with “_”.",
        )
        gone = ", ".join(sorted(METHODS.keys() - found))
        self.assertFalse(gone, f"There is no {gone} any more: take it out of {TABLE}.")

    def _methods(self):
        """Yield the methods of ours that a client can call, as ``model.method``. What
        a model has from an abstract one of ours counts as its own; of models of others
        only what we put there ourselves."""
        for name in self.env.registry:
            cls = type(self.env[name])
            for base in cls.mro():
                ours = name.startswith("aftersales.") and (
                    getattr(base, "_name", None) or ""
                ).startswith("aftersales.")
                if (ours or base in cls._base_classes__) and base.__module__.startswith(
                    "odoo.addons.aftersales_"
                ):
                    yield from (
                        f"{name}.{method}"
                        for method in vars(base).keys() - GENERIC
                        if self._is_public(self.env[name], method)
                    )

    def _is_public(self, model, method):
        if not inspect.isroutine(getattr(type(model), method)):
            return False
        try:
            return bool(get_public_method(model, method))
        except AccessError:
            return False

    def test_a_method_without_a_row_is_found(self):
        """On a case, on an abstract model of ours, or on a contact."""
        for name in ("aftersales.case", "aftersales.reference.mixin", "res.partner"):
            cls = type(self.env[name])
            base = next(
                base
                for base in cls._base_classes__
                if base.__module__.startswith("odoo.addons.aftersales_")
            )
            with self.subTest(name):
                self.patch_new(base, "action_new", lambda records: None)
                self.assertIn(f"{name}.action_new", set(self._methods()))

    def patch_new(self, cls, name, value):
        setattr(cls, name, value)
        self.addCleanup(delattr, cls, name)

    def setUp(self):
        super().setUp()
        # Odoo looks for many words to say which record is meant: half of the time.
        told = patch.object(
            self.registry["ir.rule"],
            "_make_access_error",
            lambda rules, operation, records: AccessError(f"{operation} {records}"),
        )
        self.startPatcher(told)

    def test_who_may(self):
        """Whoever may not is refused by their rights; whoever may is not stopped by
        anything; and nobody is told of a case they may not read."""
        for name, calls in METHODS.items():
            model, _dot, method = name.rpartition(".")
            for call in (calls,) if isinstance(calls, Call) else calls:
                for place in self._places(model, method):
                    with self.subTest(name, place=place), self.undone():
                        self._check_roles(model, method, call, place)

    def _places(self, model, method):
        if getattr(getattr(type(self.env[model]), method), "_api_model", False):
            return ("",)
        if self.env[model]._transient:
            about = "aftersales.policy" if "policy" in model else "aftersales.case"
            return [place for place in PLACES if place in self.made[about]]
        return list(self.made[model])

    def _check_roles(self, model, method, call, place):
        if call.given:
            about = model.removesuffix(".deadline")
            getattr(self, f"given_{call.given}")(self.made[about][place])
        self.env.flush_all()
        for role in ROLES:
            with (
                self.undone(),
                mute_logger(
                    "odoo.addons.base.models.ir_rule",
                    "odoo.addons.aftersales_service.models.mail.aftersales_case_gateway",
                ),
            ):
                self._check(model, method, call, place, role)

    def _check(self, model, method, call, place, role):
        told, problem = self._call(model, method, call, place, role)
        self._check_told(told or str(problem), role)
        may = allowed(call, model, role, place)
        if may == (problem is None) and (may or isinstance(problem, call.refusal)):
            return
        self.fail(
            f"{role} {'may' if may else 'may not'} call it ({call.audience}), and met "
            f"{problem!r}"
        )

    def _call(self, model, method, call, place, role):
        """Return what a client is told, and the exception it gets."""
        ids = []
        if place and self.env[model]._transient:
            ids = [self.dialog(model, place, self.roles[role]).ids]
        elif place:
            ids = [self.made[model][place].ids]
        values = {
            name: value(self, place) if callable(value) else value
            for name, value in call.values.items()
        }
        self.env.flush_all()
        self.env.invalidate_all()
        try:
            return str(self.rpc(role, model, method, *ids, **values)), None
        except Exception as error:  # noqa: BLE001
            return "", error

    def _check_told(self, text, role):
        for place, secret in SECRETS.items():
            if "r" not in rights_of("aftersales.case", role, place):
                self.assertNotIn(secret, text, f"told to {role}")
