from odoo import api, fields, models
from odoo.exceptions import UserError


class AftersalesCase(models.Model):
    """How a case begins: its values, its stage, its number, its first line."""

    _inherit = "aftersales.case"

    @api.model
    def default_get(self, fields):
        """Take no default from outside, neither a context's nor a user's own, for what
        only the case's own methods write."""
        values = super().default_get(fields)
        for name in self._protected_fields() & values.keys():
            del values[name]
            if default := self._fields[name].default:
                values[name] = default(self)
        return values

    def _complete_values(self, vals):
        """Complete one dict of values by what does not depend on other records."""
        self._refuse_protected(vals, self._protected_fields())
        defaults = self.default_get(["team_id", "company_id"])
        for name, value in defaults.items():
            vals.setdefault(name, value)
        Team = self.env["aftersales.team"]
        if vals.get("team_id"):
            team = Team.browse(vals["team_id"])
        else:
            company = self.env["res.company"].browse(vals.get("company_id"))
            team = Team._default_team(company or None)
        if not team:
            raise UserError(
                self.env._(
                    "There is no after-sales team to take the case. Create one under "
                    "After-Sales ▸ Configuration ▸ Teams."
                )
            )
        vals["team_id"] = team.id
        vals["company_id"] = team.sudo().company_id.id
        if not vals.get("user_id") and self._takes_what_he_makes(team):
            vals["user_id"] = self.env.uid
        if not vals.get("received_at"):
            vals["received_at"] = fields.Datetime.now()
        if not (vals.get("name") or "").strip():
            vals["name"] = self.env._("No subject")
        return vals

    @api.model
    def _takes_what_he_makes(self, team):
        """Whether a case of a team that nobody owns would be out of its maker's sight:
        then it is theirs, as when a specialist writes down a call.

        :param team: ``aftersales.team`` record
        """
        user = self.env.user
        prefix = "aftersales_service.group_aftersales_"
        if self.env.su or not user.has_group(f"{prefix}user"):
            return False
        if user.has_group(f"{prefix}manager"):
            return False
        user_sudo = user.sudo()
        if team in user_sudo.aftersales_overseen_team_ids:
            return False
        return not user.has_group(f"{prefix}team") or team not in (
            user_sudo.aftersales_team_ids
        )

    def _set_initial_stages(self, vals_list):
        """Let every new case begin in the first stage of its team.

        :return: list of the ``aftersales.stage`` ids asked for, or False, in order
        """
        Stage = self.env["aftersales.stage"]
        initial = {}
        wanted = []
        for vals in vals_list:
            team_id = vals["team_id"]
            if team_id not in initial:
                team = self.env["aftersales.team"].browse(team_id)
                initial[team_id] = Stage._of_kind("new", team)
            stage = initial[team_id]
            if not stage:
                raise UserError(
                    self.env._(
                        "There is no stage of kind “New” to begin a case in. Create "
                        "one under After-Sales ▸ Configuration ▸ Stages."
                    )
                )
            asked = vals.get("stage_id")
            asked_id = Stage._of_value(asked).id if asked else False
            wanted.append(asked_id if asked_id != stage.id else False)
            vals.update(stage_id=stage.id, stage_kind="new")
        return wanted

    def _draw_numbers(self, vals_list):
        """Number the cases, one query per company."""
        by_company = {}
        for vals in vals_list:
            by_company.setdefault(vals["company_id"], []).append(vals)
        for company_id, company_vals in by_company.items():
            company = self.env["res.company"].sudo().browse(company_id)
            if not company.aftersales_sequence_id:
                company._aftersales_prepare()
            numbers = company.aftersales_sequence_id._aftersales_draw(len(company_vals))
            for vals, number in zip(company_vals, numbers, strict=True):
                vals["number"] = number

    def _log_received(self):
        """Write the first line of each ledger."""
        lines = [
            self._event(
                case,
                "received",
                case.received_at,
                data={
                    "channel": case.channel,
                    "stage": case.stage_id.id,
                    "team": case.team_id.id,
                    "user": case.user_id.id,
                    "partner": case.partner_id.id,
                    "order": case.sale_order_id.id,
                    "active": case.active,
                },
            )
            for case in self
        ]
        self.env["aftersales.event"]._append(lines)

    def _on_created(self):
        """Hook: the cases have been created, and their receipt is in the ledger."""
