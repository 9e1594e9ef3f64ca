from datetime import datetime
from itertools import product

from psycopg2.errors import ForeignKeyViolation, InsufficientPrivilege

from odoo.exceptions import AccessError, UserError
from odoo.service.model import call_kw
from odoo.tests import new_test_user, tagged
from odoo.tools import SQL, mute_logger

from ..common import AftersalesCommon

NOON = datetime(2026, 1, 5, 12)


@tagged("post_install", "-at_install", "aftersales_engine")
class TestEventLedger(AftersalesCommon):
    """The ledger is only ever added to, and survives what happens to people."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.Event = cls.env["aftersales.event"]
        cls.case = cls._create_case()

    def _append(self, **values):
        line = {"case_id": self.case.id, "kind": "reply", "at": NOON, **values}
        return self.Event.browse(self.Event._append([line]))

    def _sql(self, query, *args):
        with mute_logger("odoo.sql_db"), self.env.cr.savepoint():
            self.env.cr.execute(SQL(query, *args))

    # Adding -------------------------------------------------------------------

    def test_append(self):
        """Many lines are one query, and come back in their order."""
        lines = [
            {
                "case_id": self.case.id,
                "kind": "reply",
                "at": NOON,
                "consumed_after": number,
                "data": {"number": number},
            }
            for number in range(500)
        ]
        with self.assertQueryCount(1):
            ids = self.Event._append(lines)
        self.assertEqual(ids, sorted(ids))
        events = self.Event.browse(ids)
        self.assertEqual([event.data["number"] for event in events], list(range(500)))
        self.assertEqual(events[0].consumed_after, 0)
        self.env.cr.execute(
            SQL("SELECT consumed_after FROM aftersales_event WHERE id = %s", ids[0])
        )
        self.assertEqual(self.env.cr.fetchone(), (0,))
        self.assertEqual(self.Event._append([]), [])

    def test_actor(self):
        """A line says who acted: user, customer, system or a scheduled job."""
        expected = [
            (self.Event.with_user(self.user_team), "user", self.user_team.id),
            (self.Event.with_user(self.user_team).sudo(), "user", self.user_team.id),
            (self.Event.with_user(self.user_portal), "customer", self.customer.id),
            (self.Event, "system", 0),
            (self.Event.with_context(cron_id=1), "cron", 0),
        ]
        for model, kind, actor_id in expected:
            line = {"case_id": self.case.id, "kind": "reply", "at": NOON}
            event = self.Event.browse(model._append([line]))
            self.assertEqual((event.actor_kind, event.actor_id), (kind, actor_id))
        event = self._append(actor_kind="rule", actor_id=7)
        self.assertEqual((event.actor_kind, event.actor_id), ("rule", 7))

    # Refusing -----------------------------------------------------------------

    def test_refused_for_everybody(self):
        """Nobody enters, changes or deletes a line through the ORM or RPC, whatever
        their rights and whatever they put into the context."""
        event = self._append()
        users = (
            self.env.user
            | self.env.ref("base.user_admin")
            | self.user_specialist
            | self.user_team
            | self.user_manager
            | self.user_management
            | self.user_responder
            | self.user_other
            | self.user_portal
        )
        acts = (
            ("create", [[{"case_id": self.case.id, "kind": "reply", "at": NOON}]]),
            ("write", [event.ids, {"cause": "forged"}]),
            ("unlink", [event.ids]),
        )
        for user, (name, args) in product(users, acts):
            with (
                self.subTest(user=user.login, act=name),
                self.assertRaises(AccessError),
            ):
                kwargs = {"context": {"aftersales_engine": True}}
                call_kw(self.Event.with_user(user), name, args, kwargs)
        with self.assertRaises(AccessError):
            call_kw(self.Event, "_append", [[{}]], {})
        self.assertFalse(event.cause)

    def test_refused_by_the_database(self):
        """UPDATE, DELETE and TRUNCATE are refused by the database itself."""
        event = self._append()
        for query in (
            "UPDATE aftersales_event SET cause = 'forged' WHERE id = %s",
            "DELETE FROM aftersales_event WHERE id = %s",
        ):
            with self.assertRaises(InsufficientPrivilege):
                self._sql(query, event.id)
        with self.assertRaises(InsufficientPrivilege):
            self._sql("TRUNCATE aftersales_event")

    def test_maintenance_leaves_a_line(self):
        """With the maintenance setting it is possible, and says so for ever."""
        event, other = self._append(), self._append()
        self._sql("SET LOCAL aftersales.maintenance = 'on'")
        self._sql(
            "UPDATE aftersales_event SET cause = 'mended' WHERE id = %s", event.id
        )
        self._sql("DELETE FROM aftersales_event WHERE id = %s", other.id)
        self._sql("SET LOCAL aftersales.maintenance = ''")
        self.env.invalidate_all()
        self.assertEqual(event.cause, "mended")
        self.assertFalse(other.exists())
        lines = self._events(self.case, "maintenance")
        self.assertEqual(lines.mapped("cause"), ["update", "delete"])
        self.assertEqual([line.data["line"] for line in lines], [event.id, other.id])
        with self.assertRaises(InsufficientPrivilege):
            self._sql("DELETE FROM aftersales_event WHERE id = %s", lines[0].id)

    def test_case_with_history_stays(self):
        """A case with a ledger cannot be deleted, not even around the ORM."""
        with self.assertRaises(UserError):
            self.case.unlink()
        with self.assertRaises(ForeignKeyViolation):
            self._sql("DELETE FROM aftersales_case WHERE id = %s", self.case.id)

    # People come and go -------------------------------------------------------

    def _lines(self):
        self.env.cr.execute(
            SQL(
                "SELECT * FROM aftersales_event WHERE case_id = %s ORDER BY id",
                self.case.id,
            )
        )
        return self.env.cr.fetchall()

    def test_contacts_merged(self):
        """Merging the customer's contacts works and leaves the ledger alone."""
        self.Event.with_user(self.user_portal)._append(
            [{"case_id": self.case.id, "kind": "customer_message", "at": NOON}]
        )
        before = self._lines()
        twin = self.env["res.partner"].create(
            {"name": "Ana Ruiz", "parent_id": self.customer_company.id}
        )
        wizard = self.env["base.partner.merge.automatic.wizard"].create({})
        self.user_portal.unlink()
        wizard._merge((self.customer | twin).ids, twin, extra_checks=False)
        self.assertFalse(self.customer.exists())
        self.env.invalidate_all()
        self.assertEqual(self.case.partner_id, twin)
        self.assertEqual(self._lines(), before)

    def test_user_deleted(self):
        """Deleting a user who acted works and leaves the ledger alone."""
        user = new_test_user(
            self.env,
            "as_leaving",
            groups="base.group_user,aftersales_service.group_aftersales_manager",
        )
        self.team.leader_id = user
        case = self.case.with_user(user)
        case.write({"user_id": user.id})
        before = self._lines()
        self.assertIn(user.id, [line.actor_id for line in self._events(self.case)])
        user.unlink()
        self.assertFalse(user.exists())
        self.assertEqual(self._lines(), before)

    def test_person_anonymised(self):
        """Erasing a person needs nothing of the ledger: it never knew who it was."""
        secrets = (self.customer.name, self.customer.email, self.case.name)
        self.case._transition(self._stage("working"))
        before = self._lines()
        self.customer.write({"name": "Erased", "email": False, "phone": False})
        self.assertEqual(self._lines(), before)
        for secret in secrets:
            self.assertNotIn(secret, str(before))

    def test_no_foreign_key_but_the_case(self):
        """The only foreign key of the ledger is the case."""
        self.env.cr.execute(
            """
            SELECT confrelid::regclass::text, confdeltype FROM pg_constraint
             WHERE conrelid = 'aftersales_event'::regclass AND contype = 'f'
            """
        )
        self.assertEqual(self.env.cr.fetchall(), [("aftersales_case", "r")])

    def test_guard_can_be_dropped(self):
        """Uninstalling leaves no function behind."""
        self.Event._drop_guard()
        self.env.cr.execute(
            "SELECT count(*) FROM pg_proc WHERE proname = 'aftersales_event_guard'"
        )
        self.assertEqual(self.env.cr.fetchone(), (0,))
        self.Event.init()
