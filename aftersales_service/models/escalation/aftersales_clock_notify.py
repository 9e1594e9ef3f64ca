from collections import defaultdict
from dataclasses import dataclass
from functools import partial

from markupsafe import Markup

from odoo import api, models
from odoo.tools import format_datetime

from ..mail.aftersales_notify import WARNING
from .aftersales_clock_step import RECIPIENT_LEVELS

# More of the same for one person in one go than this becomes one digest.
DIGEST_SIZE = 5
DIGEST_LINKS = 50
# What may have happened to promises, the gravest first.
CODES = ("error", "breached", "late")


@dataclass(frozen=True)
class Notification:
    """What one person hears of one promise."""

    clock: object
    user: object
    # of what happened, see ``CODES``
    code: str
    step: dict
    # label of the recipient who is not set, if it went to another
    instead_of: str | None = None


class AftersalesClock(models.Model):
    """What people are notified of promises by activities and mails, of many by one."""

    _inherit = "aftersales.clock"

    # Telling people -------------------------------------------------------------

    @api.model
    def _act_notify(self, steps_due):
        notifying = [r for r in steps_due if "activity" in r.step or "mail" in r.step]
        items = [item for due in notifying for item in self._notifications(due)]
        self._plan_activities([item for item in items if "activity" in item.step])
        self._mail([item for item in items if "mail" in item.step])

    @api.model
    def _notifications(self, due):
        """Return what is said of a step, one :class:`Notification` per person."""
        users, instead_of = self._people(due.case, due.step)
        code = "breached" if due.clock.outcome == "breached" else "late"
        return [
            Notification(due.clock, user, code, due.step, instead_of) for user in users
        ]

    @api.model
    def _people(self, case, step):
        """Return whom a step tells: (``res.users``, code of the recipient who is not
        set, if it goes to somebody else).

        Where nobody is set whom the step reaches it goes up the levels of the team,
        else to its leader or to the owner of the case.
        """
        to = step.get("to") or "leader"
        team = case.team_id
        reaches = partial(self._reaches, step)
        leader = team._person_from_level("1", reaches)[0]
        if to in RECIPIENT_LEVELS:
            user, level = team._person_from_level(RECIPIENT_LEVELS[to], reaches)
            if user:
                return user, None if level == RECIPIENT_LEVELS[to] else to
            return (leader | case.user_id).filtered(reaches)[:1], to
        named = self._named_person(case, to, step.get("user_id"), step)
        users = named.filtered(reaches)
        if users:
            return users, None
        return (case.user_id | leader).filtered(reaches)[:1], to

    @api.model
    def _reaches(self, step, user):
        """Return whether what a step does reaches a person: a mail alone does not
        reach who has no address."""
        by_mail_alone = "mail" in step and "activity" not in step
        address = user.partner_id.email_normalized
        return user.active and not user.share and bool(address or not by_mail_alone)

    @api.model
    def _obstacle(self, clock, step, known):
        """A step that tells nobody is not done."""
        obstacle = super()._obstacle(clock, step, known)
        tells = "activity" in step or "mail" in step
        if obstacle or not tells or self._people(clock.case_id, step)[0]:
            return obstacle
        return self.env._(
            "Nobody is left whom this step of the team “%s” reaches. Set a leader with "
            "an e-mail address.",
            clock.case_id.team_id.name,
        )

    @api.model
    def _named_person(self, case, to, user_id, step=None):
        """Return the people of a recipient that is no level of the team."""
        users = self.env["res.users"]
        if to == "assignee":
            return case.user_id
        if to == "salesperson":
            return case.salesperson_id
        if to == "group":
            group = self.env["res.groups"].browse(step.get("group_id") or []).exists()
            company = case.company_id
            return group.all_user_ids.filtered(lambda u: company in u.company_ids)
        return users.browse(user_id or []).exists()

    @api.model
    def _schedule_activities(self, clocks, code):
        """Give the leader of each team, or else the owner of the case, an activity.

        :param clocks: ``aftersales.clock`` records, as superuser
        :param str code: of what happened
        """
        items = []
        for clock in clocks:
            users, instead_of = self._people(clock.case_id, {"to": "leader"})
            items += [Notification(clock, user, code, {}, instead_of) for user in users]
        self._plan_activities(items)

    @api.model
    def _on_error(self, clocks):
        """Hook: promises have no deadline, because their hours have no working time.
        The leader has a task."""
        self._schedule_activities(clocks, "error")
        return super()._on_error(clocks)

    # Activities -----------------------------------------------------------------

    @api.model
    def _plan_activities(self, items):
        """Create activities: one per case for each person, for all its promises, or
        one for everything if there are many."""
        by_user = defaultdict(list)
        for item in items:
            by_user[item.user].append(item)
        types = self._existing_types(items)
        values = []
        for user, theirs in by_user.items():
            if len(theirs) > DIGEST_SIZE:
                values.append(self._prepare_digest(user, theirs))
            else:
                values += self._prepare_activities(user, theirs, types)
        self.env["aftersales.notify"]._create_activities(values)

    @api.model
    def _prepare_activities(self, user, items, types):
        """Return the values of one activity per case and wording.

        :param set types: ids of the activity types that exist
        """
        model_id = self.env["ir.model"]._get_id("aftersales.case")
        groups = defaultdict(list)
        for item in items:
            wish = item.step.get("activity") or {}
            type_id = wish.get("type_id")
            type_id = type_id if type_id in types else None
            key = (item.clock.case_id, type_id, wish.get("summary"))
            groups[(*key, item.code)].append(item)
        return [
            {
                **self.env["aftersales.notify"]._activity_values(
                    user, type_id or WARNING
                ),
                "res_model_id": model_id,
                "res_id": case.id,
                "summary": summary or self._title(user, theirs),
                "note": self._activity_note(user, theirs),
            }
            for (case, type_id, summary, _code), theirs in groups.items()
        ]

    @api.model
    def _prepare_digest(self, user, items):
        """Return the values of one activity for many promises, with links to cases."""
        cases = self.env["aftersales.case"].union(*(w.clock.case_id for w in items))
        links = [case._get_html_link() for case in cases[:DIGEST_LINKS]]
        env = self.with_context(lang=user.lang).env
        if len(cases) > DIGEST_LINKS:
            links.append(env._("and %s more", len(cases) - DIGEST_LINKS))
        return {
            **self.env["aftersales.notify"]._activity_values(user),
            "summary": self._headline(self._by_code(user, items)),
            "note": Markup("<br/>").join(links),
        }

    @api.model
    def _on_replanned(self, clocks):
        """Give each leader one activity that lists the times promised to customers that
        fall into closed hours now, with links to the cases."""
        super()._on_replanned(clocks)
        by_user = {}
        for clock in clocks:
            case = clock.case_id
            people = case.team_id.leader_id | case.user_id
            for user in people.filtered("active")[:1]:
                by_user[user] = by_user.get(user, self.browse()) | clock
        self.env["aftersales.notify"]._create_activities(
            [
                theirs.with_context(lang=user.lang, tz=user.tz)._promised_times_digest(
                    user
                )
                for user, theirs in by_user.items()
            ]
        )

    def _promised_times_digest(self, user):
        """Return the values of an activity that lists the cases of these promises."""
        links = (case._get_html_link() for case in self.case_id[:DIGEST_LINKS])
        return {
            **self.env["aftersales.notify"]._activity_values(user),
            "summary": self.env._(
                "Times promised to customers that now fall outside working hours: %s",
                len(self),
            ),
            "note": Markup("<br/>").join(links),
        }

    @api.model
    def _existing_types(self, items):
        """Return the ids of the activity types that the items wish for and that
        exist."""
        wishes = (item.step.get("activity") or {} for item in items)
        ids = {wish["type_id"] for wish in wishes if wish.get("type_id")}
        return set(self.env["mail.activity.type"].browse(ids).exists().ids)

    @api.model
    def _activity_title(self, env, code, what):
        """Return what happened, in the language of an environment.

        :param what: the promises in words, or their number
        """
        if code == "error":
            return env._("No working hours for: %s", what)
        if code == "breached":
            return env._("Promise breached: %s", what)
        return env._("Promise at risk: %s", what)

    @api.model
    def _title(self, user, items):
        return self._headline(self._by_code(user, items), named=True)

    @api.model
    def _by_code(self, user, items):
        """Return {code: promises it happened to}, the gravest first, in the language
        and time zone of who is told."""
        mine = self.with_context(lang=user.lang, tz=user.tz)
        by_code = {
            code: mine.union(*(item.clock for item in items if item.code == code))
            for code in CODES
        }
        return {code: clocks for code, clocks in by_code.items() if clocks}

    @api.model
    def _headline(self, by_code, *, named=False):
        """Return all that happened, in one line.

        :param dict by_code: see :meth:`_by_code`
        :param named: with the names of the promises instead of their number
        """
        return " · ".join(
            self._activity_title(
                clocks.env, code, clocks._names() if named else len(clocks)
            )
            for code, clocks in by_code.items()
        )

    def _names(self):
        """Return what promises are, each once."""
        return ", ".join(dict.fromkeys(self.mapped("display_name")))

    @api.model
    def _activity_note(self, user, items):
        """Return who should have been told instead, if anybody, as a sentence."""
        asked = next(
            (item.instead_of for item in items if item.instead_of),
            None,
        )
        if not asked:
            return False
        env = self.with_context(lang=user.lang).env
        recipients = env["aftersales.policy.step"]._fields["recipient"]
        labels = dict(recipients._description_selection(env))
        return env._(
            "Nobody is set or present as “%s”, so it comes to you.", labels[asked]
        )

    def _escalation_cause(self):
        """Return what happened to the promise, for whom its case is escalated to."""
        self.ensure_one()
        code = "breached" if self.outcome == "breached" else "late"
        return self._activity_title(self.env, code, self.display_name)

    # Mails ----------------------------------------------------------------------

    @api.model
    def _mail(self, items):
        """Send one mail to each person; texts of a template go out one by one, unless
        there are many."""
        by_user = defaultdict(list)
        for item in items:
            by_user[item.user].append(item)
        mails = []
        for user, theirs in by_user.items():
            styled = [item for item in theirs if item.step["mail"].get("template_id")]
            if len(theirs) > DIGEST_SIZE:
                styled = []
            plain = [item for item in theirs if item not in styled]
            if plain:
                mails.append(self._prepare_mail(user, plain))
            mails += self._prepare_template_mails(user, styled)
        self.env["aftersales.notify"]._mail_colleagues(mails)

    @api.model
    def _prepare_mail(self, user, items):
        """Return the mail that tells a person of promises, with a link each."""
        by_code = self._by_code(user, items)
        clocks = self.union(*by_code.values())
        case = clocks.case_id
        subject = self._headline(by_code, named=len(case) == 1)
        if len(case) == 1:
            subject = f"[{case.number}] {subject}"
        readable = self._readable(case, user)
        note = self._activity_note(user, items)
        return {
            "user": user,
            "company": clocks.company_id[:1],
            "subject": subject,
            "body": Markup("%s%s")
            % (
                Markup("").join(
                    self._mail_section(code, theirs, readable)
                    for code, theirs in by_code.items()
                ),
                Markup("<p>%s</p>") % note if note else "",
            ),
        }

    @api.model
    def _mail_section(self, code, clocks, readable):
        """Return the promises that one thing happened to, as a list with a heading.

        :param readable: the cases that the reader may read
        """
        rows = [self._mail_row(clock, clock.case_id in readable) for clock in clocks]
        return Markup("<p>%s</p><ul>%s</ul>") % (
            self._activity_title(clocks.env, code, len(clocks)),
            Markup("").join(rows),
        )

    @api.model
    def _readable(self, cases, user):
        """Return the cases a person may read: of the others they learn the number."""
        theirs = cases.with_user(user)
        if not theirs.has_access("read"):
            return cases.browse()
        return theirs._filtered_access("read").with_env(cases.env)

    def _mail_row(self, clock, readable):
        """Return one promise as an item of a list, in the reader's words."""
        case = clock.case_id
        base = case.get_base_url()
        words = {
            "promise": clock.display_name,
            "time": format_datetime(clock.env, clock.deadline)
            if clock.deadline
            else "",
        }
        due = (
            clock.env._("%(promise)s, due %(time)s", **words)
            if clock.deadline
            else words["promise"]
        )
        name = f"{case.number} {case.name}" if readable else case.number
        return Markup('<li><a href="%s">%s</a><br/>%s</li>') % (
            f"{base}/mail/view?model={case._name}&res_id={case.id}",
            name,
            due,
        )

    @api.model
    def _prepare_template_mails(self, user, items):
        """Return one mail per case, of the text of its step's template."""
        by_template = defaultdict(self.env["aftersales.case"].browse)
        for item in items:
            by_template[item.step["mail"]["template_id"]] |= item.clock.case_id
        mails = []
        for template_id, cases in by_template.items():
            template = self.env["mail.template"].browse(template_id)
            template = template.with_context(lang=user.lang, tz=user.tz)
            options = {"set_lang": user.lang}
            subjects = template._render_field("subject", cases.ids, **options)
            bodies = template._render_field(
                "body_html", cases.ids, options={"post_process": True}, **options
            )
            mails += [
                {
                    "user": user,
                    "company": case.company_id,
                    "subject": subjects[case.id],
                    "body": bodies[case.id],
                }
                for case in cases
            ]
        return mails
