"""The board of managers."""

from datetime import datetime

from odoo import api, fields, models
from odoo.exceptions import AccessError
from odoo.tools import SQL

from ...tools.stage_kinds import WAITING_KINDS
from .aftersales_case_board_counts import FIGURES

# Cases shown in each column, the most pressing first.
CARD_LIMIT = 6
# Columns of people; beyond that those with the most open cases are shown.
PEOPLE_LIMIT = 40
TOMORROW_LIMIT = 12
# Who has more than so many times the average, and more than so few, has too much.
BUSY_FACTOR = 1.5
BUSY_CASES = 5

CARD_FIELDS = (
    "company_id",
    "name",
    "next_deadline",
    "next_warning_at",
    "number",
    "partner_id",
    "priority",
    "stage_id",
    "stage_kind",
    "user_id",
)
NO_PROMISE = SQL(
    "NULL::int AS promise_id, NULL::varchar AS kind,"
    " NULL::timestamp AS deadline, NULL::timestamp AS warning_at"
)


class AftersalesCase(models.Model):
    """The live board: where trouble is, who carries what, what may break next.

    All of it is counted by the database, over the cases the reader may see; a fixed
    number of cases is read. Nothing is judged by what a job has stored, all by now.
    """

    _inherit = "aftersales.case"

    is_update_overdue = fields.Boolean(
        string="Update Overdue",
        compute="_compute_is_update_overdue",
        search="_search_is_update_overdue",
        help="The customer was to hear of progress, and has not.",
    )

    # What the screen asks for ---------------------------------------------------

    @api.model
    @api.readonly
    def get_board(self, team_ids=None):
        """Return what the board shows, as plain data.

        :param list team_ids: ids of the teams to show; all of the reader's when empty
        :return: dict with ``now``, ``teams``, ``team_ids``, ``can_assign``, ``domain``,
            ``tiles``, ``people`` (those of nobody first), ``more_people``, ``average``
            and ``tomorrow``
        :raise AccessError: for who neither manages cases nor leads a team
        """
        self._refuse_customers()
        teams = self._board_teams()
        chosen = teams.filtered(lambda team: team.id in (team_ids or ()))
        domain = self._board_domain(teams, chosen)
        now = fields.Datetime.now()
        board = {
            "now": fields.Datetime.to_string(now),
            "teams": [{"id": team.id, "name": team.name} for team in teams],
            "team_ids": chosen.ids,
            "can_assign": self.has_access("write"),
            "domain": domain,
        }
        self.flush_model()
        figures = self._board_figures(domain, now)
        counts = self._board_counts(figures)
        people = self._board_people(counts, chosen or teams)
        top = self._board_top(domain, now, [person["id"] for person in people])
        cards = self._board_cards(top)
        board["tiles"] = self._board_tiles(domain, counts, figures)
        board["tomorrow"] = self._board_tomorrow(domain, now, figures, cards)
        board.update(self._board_columns(people, counts, figures, cards))
        return board

    def give_on_board(self, user_id, team_ids=None):
        """Give the cases to a person, and return the board as it is then, so that cards
        and figures are those of one moment.

        :param user_id: id of the person, False for nobody
        :param list team_ids: as for :meth:`get_board`
        :return: what :meth:`get_board` returns
        :raise AccessError: for who may not change the cases
        """
        self._refuse_customers()
        self.write({"user_id": user_id})
        return self.browse().get_board(team_ids)

    # Who may see what -----------------------------------------------------------

    @api.model
    def _board_is_for_user(self):
        """Whether the user manages cases, or oversees a team."""
        return self._board_of_all() or bool(self._board_overseen_teams())

    @api.model
    def _board_of_all(self):
        prefix = "aftersales_service.group_aftersales_"
        return self.env.su or self.env.user.has_groups(
            f"{prefix}manager,{prefix}management"
        )

    @api.model
    def _board_overseen_teams(self):
        """Return the teams that somebody who works with cases leads, or answers for on
        a higher level."""
        Team, user = self.env["aftersales.team"], self.env.user
        if not user.has_group("aftersales_service.group_aftersales_user"):
            return Team
        overseen = user.sudo().aftersales_overseen_team_ids
        return Team.search_fetch([("id", "in", overseen.ids)], ["name"])

    @api.model
    def _board_teams(self):
        """Return the teams whose cases the user oversees.

        :return: ``aftersales.team`` records
        :raise AccessError: for who neither manages cases nor leads a team
        """
        if self._board_of_all():
            return self.env["aftersales.team"].search_fetch([], ["name"])
        teams = self._board_overseen_teams()
        if not teams:
            raise AccessError(
                self.env._(
                    "The board is for managers and for those who lead a team. Your own "
                    "cases are under After-Sales ▸ Cases ▸ My Queue."
                )
            )
        return teams

    @api.model
    def _board_domain(self, teams, chosen):
        """Return the domain of the board's cases as a list the web client takes.

        Who oversees everything sees the cases of archived teams, too.
        """
        domain = [("mark", "=", False), ("is_open", "=", True)]
        if chosen or not self._board_of_all():
            domain.append(("team_id", "in", (chosen or teams).ids))
        return domain

    # Cases ------------------------------------------------------------------------

    @api.model
    def _board_top(self, domain, now, user_ids):
        """Return the most pressing cases of each person, and of those nobody has, and
        the promises that may break next, all by one query.

        :return: {user id, False, or "tomorrow": list of dicts with ``case_id`` and, for
            tomorrow, ``promise_id``, ``kind``, ``deadline`` and ``warning_at``}
        """
        parts = [
            self._top_of_people_sql(domain, [uid for uid in user_ids if uid]),
            self._top_of_nobody_sql(domain),
            self._top_of_tomorrow_sql(domain, now),
        ]
        top = {}
        for row in self.env.execute_query_dict(SQL(" UNION ALL ").join(parts)):
            key = "tomorrow" if row["promise_id"] else row["user_id"] or False
            top.setdefault(key, []).append(row)
        return top

    @api.model
    def _top_of_people_sql(self, domain, user_ids):
        query = self._search(domain)
        query.add_where(SQL("aftersales_case.user_id = person.id"))
        query.order = self._queue_order()
        query.limit = CARD_LIMIT
        return SQL(
            "SELECT person.id AS user_id, pressing.id AS case_id, %s"
            " FROM unnest(%s::int[]) AS person(id) CROSS JOIN LATERAL (%s) AS pressing",
            NO_PROMISE,
            user_ids,
            query.select(),
        )

    @api.model
    def _top_of_nobody_sql(self, domain):
        query = self._search([*domain, ("user_id", "=", False)])
        query.order = self._queue_order()
        query.limit = CARD_LIMIT
        return SQL("(%s)", query.select(SQL("NULL::int"), SQL("id"), NO_PROMISE))

    @api.model
    def _top_of_tomorrow_sql(self, domain, now):
        query = self._tomorrow_query(domain, now)
        query.order = SQL("aftersales_clock.deadline, aftersales_clock.id")
        query.limit = TOMORROW_LIMIT
        names = ("case_id", "id", "kind", "deadline", "warning_at")
        columns = [SQL.identifier("aftersales_clock", name) for name in names]
        return SQL("(%s)", query.select(SQL("NULL::int"), *columns))

    @api.model
    def _board_cards(self, top):
        """Return {user id, False, or "tomorrow": list of cards}, in their order."""
        cases = self.browse({row["case_id"] for rows in top.values() for row in rows})
        cases.fetch(CARD_FIELDS)
        # The name of a customer is shown to whoever may read their case.
        cases_sudo = cases.sudo()
        cases_sudo.partner_id.fetch(["name", "commercial_company_name"])
        by_id = {case_sudo.id: case_sudo for case_sudo in cases_sudo}
        cards = {
            "tomorrow": [
                by_id[row["case_id"]]._board_promise_card(row)
                for row in top.pop("tomorrow", ())
            ]
        }
        for key, rows in top.items():
            column = [by_id[row["case_id"]] for row in rows]
            column.sort(key=lambda case_sudo: case_sudo._queue_key())
            cards[key] = [case_sudo._board_card() for case_sudo in column]
        return cards

    def _board_promise_card(self, promise):
        """Return the card of the case with one of its promises: its time, and what it
        is.

        :param dict promise: see :meth:`_board_top`
        """
        as_string = fields.Datetime.to_string
        kinds = self.env["aftersales.policy.target"]._clock_kinds()
        return {
            **self._board_card(),
            "promise_id": promise["promise_id"],
            "promise": kinds[promise["kind"]].label,
            "deadline": as_string(promise["deadline"]),
            "warning_at": as_string(promise["warning_at"]),
            "paused": False,
        }

    def _board_card(self):
        """Return what a card shows of the case, which the reader may see."""
        self.ensure_one()
        as_string = fields.Datetime.to_string
        partner = self.partner_id
        return {
            "id": self.id,
            "number": self.number,
            "name": self.name,
            "customer": partner.name or partner.commercial_company_name or "",
            "priority": self.priority,
            "deadline": as_string(self.next_deadline),
            "warning_at": as_string(self.next_warning_at),
            "paused": not self.next_deadline and self.stage_kind in WAITING_KINDS,
            "stage": self.stage_id.name,
            "company_id": self.company_id.id,
            "user_id": self.user_id.id,
        }

    # Columns and tiles --------------------------------------------------------------

    @api.model
    def _board_people(self, counts, teams):
        """Return the people of the columns: who has open cases, and every member of
        the teams, whose column may be empty.

        :return: list of dicts with ``id``, ``name``, ``active`` and ``company_ids``,
            ordered by name; not more than ``PEOPLE_LIMIT``
        """
        owners = [user_id for user_id in counts if user_id]
        rows = self.env.execute_query_dict(self._people_sql(owners, teams))
        rows.sort(key=lambda row: -counts.get(row["id"], {}).get("open", 0))
        people = rows[:PEOPLE_LIMIT]
        return sorted(people, key=lambda person: person["name"].casefold())

    @api.model
    def _people_sql(self, owners, teams):
        """Return ``SQL`` of names and companies of people, by one query and whatever
        the reader may see of users: who owns a case is shown on it anyway."""
        self.env["res.users"].flush_model(["active", "company_ids", "partner_id"])
        self.env["res.partner"].flush_model(["name"])
        teams.flush_model(["member_ids"])
        return SQL(
            """
            SELECT person.id, partner.name, person.active, ARRAY(
                       SELECT cid FROM res_company_users_rel WHERE user_id = person.id
                   ) AS company_ids
              FROM res_users AS person
              JOIN res_partner AS partner ON partner.id = person.partner_id
             WHERE person.id = ANY(%s) OR person.active AND person.id IN (
                       SELECT user_id FROM aftersales_team_member_rel
                        WHERE team_id = ANY(%s)
                   )
            """,
            owners,
            teams.ids,
        )

    @api.model
    def _board_columns(self, people, counts, figures, cards):
        """Return the columns with the figures of each, those of nobody first."""
        loads = [figure["open"] for user, figure in counts.items() if user]
        average = sum(loads) / len(loads) if loads else 0
        columns = [
            {
                **person,
                **dict.fromkeys(FIGURES, 0),
                **counts.get(person["id"], {}),
                "updates": figures.get(("updates", person["id"]), [0])[0],
                "out_of_order": figures.get(("out_of_order", person["id"]), []),
                "cases": cards.get(person["id"], []),
            }
            for person in ({"id": False, "name": "", "active": True}, *people)
        ]
        for column in columns[1:]:
            limit = max(BUSY_FACTOR * average, BUSY_CASES)
            column["is_busy"] = column["open"] > limit
        shown = {person["id"] for person in people}
        return {
            "people": columns,
            "average": round(average),
            "more_people": len([uid for uid in counts if uid and uid not in shown]),
        }

    @api.model
    def _board_tiles(self, domain, counts, figures):
        """Return the figures above the columns, each with the domain that opens it."""
        sums = {
            name: sum(figure[name] for figure in counts.values()) for name in FIGURES
        }
        sums["unassigned"] = counts.get(False, {}).get("open", 0)
        sums["updates"] = sum(
            value[0] for (name, _user), value in figures.items() if name == "updates"
        )
        filters = {
            "overdue": ("is_overdue", "=", True),
            "at_risk": ("is_at_risk", "=", True),
            "unassigned": ("user_id", "=", False),
            "waiting": ("awaiting_reply_since", "!=", False),
            "updates": ("is_update_overdue", "=", True),
        }
        tiles = [
            {
                "code": code,
                "count": sums[code],
                "model": self._name,
                "domain": [*domain, leaf],
            }
            for code, leaf in filters.items()
        ]
        return [*tiles, self._failing_tile(domain, figures)]

    @api.model
    def _failing_tile(self, domain, figures):
        """Return the tile of promises whose consequences could not be carried out."""
        return {
            "code": "failing",
            "count": figures.get(("failing", False), [0])[0],
            "model": "aftersales.clock",
            "domain": [("error_count", ">", 0), *self._board_related(domain)],
        }

    @api.model
    def _board_related(self, domain):
        """Return the domain of the board's cases as one of their promises."""
        return [(f"case_id.{name}", op, value) for name, op, value in domain]

    @api.model
    def _board_tomorrow(self, domain, now, figures, cards):
        """Return the promises that may break until tomorrow ends, the nearest first."""
        as_string = fields.Datetime.to_string
        leaves = [
            (leaf[0], leaf[1], as_string(leaf[2]))
            if isinstance(leaf, tuple | list) and isinstance(leaf[2], datetime)
            else leaf
            for leaf in self._tomorrow_domain(now)
        ]
        return {
            "count": figures.get(("tomorrow", False), [0])[0],
            "domain": [*self._board_related(domain), *leaves],
            "cards": cards["tomorrow"],
        }
