from email import message_from_string, policy

from odoo.tests import BaseCase, tagged

from ...tools.sender_proof import is_proven, server_of

# As the servers of the large providers, and rspamd beside Dovecot, write them.
SEEN = {
    "mx.google.com": (
        "mx.google.com; dkim=pass header.i=@gemini.example header.s=s1 "
        "header.b=AbC123; spf=pass (google.com: domain of ana@gemini.example "
        "designates 192.0.2.7 as permitted sender) smtp.mailfrom=ana@gemini.example; "
        "dmarc=pass (p=NONE sp=NONE dis=NONE) header.from=gemini.example"
    ),
    "-": (
        "spf=pass (sender IP is 192.0.2.7) smtp.mailfrom=gemini.example; dkim=pass "
        "(signature was verified) header.d=gemini.example;dmarc=pass action=none "
        "header.from=gemini.example;compauth=pass reason=100"
    ),
    "atlas-1.omega.yahoo.com": (
        "atlas-1.omega.yahoo.com; dkim=pass header.i=@gemini.example header.s=k1; "
        "spf=pass smtp.mailfrom=gemini.example; dmarc=pass(p=REJECT) "
        "header.from=gemini.example;"
    ),
    "mail.own.example": (
        "mail.own.example; dkim=pass header.d=gemini.example header.s=2026 "
        "header.b=xyz; spf=pass (mail.own.example: domain of ana@gemini.example "
        "designates 192.0.2.7 as permitted sender) smtp.mailfrom=ana@gemini.example; "
        "dmarc=pass (policy=none) header.from=gemini.example"
    ),
}


@tagged("post_install", "-at_install")
class TestSenderProof(BaseCase):
    def _mail(self, *results, sender="Ana <ana@gemini.example>", more=""):
        lines = "".join(f"Authentication-Results: {result}\n" for result in results)
        source = f"{lines}From: {sender}\n{more}Subject: x\n\nHello"
        return message_from_string(source, policy=policy.SMTP)

    def _assert_proven(self, expected, *results, server="mx.own.example", **mail):
        self.assertIs(is_proven(self._mail(*results, **mail), server), expected)

    def test_the_servers_of_the_large_providers_are_read(self):
        for server, result in SEEN.items():
            with self.subTest(server=server):
                self.assertEqual(server_of(self._mail(result)), server)
                self._assert_proven(True, result, server=server)
                self._assert_proven(False, result, server="mx.other.example")
                self._assert_proven(
                    False, result, server=server, sender="boss@own.example"
                )

    def test_a_domain_stands_for_its_servers(self):
        result = SEEN["atlas-1.omega.yahoo.com"]
        self._assert_proven(True, result, server="yahoo.com")
        self._assert_proven(True, result, server=" Yahoo.COM ")
        self._assert_proven(False, result, server="hoo.com")
        self._assert_proven(False, result, server="")

    def test_a_folded_header_is_one(self):
        folded = SEEN["mail.own.example"].replace("; ", ";\n\t")
        self._assert_proven(True, folded, server="mail.own.example")

    def test_one_check_about_the_address_is_enough(self):
        for check, expected in (
            ("dmarc=pass header.from=gemini.example", True),
            ("dmarc=pass header.from=evil.example", False),
            ("dmarc=fail header.from=gemini.example", False),
            ("dmarc=pass", False),
            ("dkim=pass header.d=gemini.example", True),
            ("dkim=pass header.d=evil.example", False),
            ("dkim=pass header.d=example", False),
            ("dkim=pass header.d=sub.gemini.example", False),
            ("dkim=pass header.d=mini.example", False),
            ("dkim=none header.d=gemini.example", False),
            ("spf=pass smtp.mailfrom=bounce@gemini.example", True),
            ("spf=pass smtp.mailfrom=evil.example", False),
            ("spf=softfail smtp.mailfrom=gemini.example", False),
            ("spf=pass smtp.helo=gemini.example", False),
            ("auth=pass smtp.auth=ana@gemini.example", True),
            ("auth=pass smtp.auth=bob@gemini.example", False),
            ("iprev=pass policy.iprev=192.0.2.7", False),
            ("none", False),
        ):
            with self.subTest(check=check):
                self._assert_proven(expected, f"mx.own.example; {check}")

    def test_a_parent_domain_vouches_for_those_below(self):
        sender = "Ana <ana@shop.gemini.example>"
        check = "mx.own.example; dkim=pass header.d=gemini.example"
        self._assert_proven(True, check, sender=sender)

    def test_only_the_topmost_of_our_server_counts(self):
        ours = "mx.own.example; dmarc=fail header.from=gemini.example"
        forged = "mx.own.example; dmarc=pass header.from=gemini.example"
        others = "mx.evil.example; dmarc=pass header.from=gemini.example"
        self._assert_proven(False, ours, forged)
        self._assert_proven(False, others)
        self._assert_proven(True, others, forged)
        self._assert_proven(False, others, ours, forged)

    def test_words_in_brackets_are_no_result(self):
        for forged in (
            "mx.own.example; spf=fail (dmarc=pass header.from=gemini.example)",
            "mx.own.example; spf=fail (a (b) ; dmarc=pass header.from=gemini.example)",
            "(mx.own.example; dmarc=pass header.from=gemini.example) mx.evil.example",
            'mx.own.example; spf=fail smtp.mailfrom="x dmarc=pass '
            'header.from=gemini.example"',
            'mx.own.example; spf=fail smtp.mailfrom="x; dmarc=pass '
            'header.from=gemini.example"@evil.example',
            'mx.own.example; spf=fail smtp.mailfrom="(\\"; dmarc=pass '
            'header.from=gemini.example"',
            "mx.own.example; spf=fail (\\); dmarc=pass header.from=gemini.example)",
            'mx.own.example; spf=fail (") smtp.mailfrom="; dmarc=pass '
            'header.from=gemini.example"',
        ):
            with self.subTest(forged=forged):
                self._assert_proven(False, forged)

    def test_who_it_is_from_must_be_one(self):
        good = "mx.own.example; dmarc=pass header.from=gemini.example"
        for sender in (
            "ana@gemini.example, boss@own.example",
            "boss@own.example, ana@gemini.example",
            "ana@gemini.example@own.example",
            "Ana",
            "",
        ):
            with self.subTest(sender=sender):
                self._assert_proven(False, good, sender=sender)
        more = "From: boss@own.example\n"
        self._assert_proven(False, good, more=more)

    def test_nonsense_proves_nothing_and_takes_no_time(self):
        for result in ("", ";", ";;;", "(" * 9_000, "a=" * 9_000, "\u2028" * 50):
            with self.subTest(result=result[:10]):
                self._assert_proven(False, result)
        self.assertIsNone(server_of(self._mail()))
