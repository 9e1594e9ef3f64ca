"""Let those who lead a team, or answer for it on a higher level, see its cases without
being members. Record rules are not updated by themselves, for administrators may have
changed them."""

from odoo import SUPERUSER_ID, api

# Rule → path to the team, path to the owner.
RULES = {
    "aftersales_case_rule_own": ("team_id", "user_id"),
    "aftersales_clock_rule_own": ("case_id.team_id", "case_id.user_id"),
    "aftersales_event_rule_own": ("case_id.team_id", "case_id.user_id"),
    "aftersales_report_clock_rule_own": ("team_id", "user_id"),
    "aftersales_escalation_rule_own": ("team_id", "case_id.user_id"),
    "aftersales_notice_rule_own": ("case_id.team_id", "case_id.user_id"),
}


def migrate(cr, version):
    """Rewrite the rules that nobody has changed.

    :param str version: the version migrated from, empty for an installation
    """
    if not version:
        return
    env = api.Environment(cr, SUPERUSER_ID, {})
    for name, (team, owner) in RULES.items():
        rule = env.ref(f"aftersales_service.{name}", raise_if_not_found=False)
        own = f"('{owner}', '=', user.id)"
        if rule and rule.domain_force == f"[{own}]":
            overseen = f"('{team}', 'in', user.aftersales_overseen_team_ids.ids)"
            rule.domain_force = f"['|', {overseen}, {own}]"
