"""Row 16: a mail with an attachment comes in, and an answer to it."""

import base64
import itertools
from email.message import EmailMessage
from functools import partial

from benchmarks import world
from benchmarks.measure import compare
from benchmarks.result import Limits, compared

ATTACHMENT = base64.b64encode(bytes(range(256)) * 300)
_numbers = itertools.count(1)


def in_and_reply(bench):
    """A customer writes to a team, and answers; beside the same to a sales team."""
    for site in bench.sites:
        addresses = site.ask(_addresses)
        sender = site.ask(_sender)
        for what, limit, works in (
            ("mail in", 1.2, [partial(_new, a, sender) for a in addresses]),
            ("reply", 1.1, _reply_works(site, addresses, sender)),
        ):
            comparison = compare(*(partial(site.run, work, 1) for work in works))
            yield compared(
                f"{what}, {site.label} cases",
                comparison,
                against="crm.lead",
                limits=Limits(ratio=limit),
            )


def _addresses(env):
    case = world.teams(env)[0].alias_email
    team = env["crm.team"].search([("alias_name", "=", "bench-lead")])
    return case, team.alias_email


def _sender(env):
    partner = env["res.partner"].search([("name", "=like", "Contact %")], limit=1)
    return partner.email_formatted


def _mail(to, sender, **headers):
    message = EmailMessage()
    message["From"] = sender
    message["To"] = to
    message["Subject"] = "Left shoe too small"
    message["Message-ID"] = f"<bench.in.{next(_numbers)}@example.org>"
    for name, value in headers.items():
        message[name.replace("_", "-")] = value
    message.set_content("The left shoe is too small, the right one fits.\n")
    message.add_attachment(
        ATTACHMENT, maintype="image", subtype="png", filename="photo.png"
    )
    return message.as_bytes()


def _new(to, sender, env):
    return env["mail.thread"].message_process(None, _mail(to, sender))


def _reply_works(site, addresses, sender):
    """A record of each kind that has been answered, to be written to again."""
    works = []
    for model, address in zip(("aftersales.case", "crm.lead"), addresses, strict=True):
        site.run(partial(_start, model, address, sender), 1, commit=True)
        number = site.ask(partial(_last_outgoing, model))
        works.append(partial(_reply, address, sender, number))
    return works


def _start(model, address, sender, env):
    record = env[model].browse(_new(address, sender, env))
    record.message_post(
        body="Which size do you wear?",
        message_type="comment",
        subtype_xmlid="mail.mt_comment",
    )


def _last_outgoing(model, env):
    domain = [("model", "=", model), ("message_type", "=", "comment")]
    message = env["mail.message"].search(domain, order="id desc", limit=1)
    return message.message_id


def _reply(to, sender, number, env):
    mail = _mail(to, sender, In_Reply_To=number, References=number)
    env["mail.thread"].message_process(None, mail)
