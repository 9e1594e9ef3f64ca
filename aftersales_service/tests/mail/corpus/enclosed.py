"""What a mail holds within: other mails, signatures, ciphers, invitations."""

from .build import (
    ALL_BYTES,
    Mail,
    Part,
    Right,
    alternative,
    attached,
    file,
    html,
    mail,
    mixed,
    multi,
    text,
)

WORDS = "The left one is too small."
HTML = html(f"<html><body><p>{WORDS}</p></body></html>")
PLAIN = text(WORDS)
# Words of somebody else, in a mail that is attached.
THEIRS = mail(
    alternative(text("THEIR WORDS"), html("<p>THEIR WORDS</p>")), subject="Old matter"
)
CALENDAR = (
    b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nMETHOD:REQUEST\r\nBEGIN:VEVENT\r\n"
    b"UID:1@gemini.example.com\r\nDTSTART:20261124T090000Z\r\nSUMMARY:Repair\r\n"
    b"END:VEVENT\r\nEND:VCALENDAR\r\n"
)
TNEF = b"\x78\x9f\x3e\x22\x01\x00" + ALL_BYTES
SIGNATURE = (
    b"-----BEGIN PGP SIGNATURE-----\r\n\r\niQEzBAEBCAAdFiEE\r\n=abcd\r\n"
    b"-----END PGP SIGNATURE-----\r\n"
)
ARMOUR = SIGNATURE.replace(b"SIGNATURE", b"MESSAGE")

MAILS = [
    # Mails in mails ---------------------------------------------------------------
    Mail(
        "attached mail is a file",
        mail(mixed(PLAIN, attached(THEIRS))),
        Right(says=(WORDS,), hides=("THEIR",), files=(("Old matter.eml", THEIRS),)),
    ),
    Mail(
        "attached mail with a file name",
        mail(
            mixed(
                PLAIN,
                attached(
                    THEIRS, content_disposition='attachment; filename="order.eml"'
                ),
            )
        ),
        Right(says=(WORDS,), hides=("THEIR",), files=(("order.eml", THEIRS),)),
    ),
    Mail(
        "attached mail with long and raw headers byte for byte",
        mail(
            mixed(
                PLAIN,
                attached(
                    b"Subject: Gr\xf6\xdfe\r\nX-Long: " + b"word " * 60 + b"\r\n"
                    b"From: a@x.example\r\n\r\nFrom here on it is signed.\r\n"
                ),
            )
        ),
        Right(
            says=(WORDS,),
            files=(
                (
                    "Größe.eml",
                    b"Subject: Gr\xf6\xdfe\r\nX-Long: " + b"word " * 60 + b"\r\n"
                    b"From: a@x.example\r\n\r\nFrom here on it is signed.\r\n",
                ),
            ),
        ),
    ),
    Mail(
        "attached mail that has a file of its own",
        mail(mixed(PLAIN, attached(mail(mixed(text("THEIRS"), file()))))),
        Right(says=(WORDS,), hides=("THEIRS",), files=("Left shoe too small.eml",)),
    ),
    Mail(
        "attached mail in base64, against the rules",
        mail(
            mixed(
                PLAIN,
                file(THEIRS, "order.eml", "message/rfc822"),
            )
        ),
        Right(says=(WORDS,), hides=("THEIR",), files=(("order.eml", THEIRS),)),
    ),
    Mail(
        "digest of a mailing list",
        mail(
            multi("digest", attached(THEIRS), attached(THEIRS)), list_id="<l.example>"
        ),
        Right(files=("Old matter.eml", "Old matter.eml")),
    ),
    Mail(
        "a mail that is nothing but another",
        mail(attached(THEIRS)),
        Right(hides=("THEIR",), files=("Old matter.eml",)),
    ),
    # Signed, encrypted, invited ----------------------------------------------------
    Mail(
        "signed with a certificate",
        mail(
            multi(
                "signed",
                PLAIN,
                file(ALL_BYTES, "smime.p7s", "application/pkcs7-signature"),
                parameters='; protocol="application/pkcs7-signature"; micalg=sha-256',
            )
        ),
        Right(says=(WORDS,), files=(("smime.p7s", ALL_BYTES),)),
    ),
    Mail(
        "encrypted with a certificate",
        mail(
            file(
                ALL_BYTES,
                "smime.p7m",
                "application/pkcs7-mime; smime-type=enveloped-data",
            )
        ),
        Right(files=(("smime.p7m", ALL_BYTES),)),
    ),
    Mail(
        "signed with a key",
        mail(
            multi(
                "signed",
                PLAIN,
                file(
                    SIGNATURE,
                    "signature.asc",
                    "application/pgp-signature",
                    content_transfer_encoding="7bit",
                ),
                parameters='; protocol="application/pgp-signature"',
            )
        ),
        Right(says=(WORDS,), files=("signature.asc",)),
    ),
    Mail(
        "encrypted with a key",
        mail(
            multi(
                "encrypted",
                Part({"Content-Type": "application/pgp-encrypted"}, b"Version: 1\r\n"),
                file(
                    ARMOUR,
                    "encrypted.asc",
                    "application/octet-stream",
                    content_transfer_encoding="7bit",
                ),
            )
        ),
        Right(files=("attachment", "encrypted.asc")),
    ),
    Mail(
        "signed within the text",
        mail(text(f"-----BEGIN PGP SIGNED MESSAGE-----\r\n\r\n{WORDS}")),
        Right(says=(WORDS,)),
    ),
    Mail(
        "invitation",
        mail(
            mixed(
                alternative(
                    PLAIN,
                    HTML,
                    Part({"Content-Type": "text/calendar; method=REQUEST"}, CALENDAR),
                ),
                file(CALENDAR, "invite.ics", "application/ics"),
            )
        ),
        Right(
            says=(WORDS,),
            hides=("VEVENT",),
            files=("attachment.ics", ("invite.ics", CALENDAR)),
        ),
    ),
    Mail(
        "invitation without a text",
        mail(Part({"Content-Type": "text/calendar; method=REPLY"}, CALENDAR)),
        Right(hides=("VEVENT",), files=(("attachment.ics", CALENDAR),)),
    ),
    Mail(
        "rich text of an office",
        mail(mixed(PLAIN, file(TNEF, "winmail.dat", "application/ms-tnef"))),
        Right(says=(WORDS,), files=(("winmail.dat", TNEF),)),
    ),
]
