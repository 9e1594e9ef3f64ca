from datetime import timedelta

from odoo import api, fields, models
from odoo.tools import SQL

from ...tools.business_time import is_known_zone

STATES = [("error", "Problem"), ("warning", "Check"), ("ok", "OK")]
# A job may be late by this many of its own intervals, and never by less than this.
LATE_INTERVALS = 5
LATE_AT_LEAST = timedelta(minutes=30)
# The comparison with the ledger is weekly.
CHECKED_WITHIN = timedelta(days=15)


class AftersalesHealthCheck(models.TransientModel):
    """One line of the page that says whether after-sales can do its work: what was
    looked at, what was found, and where to mend it."""

    _name = "aftersales.health.check"
    _description = "Health of After-Sales"
    _order = "rank, id"

    code = fields.Char(required=True)
    name = fields.Char(string="What", required=True)
    state = fields.Selection(STATES, required=True)
    rank = fields.Integer()
    message = fields.Text(string="Finding", required=True)
    mend_action = fields.Char(string="Action")
    mend_model = fields.Char(string="Model")
    mend_id = fields.Integer(string="Record")
    can_mend = fields.Boolean(string="Can Be Opened", compute="_compute_can_mend")

    def _compute_can_mend(self):
        for line in self:
            model = line.mend_model
            line.can_mend = bool(model) and self.env[model].has_access("write")

    # Actions --------------------------------------------------------------------

    @api.model
    def action_open(self):
        """Look at everything now and open the findings, the worst first."""
        self.check_access("read")
        # Nobody enters a finding: it would open whatever action it names.
        lines = self.sudo().create(self._findings()).sudo(False)
        action = self.env["ir.actions.actions"]._for_xml_id(
            "aftersales_service.aftersales_health_check_action"
        )
        action["domain"] = [("id", "in", lines.ids)]
        return action

    def action_refresh(self):
        """Look again."""
        return self.action_open()

    def action_mend(self):
        """Open the place where the finding is mended."""
        self.ensure_one()
        if self.mend_id:
            return self.env[self.mend_model].browse(self.mend_id)._get_records_action()
        if self.mend_action:
            return self.env["ir.actions.actions"]._for_xml_id(self.mend_action)
        return False

    # Checks ---------------------------------------------------------------------

    @api.model
    def _findings(self):
        """Return the values of all lines for the current company."""
        ranks = {state: rank for rank, (state, _label) in enumerate(STATES)}
        return [
            {**finding, "rank": ranks[finding["state"]]}
            for check in self._checks()
            for finding in check()
        ]

    @api.model
    def _checks(self):
        """Return the methods that look at one thing each; extendable. Each returns a
        list of findings, made with :meth:`_finding`."""
        return [
            self._check_teams,
            self._check_incoming,
            self._check_senders,
            self._check_outgoing,
            self._check_jobs,
            self._check_hours,
            self._check_zones,
            self._check_promises,
            self._check_clocks,
            self._check_integrity,
            self._check_stages,
        ]

    @api.model
    def _finding(
        self, code, name, state, message, action=None, record=None, model=None
    ):
        """Return the values of one line.

        :param str code: what was looked at
        :param str name: the same, translated
        :param str state: ``ok``, ``warning`` or ``error``
        :param str message: the finding, as a sentence that says what to do
        :param str action: xmlid of the action to mend it in
        :param record: record to mend it in
        :param str model: model that action shows, for the access check
        """
        return {
            "code": code,
            "name": name,
            "state": state,
            "message": message,
            "mend_action": action,
            "mend_model": record._name if record else model,
            "mend_id": record.id if record else False,
        }

    # Teams and addresses --------------------------------------------------------

    @api.model
    def _check_teams(self):
        teams = self.env["aftersales.team"].search(
            [("company_id", "=", self.env.company.id)]
        )
        if not teams:
            return [
                self._finding(
                    "team",
                    self.env._("Teams"),
                    "error",
                    self.env._("There is no team, so nobody can answer. Create one."),
                    action="aftersales_service.aftersales_team_action",
                    model="aftersales.team",
                )
            ]
        return [
            finding
            for team in teams
            for finding in (self._team_finding(team), self._address_finding(team))
        ]

    @api.model
    def _team_finding(self, team):
        if not team.member_ids:
            state, message = "error", self.env._("It has no members: add who answers.")
        elif not team.leader_id:
            state, message = (
                "warning",
                self.env._(
                    "It has no leader: nobody is notified when a promise is breached."
                ),
            )
        else:
            state, message = (
                "ok",
                self.env._(
                    "Members: %(count)s. %(leader)s is notified of breached promises.",
                    count=len(team.member_ids),
                    leader=team.leader_id.name,
                ),
            )
        name = self.env._("Team “%s”", team.name)
        return self._finding("team", name, state, message, record=team)

    @api.model
    def _address_finding(self, team):
        if not team.alias_name:
            state, message = (
                "warning",
                self.env._(
                    "It has no e-mail address: customers cannot write to it. Enter one."
                ),
            )
        elif not team.alias_domain_id:
            state, message = (
                "error",
                self.env._(
                    "Its address “%s” has no domain, so no mail reaches it. Choose "
                    "one.",
                    team.alias_name,
                ),
            )
        else:
            state, message = (
                "ok",
                self.env._("Customers write to %s.", team.alias_email),
            )
        name = self.env._("Address of “%s”", team.name)
        return self._finding("alias", name, state, message, record=team)

    # Scheduled jobs -------------------------------------------------------------

    @api.model
    def _job_xmlids(self):
        """Return the xmlids of the jobs after-sales cannot work without; extendable."""
        own = (
            self.env["ir.model.data"]
            .sudo()
            .search(
                [("module", "=", "aftersales_service"), ("model", "=", "ir.cron")],
                order="name",
            )
        )
        return [*own.mapped("complete_name"), "mail.ir_cron_mail_scheduler_action"]

    @api.model
    def _check_jobs(self):
        jobs = [
            self.env.ref(xmlid, raise_if_not_found=False)
            for xmlid in self._job_xmlids()
        ]
        return [self._job_finding(job.sudo()) for job in jobs if job]

    @api.model
    def _job_finding(self, job_sudo):
        if not job_sudo.active:
            state, message = (
                "error",
                self.env._(
                    "The job is switched off: what it does does not happen. Activate "
                    "it."
                ),
            )
        elif job_sudo.failure_count:
            state, message = (
                "error",
                self.env._(
                    "The job failed %s times in a row. The log of the server says why.",
                    job_sudo.failure_count,
                ),
            )
        elif self._is_late(job_sudo):
            state, message = (
                "error",
                self.env._(
                    "The job has not run when it should have. Check that the server "
                    "runs scheduled jobs."
                ),
            )
        else:
            state, message = "ok", self.env._("The job runs.")
        name = self.env._("Job “%s”", job_sudo.name)
        return self._finding(
            "job", name, state, message, action="base.ir_cron_act", model="ir.cron"
        )

    @api.model
    def _is_late(self, job_sudo):
        unit = {"minutes": 1, "hours": 60, "days": 1440, "weeks": 10080}
        minutes = job_sudo.interval_number * unit.get(job_sudo.interval_type, 43200)
        allowed = max(LATE_AT_LEAST, timedelta(minutes=LATE_INTERVALS * minutes))
        return job_sudo.nextcall + allowed < fields.Datetime.now()

    # Hours ----------------------------------------------------------------------

    @api.model
    def _check_hours(self):
        teams = self.env["aftersales.team"].search(
            [("company_id", "=", self.env.company.id)]
        )
        return [self._hours_finding(team) for team in teams]

    @api.model
    def _hours_finding(self, team):
        calendar_sudo = team.sudo()._service_calendar()
        name = self.env._("Hours of “%s”", team.name)
        if not calendar_sudo:
            message = self.env._(
                "Neither the team nor the company has working hours. Choose some."
            )
            return self._finding("hours", name, "error", message, record=team)
        if calendar_sudo.flexible_hours:
            message = self.env._(
                "“%s” are flexible: nothing can be promised in them. Choose working "
                "hours with fixed times.",
                calendar_sudo.name,
            )
            return self._finding("hours", name, "error", message, record=team)
        if not calendar_sudo.attendance_ids:
            message = self.env._(
                "“%s” hold no working time. Enter the times in which you work.",
                calendar_sudo.name,
            )
            return self._finding("hours", name, "error", message, record=team)
        message = self.env._(
            "“%(calendar)s”, in the time zone %(zone)s.",
            calendar=calendar_sudo.name,
            zone=calendar_sudo.tz,
        )
        return self._finding("hours", name, "ok", message, record=team)

    @api.model
    def _check_zones(self):
        """Whether this machine knows the time zones that are in use."""
        names = self._zones_in_use()
        unknown = sorted(name for name in names if not is_known_zone(name))
        if not unknown:
            return []
        message = self.env._(
            "This machine does not know %s; the company's zone is used instead. "
            "Choose another one on the contacts or working hours, or install the "
            "operating system's time zones.",
            ", ".join(unknown),
        )
        name = self.env._("Time zones")
        return [self._finding("zones", name, "warning", message)]

    @api.model
    def _zones_in_use(self):
        """Return the names of zones of contacts and of working hours."""
        rows = self.env.execute_query(
            SQL(
                "SELECT DISTINCT tz FROM res_partner WHERE tz IS NOT NULL"
                " UNION SELECT tz FROM resource_calendar WHERE tz IS NOT NULL"
                " UNION SELECT aftersales_tz FROM res_company"
                " WHERE aftersales_tz IS NOT NULL"
            )
        )
        return {name for (name,) in rows if name}

    # Promises -------------------------------------------------------------------

    @api.model
    def _check_promises(self):
        policies = self.env["aftersales.policy"].search(
            [("company_id", "in", (False, self.env.company.id))]
        )
        promised = set(policies.target_ids.mapped("kind"))
        kinds = self.env["aftersales.policy.target"]._selection_kind()
        findings = [
            self._promise_finding(label, code in promised) for code, label in kinds
        ]
        findings += [
            self._finding(
                "policy",
                self.env._("Order of the promises"),
                "warning",
                policy.order_warning,
                record=policy,
            )
            for policy in policies.filtered("order_warning")
        ]
        return findings

    @api.model
    def _promise_finding(self, label, is_promised):
        return self._finding(
            "promise",
            self.env._("Promise “%s”", label),
            "ok" if is_promised else "warning",
            self.env._("A time is set.")
            if is_promised
            else self.env._(
                "No time is set: nobody is warned, and nothing is promised to "
                "customers. Add it to a policy if you want to promise it."
            ),
            action="aftersales_service.aftersales_policy_action",
            model="aftersales.policy",
        )

    @api.model
    def _check_clocks(self):
        count = (
            self.env["aftersales.clock"]
            .sudo()
            .search_count(
                [("error_count", ">", 0), ("company_id", "=", self.env.company.id)]
            )
        )
        if not count:
            return []
        return [
            self._finding(
                "clock",
                self.env._("Failed notifications"),
                "error",
                self.env._(
                    "Of %s promises a step cannot be taken, or no deadline can be "
                    "found. The list says why, and what to do.",
                    count,
                ),
                action="aftersales_service.aftersales_clock_action_failing",
                model="resource.calendar",
            )
        ]

    @api.model
    def _check_integrity(self):
        """What the last comparison with the ledger found, and whether there was one
        lately."""
        check_sudo = self.env["aftersales.difference"]._last_check(self.env.company)
        state, message = self._integrity_verdict(check_sudo)
        return [
            self._finding(
                "integrity",
                self.env._("Agreement with the ledger"),
                state,
                message,
                action="aftersales_service.aftersales_difference_action",
                model="aftersales.team",
            )
        ]

    @api.model
    def _integrity_verdict(self, check_sudo):
        """Return the state of the line and its sentence."""
        if not check_sudo:
            return "warning", self.env._(
                "Cases and promises have not been compared with their ledger yet. "
                "Press “Check Integrity”."
            )
        if (check_sudo.result or {}).get("differences") or check_sudo.failed:
            return "error", check_sudo.description
        if check_sudo.finished_at < fields.Datetime.now() - CHECKED_WITHIN:
            return "warning", self.env._(
                "The last comparison with the ledger is too long ago. Press “Check "
                "Integrity”, and see whether the server runs scheduled jobs."
            )
        return "ok", check_sudo.description

    def action_check_integrity(self):
        """Compare cases and promises with their ledger, in the background."""
        return self.env["aftersales.difference"].action_check()

    # Stages ---------------------------------------------------------------------

    @api.model
    def _check_stages(self):
        """Every team needs a stage to begin in, one to work in, one to end in."""
        stages = self.env["aftersales.stage"].search([("team_ids", "=", False)])
        labels = dict(stages._fields["kind"]._description_selection(self.env))
        kinds = set(stages.mapped("kind"))
        missing = [
            labels[kind]
            for kind in ("new", "working", "resolved", "closed")
            if kind not in kinds
        ]
        return [
            self._finding(
                "stage",
                self.env._("Stages"),
                "error" if missing else "ok",
                self.env._(
                    "No stage that every team uses is of kind %s. Create one.",
                    ", ".join(missing),
                )
                if missing
                else self.env._("Cases can begin, be worked on, be solved and closed."),
                action="aftersales_service.aftersales_stage_action",
                model="aftersales.stage",
            )
        ]
