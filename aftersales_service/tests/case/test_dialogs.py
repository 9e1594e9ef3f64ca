from odoo import Command
from odoo.exceptions import AccessError
from odoo.tests import new_test_user, tagged

from ..clock.test_clock_engine import ClockCommon, at

MANAGER = "base.group_user,aftersales_service.group_aftersales_manager"


@tagged("post_install", "-at_install", "aftersales_engine")
class TestDialogs(ClockCommon):
    """Whoever opens a dialog can name any case or promise; they learn nothing of those
    that they may not read."""

    def setUp(self):
        super().setUp()
        self.case = self._case(at("08:00"), user_id=self.user_team.id)
        self.case._promise("callback", at("14:00"), at("08:00"))

    @classmethod
    def _create_stranger(cls):
        """Return a manager of another company."""
        company = cls.env["res.company"].create({"name": "Elsewhere"})
        return new_test_user(
            cls.env,
            "as_stranger",
            groups=MANAGER,
            company_id=company.id,
            company_ids=[Command.set(company.ids)],
        )

    def _strangers(self):
        """Return users who may open the dialogs of cases, but not on this case."""
        return self.user_specialist, self._create_stranger()

    def _own_case(self, user):
        """Return a case that a user may work on."""
        team = self.team
        if user.company_id != self.company:
            team = team.create({"name": "Theirs", "company_id": user.company_id.id})
        return self._case(
            at("08:00"), user_id=user.id, team_id=team.id, partner_id=False
        )

    def _refused(self, model, user, values, names, own=None):
        """Check that none of some fields tells anything, in whatever way it is asked:
        while the dialog is open, once it is saved, and after a change.

        :param dict own: values of a dialog that the user may open
        """
        dialogs = self.env[model].with_user(user)
        for name in names:
            with self.subTest(user.login, onchange=name), self._no_access():
                dialogs.onchange(dict(values), [], {name: {}})
            with self.subTest(user.login, create=name), self._no_access():
                dialogs.create(values).read([name])
        for name in names if own else ():
            dialog = dialogs.create({**values, **own})
            with self.subTest(user.login, write=name), self._no_access():
                dialog.write(values)
                dialog.read([name])

    def _no_access(self):
        self.env.flush_all()
        self.env.invalidate_all()
        return self.assertRaises(AccessError)

    # Cases ------------------------------------------------------------------------

    def test_promise(self):
        """Neither whether the customer was told a time, nor how they are written to."""
        for user in self._strangers():
            own = self._own_case(user)
            values = {
                "case_id": self.case.id,
                "topic": "callback",
                "deadline": at("16:00"),
                "body": "We call you.",
            }
            self._refused(
                "aftersales.case.promise",
                user,
                values,
                ("warning", "customer_time"),
                {"case_id": own.id},
            )
            Dialog = self.env["aftersales.case.promise"].with_user(user)
            with self._no_access():
                Dialog.onchange(
                    dict(values), ["deadline"], {"body": {}, "sentence": {}}
                )
            with self._no_access():
                Dialog.with_context(default_case_id=self.case.id).default_get(
                    ["case_id", "body"]
                )

    def test_promise_by_whom_it_concerns(self):
        Dialog = self.env["aftersales.case.promise"].with_user(self.user_team)
        dialog = Dialog.create(
            {
                "case_id": self.case.id,
                "topic": "callback",
                "deadline": at("16:00"),
                "body": "We call you.",
            }
        )
        self.assertIn("is promised already", dialog.warning)

    def test_escalate(self):
        """Neither how far it was escalated, nor who leads its team."""
        for user in self._strangers():
            own = {"case_id": self._own_case(user).id}
            foreign = {"case_id": self.case.id}
            self._refused(
                "aftersales.case.escalate",
                user,
                {**foreign, "level": "1"},
                ("user_id", "note"),
                own,
            )
            Dialog = self.env["aftersales.case.escalate"].with_user(user)
            with self._no_access():
                Dialog.onchange(dict(foreign), [], {"level": {}})
            dialog = Dialog.create({**own, "level": "1"})
            with self._no_access():
                dialog.write(foreign)
                dialog.read(["level"])

    def test_link(self):
        """Neither its customer nor its company."""
        for user in self._strangers():
            self._refused(
                "aftersales.case.link",
                user,
                {"case_id": self.case.id, "order_reference": self.order.name},
                ("partner_id", "company_id", "sale_order_id"),
                {"case_id": self._own_case(user).id},
            )

    # Promises ---------------------------------------------------------------------

    def test_deadline(self):
        """A manager learns nothing of another company's promises."""
        clock = self._clock(self.case)
        self._refused(
            "aftersales.clock.deadline",
            self._create_stranger(),
            {"clock_id": clock.id, "deadline": at("16:00"), "reason": "Asked for it"},
            ("promise", "preview", "current_deadline", "is_manual", "case_id"),
        )

    # Companies --------------------------------------------------------------------

    def test_first_start(self):
        """A manager sets up no company but their own ones."""
        stranger = self._create_stranger()
        dialog = self.env["aftersales.onboarding"].with_user(stranger)
        values = {"company_id": self.company.id, "tz": "Asia/Tokyo"}
        with self._no_access():
            dialog.create(values)
        dialog = dialog.create({"tz": "Asia/Tokyo"})
        dialog.sudo().company_id = self.company
        team = self.env["aftersales.team"].create(
            {"name": "Theirs", "company_id": stranger.company_id.id}
        )
        dialog.team_id = team
        with self._no_access():
            dialog.action_apply()
        self.assertEqual(self.company.aftersales_tz, "Europe/Madrid")

    def test_foreign_dialogs(self):
        """A dialog is seen by who opened it only."""
        stranger = self._create_stranger()
        mine = self.env(user=self.user_manager)
        health = mine["aftersales.health.check"]
        findings = health.search(health.action_open()["domain"])
        for dialogs in (mine["aftersales.onboarding"].create({}), findings):
            with self.subTest(dialogs._name), self._no_access():
                dialogs.with_user(stranger).read(["create_date"])

    # Policies ---------------------------------------------------------------------

    def test_policy(self):
        """Nor of another company's policies and the work on them."""
        stranger = self._create_stranger()
        job = self.policy._enqueue_change("policy_preview", "apply", dry=True)
        self._refused(
            "aftersales.policy.apply",
            stranger,
            {"policy_id": self.policy.id, "job_id": job.id},
            ("state", "progress", "error", "counts", "examples"),
        )
        archive = self.env["aftersales.policy.archive"]
        dialog = archive.create({"policy_id": self.policy.id})
        self.assertEqual(dialog.running_promise_count, 3)
        with self._no_access():
            archive.with_user(stranger).create({"policy_id": self.policy.id})

    def test_try(self):
        """A policy tried on what they may not read tells nothing about it."""
        stranger = self._create_stranger()
        theirs = self.env["aftersales.team"].create(
            {"name": "Theirs", "company_id": stranger.company_id.id}
        )
        foreign = {
            "case_id": self.case.id,
            "team_id": self.team.id,
            "sale_order_id": self.order.id,
        }
        for name, id_ in foreign.items():
            with self.subTest(name):
                self._refused(
                    "aftersales.policy.try",
                    stranger,
                    {"team_id": theirs.id, name: id_},
                    ("result",),
                )
