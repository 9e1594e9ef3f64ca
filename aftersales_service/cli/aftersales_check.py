import argparse
import sys

from odoo import SUPERUSER_ID, api
from odoo.cli.command import Command
from odoo.modules.registry import Registry
from odoo.tools import config

BATCH = 500


class AftersalesCheck(Command):
    """Compare all after-sales cases and promises with their ledger"""

    name = "aftersales_check"
    description = (
        "Compares every after-sales case and promise with what follows from its "
        "ledger, and prints what differs."
    )
    epilog = (
        "Nothing is changed, unless mirrors are to be rebuilt.\n"
        "Exit status: 0 all agree, 1 something differs, 2 it could not be checked."
    )

    def run(self, cmdargs):
        """Check, print and leave with an exit status."""
        arguments = self._parse(cmdargs)
        registry = Registry(config["db_name"][0])
        with registry.cursor() as cr:
            env = api.Environment(cr, SUPERUSER_ID, {})
            if "aftersales.difference" not in env:
                print("After-Sales Service is not installed.", file=sys.stderr)
                sys.exit(2)
            found = self._check(env, arguments.rebuild_mirrors)
        sys.exit(1 if found else 0)

    def _parse(self, cmdargs):
        parser = self.parser
        parser.formatter_class = argparse.RawDescriptionHelpFormatter
        parser.add_argument("-c", "--config", help="configuration file")
        parser.add_argument("-d", "--database", help="name of the database")
        parser.add_argument(
            "--rebuild-mirrors",
            action="store_true",
            help="first work out again what only mirrors the ledger and the clocks",
        )
        arguments = parser.parse_args(args=cmdargs)
        options = ["--no-http"]
        options += ["-c", arguments.config] if arguments.config else []
        options += ["-d", arguments.database] if arguments.database else []
        config.parse_config(options, setup_logging=True)
        if len(config["db_name"] or ()) != 1:
            parser.error("name one database with -d")
        return arguments

    def _check(self, env, rebuild):
        """Go through all cases by id; return the number of differences."""
        checker = env["aftersales.difference"]
        cases, clocks, differences, after = 0, 0, 0, 0
        while ids := self._next_ids(env, after):
            if rebuild:
                checker._rebuild_mirrors(ids)
                env.cr.commit()
            found, count = checker._check_cases(ids)
            for one in found:
                print(checker._finding_line(*one))
            cases, clocks = cases + len(ids), clocks + count
            differences, after = differences + len(found), ids[-1]
            env.invalidate_all(flush=False)
        print(f"{cases} cases, {clocks} promises, {differences} differences")
        return differences

    def _next_ids(self, env, after):
        env.cr.execute(
            "SELECT id FROM aftersales_case WHERE id > %s ORDER BY id LIMIT %s",
            [after, BATCH],
        )
        return [row[0] for row in env.cr.fetchall()]
