"""The automatic confirmation of receipt."""

from datetime import datetime, timedelta

import psycopg2

from odoo.tests import tagged
from odoo.tools import mute_logger

from ..common import clause
from ..mail_common import AftersalesMailCommon


@tagged("post_install", "-at_install")
class TestAcknowledgement(AftersalesMailCommon):
    CUSTOMER = "ana@gemini.example.com"

    def _acknowledge(self):
        """Run the job.

        :return: the mails it sent to the customer
        """
        self._run_acknowledgements()
        return self._sent_to(self.CUSTOMER)

    def _event_calls(self):
        calls = []
        self.patch(
            self.registry["aftersales.case"],
            "_clocks_event",
            lambda case, codes, at, cause=None: calls.append((case, codes, at, cause)),
        )
        return calls

    # Sending ------------------------------------------------------------------

    def test_confirmation_is_sent_once_and_kept_on_the_case(self):
        case = self._receive_case(received=datetime(2026, 11, 23, 8, 58))
        stopped = self._event_calls()
        self.assertEqual(case.acknowledge_at, datetime(2026, 11, 23, 8, 58))
        [mail] = self._acknowledge()
        now = datetime(2026, 11, 23, 9)
        self.assertEqual(case.acknowledged_at, now)
        self.assertFalse(case.acknowledge_at)
        self.assertEqual(
            stopped,
            [(case, "acknowledged", now, "acknowledgement")],
        )
        message = self._messages(case, "auto_comment")
        line = self._events(case, "acknowledged")
        self.assertEqual((line.at, line.cause), (now, "automatic"))
        self.assertIn(message, case.sudo().website_message_ids, "Seen on the portal")
        self.assertFalse(self._acknowledge(), "Never twice")
        self.assertEqual(mail["email_from"], f'"Test Team" <{self.address}>')
        self.assertEqual(mail["reply_to"], f'"Test Team" <{self.address}>')

    def test_confirmation_says_that_a_machine_wrote_it(self):
        self._receive_case()
        [mail] = self._acknowledge()
        self.assertEqual(mail["headers"]["Auto-Submitted"], "auto-replied")
        self.assertEqual(mail["EmailMessage"]["Auto-Submitted"], "auto-replied")

    def test_confirmation_is_no_answer(self):
        case = self._receive_case()
        self._acknowledge()
        self.assertFalse(case.first_response_at)
        self.assertTrue(case.awaiting_reply_since, "The customer still waits")

    @clause("FT-21")
    def test_confirmation_and_first_answer_are_two_facts(self):
        target = self.env.ref(
            "aftersales_service.aftersales_policy_target_first_response"
        )
        for counts, outcome in ((False, "none"), (True, "met")):
            with self.subTest(ack_counts=counts):
                target.ack_counts = counts
                case = self._receive_case()
                [mail] = self._acknowledge()
                self.assertIn("Your message has reached us", mail["body"])
                self.assertIn("will be handled", mail["body"])
                clocks = case.clock_ids.grouped("kind")
                self.assertEqual(clocks["acknowledgement"].outcome, "met")
                self.assertEqual(clocks["first_response"].outcome, outcome)
                self.later(minutes=1)
                self._reply(case)
                self.assertEqual(clocks["first_response"].outcome, "met")
                self.assertLess(case.acknowledged_at, case.first_response_at)
                kinds = self._kinds(case)
                self.assertEqual(kinds.count("acknowledged"), 1)
                self.assertEqual(kinds.count("reply"), 1)

    def test_unknown_sender_is_confirmed_to_as_well(self):
        self._receive_case(sender="Stranger <who@nowhere.example.com>")
        self._run_acknowledgements()
        [mail] = self._sent_to("who@nowhere.example.com")
        self.assertIn("access_token=", mail["body"])

    def test_forwarded_mail_is_confirmed_to_the_customer_not_the_colleague(self):
        self._receive(self._fixture("forward_gmail.eml"))
        self.assertEqual(len(self._acknowledge()), 1)
        self.assertFalse(self._sent_to(self.user_other.email))

    # What it says -------------------------------------------------------------

    def _promise(self, case, deadline):
        """Move the promise of an answer to another instant, or take it away."""
        self.env.flush_all()
        where = ["first_response", case.id]
        if deadline:
            self.env.cr.execute(
                "UPDATE aftersales_clock SET deadline = %s"
                " WHERE kind = %s AND case_id = %s",
                [deadline, *where],
            )
        else:
            self.env.cr.execute(
                "DELETE FROM aftersales_clock WHERE kind = %s AND case_id = %s", where
            )
        self.assertEqual(self.env.cr.rowcount, 1, "The neutral policy promises it")
        self.env.invalidate_all()

    def test_mail_names_number_deadline_zone_and_link(self):
        case = self._receive_case()
        self._promise(case, datetime(2026, 11, 23, 14))
        [mail] = self._acknowledge()
        self.assertIn(case.number, mail["subject"])
        self.assertIn(case.number, mail["body"])
        self.assertIn("We will answer by", mail["body"])
        self.assertRegex(mail["body"], r"Nov 23, 3:00.PM \(Madrid time\)")
        self.assertIn(f"/my/cases/{case.id}?access_token=", mail["body"])
        self.assertIn(case.access_token, mail["body"])
        self.assertNotIn("We are closed", mail["body"])

    def test_zone_that_this_machine_does_not_know(self):
        """Debian's newest has no names of the past; the company's zone takes over."""
        self.env.cr.execute(
            "UPDATE res_partner SET tz = 'US/Pacific-New' WHERE id = %s",
            [self.customer.id],
        )
        self.customer.invalidate_recordset()
        case = self._receive_case()
        self._promise(case, datetime(2026, 11, 23, 14))
        [mail] = self._acknowledge()
        self.assertRegex(mail["body"], r"3:00.PM \(Madrid time\)")

    def test_times_are_in_the_customers_zone(self):
        self.customer.tz = "America/New_York"
        case = self._receive_case()
        self._promise(case, datetime(2026, 11, 23, 14))
        [mail] = self._acknowledge()
        self.assertRegex(mail["body"], r"9:00.AM \(New York time\)")

    def test_out_of_hours_it_says_when_we_open(self):
        # Saturday noon; Madrid opens on Monday at nine.
        self.clock.move_to("2026-11-28 11:00:00")
        self._receive_case()
        [mail] = self._acknowledge()
        self.assertIn("We are closed until", mail["body"])
        self.assertRegex(mail["body"], r"Mon, Nov 30, 9:00.AM \(Madrid time\)")

    def test_without_promise_it_promises_nothing(self):
        case = self._receive_case()
        self._promise(case, None)
        [mail] = self._acknowledge()
        self.assertNotIn("We will answer by", mail["body"])

    def test_it_is_written_in_the_customers_language(self):
        self.env["res.lang"]._activate_lang("es_ES")
        self.customer.lang = "es_ES"
        template = self.env.ref("aftersales_service.mail_template_acknowledgement")
        template.with_context(lang="es_ES").write(
            {"subject": "[{{ object.number }}] Lo hemos recibido"}
        )
        case = self._receive_case()
        self._promise(case, datetime(2026, 11, 23, 14))
        [mail] = self._acknowledge()
        self.assertIn("Lo hemos recibido", mail["subject"])
        self.assertRegex(mail["body"], r"15:00")

    def test_teams_own_template_is_used(self):
        self.team.acknowledge_template_id = self.env["mail.template"].create(
            {
                "name": "Own",
                "model_id": self.env["ir.model"]._get_id("aftersales.case"),
                "subject": "Own {{ object.number }}",
                "body_html": "<p>Own text</p>",
            }
        )
        self._receive_case()
        [mail] = self._acknowledge()
        self.assertIn("Own text", mail["body"])

    # When not -----------------------------------------------------------------

    def test_person_who_answers_first_makes_it_unnecessary(self):
        self.team.acknowledge_delay = 30
        case = self._receive_case()
        self.assertEqual(case.acknowledge_at, datetime(2026, 11, 23, 9, 30))
        self.assertFalse(self._acknowledge(), "Not before its time")
        self._reply(case)
        self.assertFalse(case.acknowledge_at)
        self.assertEqual(
            self._events(case, "acknowledgement_skipped").cause, "human_reply"
        )
        self.later(minutes=31)
        self.assertFalse(self._acknowledge())

    def test_delay_passes(self):
        self.team.acknowledge_delay = 30
        self._receive_case()
        self.later(minutes=30)
        self.assertEqual(len(self._acknowledge()), 1)

    def test_machines_get_no_confirmation(self):
        for headers in (
            {"Auto_Submitted": "auto-generated"},
            {"Precedence": "bulk"},
            {"X_Auto_Response_Suppress": "All"},
            {"List_Id": "<shop.example.com>"},
            {"sender": "No Reply <no-reply@shop.example.com>"},
        ):
            with self.subTest(**headers):
                case = self._receive_case(**headers)
                self.assertFalse(case.acknowledge_at)

    def test_ways_in_that_need_no_confirmation(self):
        for channel in ("phone", "visit", "chat"):
            self.assertFalse(self._create_case(channel=channel).acknowledge_at)
        for channel in ("portal", "website", "mail"):
            self.assertTrue(self._create_case(channel=channel).acknowledge_at)

    def test_team_can_switch_it_off(self):
        self.team.acknowledge = False
        self.assertFalse(self._receive_case().acknowledge_at)

    def test_imported_history_confirms_nothing(self):
        old = self._create_case(
            channel="mail", received_at=datetime(2026, 11, 22, 8, 59)
        )
        self.assertFalse(old.acknowledge_at)

    def test_set_aside_or_finished_case_is_not_confirmed(self):
        spam, done = self._receive_case(), self._receive_case()
        spam._set_aside("spam", "Lottery")
        done.action_resolve()
        self.assertFalse(self._acknowledge())
        self.assertEqual(
            self._events(done, "acknowledgement_skipped").cause, "set_aside"
        )

    def test_our_own_addresses_are_never_confirmed_to(self):
        self.env["aftersales.team"].create(
            {
                "name": "Second",
                "company_id": self.company.id,
                "alias_name": "second",
                "alias_domain_id": self.team.alias_domain_id.id,
            }
        )
        case = self._receive_case(sender="second@ourcompany.example.com")
        self._run_acknowledgements()
        self.assertFalse(self._new_mails)
        self.assertEqual(
            self._events(case, "acknowledgement_skipped").cause, "own_address"
        )

    def test_a_strangers_words_are_not_repeated(self):
        """Who has made up a sender does not write to them through us."""
        words = "BUY NOW http://spam.example"
        case = self._receive_case(subject=words, sender="victim@nowhere.example.com")
        self._run_acknowledgements()
        [mail] = self._sent_to("victim@nowhere.example.com")
        self.assertIn(case.number, mail["subject"])
        for text in (mail["subject"], mail["body"]):
            self.assertNotIn("BUY NOW", text)
        self._receive_case(subject="Left shoe")
        [mail] = self._acknowledge()
        self.assertIn("Left shoe", mail["subject"])

    def test_two_machines_stop_after_some_mails_a_day(self):
        self.env["ir.config_parameter"].set_param(
            "aftersales_service.acknowledgement_daily_limit", "2"
        )
        cases = self.env["aftersales.case"]
        for _index in range(3):
            cases |= self._receive_case()
        self.assertEqual(len(self._acknowledge()), 2)
        self.assertEqual(
            self._events(cases[2], "acknowledgement_skipped").cause, "too_many"
        )
        self.later(days=1, seconds=1)
        self._receive_case()
        self.assertEqual(len(self._acknowledge()), 1, "Another day")

    # Failures -----------------------------------------------------------------

    def test_failing_case_stops_no_other_and_is_tried_again(self):
        bad, good = self._receive_case(), self._receive_case()
        post = type(bad)._post_acknowledgement

        def fail(case):
            if case == bad:
                raise ValueError("template")
            return post(case)

        with self.assertLogs("odoo", level="ERROR") as log:
            self.patch(self.registry["aftersales.case"], "_post_acknowledgement", fail)
            self.assertEqual(len(self._acknowledge()), 1)
        self.assertIn("was not confirmed", log.output[0])
        self.assertTrue(good.acknowledged_at)
        self.assertFalse(bad.acknowledged_at)
        self.assertFalse(self._events(bad, "acknowledged"), "No claim without a mail")
        self.assertEqual(bad.acknowledge_at, datetime(2026, 11, 23, 9, 5))
        self.patch(self.registry["aftersales.case"], "_post_acknowledgement", post)
        self.later(minutes=5)
        self.assertEqual(len(self._acknowledge()), 1)

    def test_failing_case_is_given_up_after_a_day(self):
        case = self._receive_case()
        case._retry_acknowledgement(case.received_at + timedelta(days=1, seconds=1))
        self.assertEqual(self._events(case, "acknowledgement_skipped").cause, "failed")

    def test_ledger_refuses_a_second_claim(self):
        case = self._receive_case()
        self._acknowledge()
        with (
            self.assertRaises(psycopg2.errors.UniqueViolation),
            mute_logger("odoo.sql_db"),
            self.env.cr.savepoint(),
        ):
            case._acknowledge(datetime(2026, 11, 23, 9))

    def test_job_runs_through_its_cron(self):
        case = self._receive_case()
        cron = self.env.ref("aftersales_service.ir_cron_acknowledge")
        with self.enter_registry_test_mode(), self.mock_mail_gateway():
            cron.method_direct_trigger()
        self.assertTrue(case.acknowledged_at)

    def test_job_works_through_more_than_one_batch(self):
        cases = self.env["aftersales.case"].create(
            [
                {
                    "name": f"Case {index}",
                    "team_id": self.team.id,
                    "channel": "portal",
                    "email_from": f"c{index}@many.example.com",
                }
                for index in range(5)
            ]
        )
        with self.mock_mail_gateway(), self._uncommitted():
            self.env["aftersales.case"]._cron_acknowledge(batch_size=2)
        self.assertEqual(len(self._mails), 5)
        self.assertTrue(all(cases.mapped("acknowledged_at")))

    def test_idle_job_is_cheap(self):
        self.env.flush_all()
        with self.assertQueryCount(2), self._uncommitted():
            self.env["aftersales.case"]._cron_acknowledge()
