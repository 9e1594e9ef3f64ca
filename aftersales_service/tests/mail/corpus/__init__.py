"""Mails written for this project, each with what has to become of it.

They are data: ``test_corpus`` feeds them to the gateway one by one, and ``test_fuzz``
damages them.
"""

from . import automatic, charsets, damaged, enclosed, languages, people, shapes

MAILS = [
    mail
    for theme in (shapes, enclosed, languages, charsets, people, automatic, damaged)
    for mail in theme.MAILS
]
