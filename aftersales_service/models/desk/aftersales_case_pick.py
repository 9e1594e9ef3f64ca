"""The next case of a specialist."""

from datetime import datetime

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

from ...tools.core_api import rules_of

# What somebody on our side can go on with; the others wait for someone else.
WORKABLE_KINDS = ("new", "working")


class AftersalesCase(models.Model):
    """Taking cases one after the other, the most pressing first.

    The queue of a person: workable cases that are theirs, and those of their teams that
    nobody has. Its order: priority, then the nearest deadline, then age.
    """

    _inherit = "aftersales.case"

    # One look-up gives the first cases of a person, or of nobody, in this order.
    _pick_idx = models.Index(
        "(user_id, priority DESC NULLS LAST, next_deadline, id)"
        " WHERE active IS TRUE AND mark IS NULL AND stage_kind IN"
        " ('new', 'working', 'waiting_customer', 'waiting_third_party')"
    )

    # Actions ------------------------------------------------------------------

    def action_next_case(self, skip_ids=None):
        """Take the first case of the user's queue and open it.

        A case that nobody has becomes the user's. Two people who ask at the same
        moment get different cases.

        :param list skip_ids: ids of cases they have just been through; the ones the
            method is called on are skipped as well
        :return: action that opens the case, or a notification when none is left
        :raise AccessError: for who does not work on cases
        """
        self._refuse_customers()
        self.browse().check_access("write")
        shown = Domain("id", "not in", [*self.ids, *(skip_ids or ())])
        case = self._take_next(shown)
        if case:
            return case._get_records_action()
        return self._nothing_next_action(
            been_through=bool(skip_ids)
            and bool(self._queue_search(Domain("id", "not in", self.ids)))
        )

    @api.model
    def _nothing_next_action(self, been_through):
        """Return the notification for a queue without another case.

        :param bool been_through: whether cases were skipped that are still in it
        """
        message = (
            self.env._(
                "You have been through your queue. Press again to begin at its top."
            )
            if been_through
            else self.env._("Nothing else waits for you.")
        )
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {"type": "success", "message": message},
        }

    def action_assign_to_me(self):
        """Take the cases, and note which were not the next ones of the queue."""
        free = self.filtered(lambda case: not case.user_id and case._is_workable())
        ranks = free._queue_ranks()
        result = super().action_assign_to_me()
        self._log_picks(ranks)
        return result

    # The queue ------------------------------------------------------------------

    def _is_workable(self):
        """Whether somebody on our side can go on with the case."""
        self.ensure_one()
        return self.active and not self.mark and self.stage_kind in WORKABLE_KINDS

    @api.model
    def _queue_domain(self):
        """Return the ``Domain`` of the user's queue, of what they may write.

        A department's answer that is missing, or a customer's, keeps a case out of it
        until it has come.
        """
        user = self.env.user
        mine = Domain("user_id", "=", user.id)
        teams = Domain("team_id", "in", user.sudo().aftersales_team_ids.ids)
        return Domain.AND(
            [
                [("active", "=", True), ("mark", "=", False)],
                [("stage_kind", "in", WORKABLE_KINDS)],
                mine | (Domain("user_id", "=", False) & teams),
                self._write_rules(),
            ]
        )

    @api.model
    def _write_rules(self):
        if self.env.su:
            return Domain.TRUE
        return rules_of(self, "write")

    @api.model
    def _queue_search(self, domain, lock=False):
        """Return the first case of the user's queue that a domain lets through.

        :param domain: ``Domain``
        :param bool lock: leave out cases that somebody else is just taking, and keep
            others from taking the one returned
        :return: ``aftersales.case`` record, empty when there is none
        """
        # What may be written is in the domain: reading rules would add nothing.
        query = self._search(self._queue_domain() & domain, bypass_access=True)
        query.order = self._queue_order()
        query.limit = 1
        suffix = SQL("FOR NO KEY UPDATE SKIP LOCKED") if lock else SQL()
        rows = self.env.execute_query(SQL("%s %s", query.select(), suffix))
        return self.browse(row[0] for row in rows)

    @api.model
    def _queue_order(self):
        """Return the ``ORDER BY`` of a queue, as the index has it. The owner comes
        first because PostgreSQL does not know that those of nobody have all one."""
        return SQL("user_id, priority DESC NULLS LAST, next_deadline, id")

    def _queue_key(self):
        """Return what two cases of a queue are compared by; the smaller is first."""
        self.ensure_one()
        return (
            -int(self.priority or -1),
            self.next_deadline or datetime.max,
            self.id,
        )

    @api.model
    def _take_next(self, domain):
        """Take the first case of the user's queue that a domain lets through.

        :return: ``aftersales.case`` record, empty when there is none
        """
        mine = self._queue_search(Domain("user_id", "=", self.env.uid) & domain)
        nobodys = Domain("user_id", "=", False) & domain
        free = self._queue_search(nobodys)
        if free and (not mine or free._queue_key() < mine._queue_key()):
            free = self._queue_search(nobodys, lock=True)
        case = (mine | free).sorted(lambda case: case._queue_key())[:1]
        if case and not case.user_id:
            case.write({"user_id": self.env.uid})
        if case and not case._is_picked_already():
            case._log_picks({case.id: 1})
        return case

    # The ledger -----------------------------------------------------------------

    def _is_picked_already(self):
        """Whether the user has picked the case since it was assigned last."""
        self.ensure_one()
        lines_sudo = self.env["aftersales.event"].sudo()
        line = lines_sudo.search(
            [("case_id", "=", self.id), ("kind", "in", ("picked", "assigned"))],
            order="at desc, id desc",
            limit=1,
        )
        return line.kind == "picked" and line.actor_id == self.env.uid

    def _queue_ranks(self):
        """Return which place each case has in the user's queue, beside cases that are
        not among these: 1 when nothing else is more pressing.

        :return: {case id: rank}
        """
        if not self:
            return {}
        query = self._search(
            self._queue_domain() | Domain("id", "in", self.ids), bypass_access=True
        )
        queue = query.select(
            SQL("id"),
            SQL("id = ANY(%s) AS is_taken", self.ids),
            SQL("priority"),
            SQL("next_deadline"),
        )
        rows = self.env.execute_query(
            SQL(
                """
                SELECT id, rank FROM (
                    SELECT id, is_taken, 1 + count(*) FILTER (WHERE NOT is_taken) OVER (
                        ORDER BY priority DESC NULLS LAST, next_deadline, id
                        ROWS UNBOUNDED PRECEDING
                    ) AS rank
                    FROM (%s) AS queue
                ) AS ranked
                WHERE is_taken
                """,
                queue,
            )
        )
        return dict(rows)

    def _log_picks(self, ranks):
        """Write down that the user took cases from their queue.

        :param dict ranks: {case id: place in the queue, 1 for the first}
        """
        now = fields.Datetime.now()
        self.env["aftersales.event"]._append(
            [
                self._event(
                    self.browse(case_id),
                    "picked",
                    now,
                    data={"rank": rank, "out_of_order": rank > 1},
                )
                for case_id, rank in ranks.items()
            ]
        )
