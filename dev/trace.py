"""Which files a mail enters on its way to a case with its promises.

Run inside of Odoo's own Python: `python -m dev.trace CONFIG DATABASE`. Nothing is kept:
what the mail makes is rolled back.
"""

import sys
from email.message import EmailMessage

from odoo import SUPERUSER_ID, api
from odoo.modules.registry import Registry
from odoo.tools import config

ADDON = "aftersales_service"
MIRRORED = ("models", "wizard", "controllers", "report")


class Way:
    """The files a thread enters, in their order."""

    def __init__(self):
        self.files = []

    def __call__(self, frame, event, _argument):
        path = frame.f_code.co_filename
        if event == "call" and f"/{ADDON}/" in path:
            name = path.rsplit(f"/{ADDON}/", 1)[1]
            if not self.files or self.files[-1] != name:
                self.files.append(name)

    @property
    def rooms(self):
        """The rooms in the order of their visit."""
        visited = [room(name) for name in self.files]
        return [
            name
            for name, last in zip(visited, [None, *visited], strict=False)
            if name != last
        ]


def room(name):
    """Return the room of a file of the addon."""
    parts = name.split("/")
    return parts[1] if parts[0] in MIRRORED and len(parts) > 2 else parts[0]


def mail(address):
    """Return a mail of a customer, as a mail server hands it over."""
    message = EmailMessage()
    message["From"] = "Rosa Romero <rosa@customer.example>"
    message["To"] = address
    message["Subject"] = "Left shoe too small"
    message["Message-ID"] = "<one@customer.example>"
    message.set_content("The left shoe is too small. What can I do?")
    return message.as_bytes()


def way_of_a_mail(env):
    """Let a mail come in and return its :class:`Way`."""
    domain = env["mail.alias.domain"].create({"name": "company.example"})
    team = env["aftersales.team"].search([], limit=1)
    team.write({"alias_name": "trace", "alias_domain_id": domain.id})
    env.flush_all()
    way = Way()
    sys.setprofile(way)
    try:
        env["mail.thread"].message_process(None, mail("trace@company.example"))
        env.flush_all()
    finally:
        sys.setprofile(None)
    case = env["aftersales.case"].search(
        [("team_id", "=", team.id)], limit=1, order="id desc"
    )
    assert case.clock_ids, "The mail became no case with promises"
    return way


def main(argv):
    """Print how many files the way of a mail enters, and how often it changes."""
    config_file, database = argv
    config.parse_config(["-c", config_file, "-d", database], setup_logging=False)
    with Registry(database).cursor() as cr:
        way = way_of_a_mail(api.Environment(cr, SUPERUSER_ID, {}))
        cr.rollback()
    print(f"files entered            {len(set(way.files))}")
    print(f"jumps from file to file  {len(way.files) - 1}")
    print(f"jumps from room to room  {len(way.rooms) - 1}")


if __name__ == "__main__":
    main(sys.argv[1:])
