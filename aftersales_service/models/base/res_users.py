from collections import defaultdict

from odoo import fields, models
from odoo.fields import Domain


class ResUsers(models.Model):
    _inherit = "res.users"

    aftersales_team_ids = fields.Many2many(
        "aftersales.team",
        "aftersales_team_member_rel",
        "user_id",
        "team_id",
        string="After-Sales Teams",
        readonly=True,
    )
    aftersales_overseen_team_ids = fields.Many2many(
        "aftersales.team",
        string="After-Sales Teams Overseen",
        compute="_compute_aftersales_overseen_team_ids",
    )

    aftersales_has_all_companies = fields.Boolean(
        compute="_compute_aftersales_has_all_companies",
        export_string_translation=False,
    )

    def _compute_aftersales_has_all_companies(self):
        """What all companies share is changed only by who works in all of them; record
        rules say so."""
        companies = self.env["res.company"].sudo().search(Domain.TRUE)
        for user in self:
            user.aftersales_has_all_companies = not companies - user.company_ids

    def _compute_aftersales_overseen_team_ids(self):
        """Of those they lead or answer for on a higher level they see all cases, member
        or not; record rules say so."""
        Team = self.env["aftersales.team"].sudo()
        levels = Team._LEVEL_FIELDS.values()
        domain = Domain.OR([(name, "in", self.ids)] for name in levels)
        # Whoever reads the field looks at whether the teams are archived.
        teams = Team.search_fetch(domain, [*levels, "active"])
        overseen = defaultdict(Team.browse)
        for team in teams:
            for name in levels:
                overseen[team[name].id] |= team
        for user in self:
            user.aftersales_overseen_team_ids = overseen[user.id]
