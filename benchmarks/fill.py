"""Many records by SQL: copies of a few real ones, with what differs worked out by the
database. Everything is spread by a hash of the record's number, so that two runs make
the same data."""

from odoo.tools import SQL

from benchmarks import world

PARTNERS_PER_COMPANY = 5
PORTAL_CASES = 100
WORDS = (
    "shoe strap parcel invoice refund zipper sole colour charger battery screen pump "
    "filter hinge drawer shelf handle cable lamp socket engine wheel brake pedal "
    "saddle helmet jacket pocket button sleeve carpet curtain kettle blender oven "
    "fridge washer dryer mixer toaster"
).split()
# Thousandths of all cases, added up: half of them are open.
KIND_SHARES = {
    "new": 125,
    "working": 350,
    "waiting_customer": 450,
    "waiting_third_party": 500,
    "resolved": 560,
    "closed": 960,
    "cancelled": 1000,
}
OPEN_SHARE = KIND_SHARES["waiting_third_party"]
# Nobody has yet found out whose these new cases are.
_UNKNOWN = "(d.share < 10)"


# Tools ------------------------------------------------------------------------------


def prepare(cr):
    """Create ``pg_temp.pick(i, salt, n)``: always the same number from 0 to n - 1."""
    cr.execute(
        """
        CREATE OR REPLACE FUNCTION pg_temp.pick(i bigint, salt text, n bigint)
        RETURNS bigint LANGUAGE sql IMMUTABLE
        AS 'SELECT abs(hashtextextended(salt, i) % n)'
        """
    )


def clone(cr, table, templates, driver, **columns):
    """Insert copies of rows.

    :param list templates: ids of the rows to copy
    :param str driver: SELECT that gives one row per copy, known as ``d``; its column
        ``slot`` (from 1) chooses the template
    :param columns: column → SQL expression over ``d`` and the template ``t``; every
        other column is copied
    :return: the number of rows
    """
    cr.execute(
        "SELECT column_name FROM information_schema.columns"
        " WHERE table_schema = 'public' AND table_name = %s AND is_generated = 'NEVER'"
        " ORDER BY ordinal_position",
        [table],
    )
    names = [name for (name,) in cr.fetchall() if name != "id" or "id" in columns]
    values = [columns.get(name, f't."{name}"') for name in names]
    quoted = ", ".join(f'"{name}"' for name in names)
    cr.execute(
        f'INSERT INTO "{table}" ({quoted}) SELECT {", ".join(values)}'
        f' FROM ({driver}) d JOIN "{table}" t ON t.id = ({array(templates)})[d.slot]'
    )
    count = cr.rowcount
    if "id" in columns:
        cr.execute(f"SELECT setval('{table}_id_seq', (SELECT max(id) FROM {table}))")
    return count


def numbers(start, count, slot="1"):
    """Return a driver of consecutive numbers ``i``."""
    return (
        f"SELECT i, {slot} AS slot"
        f" FROM generate_series({start + 1}, {start + count}) AS i"
    )


def array(ids):
    """Return ids as an SQL literal."""
    return f"'{{{','.join(map(str, ids))}}}'::int[]"


def next_id(cr, table):
    """Return the highest id of a table."""
    cr.execute(SQL("SELECT COALESCE(max(id), 0) FROM %s", SQL.identifier(table)))
    return cr.fetchone()[0]


# Customers and orders -----------------------------------------------------------------


def fill_core(env, size):
    """Make customers and orders for ``size`` cases.

    :return: dict of what :func:`fill_service` needs to know
    """
    prepare(env.cr)
    partners = _fill_partners(env, max(200, size // 4))
    return {"partners": partners, "orders": _fill_orders(env, partners, size)}


def _fill_partners(env, count):
    """Every fifth is a company, the four after it are its contacts.

    :return: (id of the first, how many)
    """
    count -= count % PARTNERS_PER_COMPANY
    Partner = env["res.partner"].with_context(active_test=False)
    templates = [
        Partner.search([("name", "=", name)], limit=1).id
        for name in ("Bench Company", "Bench Contact")
    ]
    first = next_id(env.cr, "res_partner") + 1
    group = PARTNERS_PER_COMPANY
    name = f"CASE WHEN d.i % {group} = 0 THEN 'Company ' ELSE 'Contact ' END || d.i"
    company = f"({first} + d.i - d.i % {group})"
    email = f"'p' || d.i || '@c' || d.i / {group} || '.example.org'"
    clone(
        env.cr,
        "res_partner",
        templates,
        numbers(-1, count, f"CASE WHEN i % {group} = 0 THEN 1 ELSE 2 END"),
        id=f"{first} + d.i",
        name=name,
        complete_name=f"CASE WHEN d.i % {group} = 0 THEN '' ELSE"
        f" 'Company ' || d.i - d.i % {group} || ', ' END || {name}",
        commercial_company_name=f"'Company ' || d.i - d.i % {group}",
        parent_id=f"CASE WHEN d.i % {group} = 0 THEN NULL ELSE {company} END",
        commercial_partner_id=company,
        email=email,
        email_normalized=email,
        phone="'+34 9' || lpad(d.i::text, 8, '0')",
    )
    return first, count


def _fill_orders(env, partners, size):
    """One order for two cases; odd ones belong to the second company.

    :return: (id of the first, how many)
    """
    count = max(500, size // 2)
    templates = env["sale.order"].search([("name", "=like", "BENCH%")], order="id")
    sales = world.users(env, "bench_sales").ids
    first = next_id(env.cr, "sale_order") + 1
    partner = f"{partners[0]} + pg_temp.pick(d.i, 'buyer', {partners[1]})"
    clone(
        env.cr,
        "sale_order",
        templates.ids,
        numbers(-1, count, "1 + i % 2"),
        id=f"{first} + d.i",
        name="'SB' || lpad(d.i::text, 7, '0')",
        partner_id=partner,
        partner_invoice_id=partner,
        partner_shipping_id=partner,
        user_id=f"({array(sales)})[1 + pg_temp.pick(d.i, 'seller', {len(sales)})]",
        date_order="t.date_order - pg_temp.pick(d.i, 'day', 1095) * interval '1 day'",
        access_token="NULL",
    )
    for line in (0, 1):
        lines = [order.order_line[line].id for order in templates]
        clone(
            env.cr,
            "sale_order_line",
            lines,
            numbers(-1, count, "1 + i % 2"),
            order_id=f"{first} + d.i",
            order_partner_id=partner,
        )
    return first, count


# Cases ------------------------------------------------------------------------------


def fill_service(env, size, core):
    """Make cases with their clocks, ledger, message and follower."""
    env.registry.clear_cache()
    prepare(env.cr)
    templates = env["aftersales.case"].search([("name", "=", "Bench case")], order="id")
    first = next_id(env.cr, "aftersales_case") + 1
    _fill_cases(env, size, core, first, templates)
    _give_to_portal(env, first)
    _fill_clocks(env, first, templates)
    _fill_events(env, first)
    _fill_messages(env, first, templates)
    _fill_activities(env, first, templates)


def _fill_cases(env, size, core, first, templates):
    teams = world.teams(env)
    clone(
        env.cr,
        "aftersales_case",
        templates.ids,
        _case_driver(size, core),
        **_case_columns(env, first, teams),
    )


def _case_driver(size, core):
    """Two cases of three concern an order, of the case's own company; the customer is
    the order's."""
    first_order, orders = core["orders"]
    return f"""
        SELECT s.i, s.slot, s.share, o.id AS order_id, o.user_id AS seller_id,
               p.id AS partner_id, p.commercial_partner_id, p.email, p.phone,
               pg_temp.pick(s.i, 'ordered', 3) > 0 AS ordered,
               CASE WHEN s.share < {OPEN_SHARE}
                    THEN pg_temp.pick(s.i, 'age', 60 * 86400)
                    ELSE 60 * 86400 + pg_temp.pick(s.i, 'age', 1035 * 86400)
                END AS age
          FROM (SELECT i, 1 + i % 2 AS slot, pg_temp.pick(i, 'kind', 1000) AS share
                  FROM generate_series(0, {size - 1}) AS i) s
          JOIN sale_order o ON o.id = {first_order}
               + 2 * pg_temp.pick(s.i, 'order', {orders // 2}) + s.i % 2
          JOIN res_partner p ON p.id = o.partner_id
    """


def _case_columns(env, first, teams):
    team_count = world.TEAMS_PER_COMPANY
    members = [user for team in teams for user in team.member_ids[:2].ids]
    team = f"(d.slot - 1) * {team_count} + pg_temp.pick(d.i, 'team', {team_count})"
    due = _due_columns()
    return {
        "id": f"{first} + d.i",
        "number": "'B' || lpad(d.i::text, 7, '0')",
        "name": _subject(),
        "partner_id": f"CASE WHEN {_UNKNOWN} THEN NULL ELSE d.partner_id END",
        "commercial_partner_id": f"CASE WHEN {_UNKNOWN} THEN NULL"
        " ELSE d.commercial_partner_id END",
        "email_from": "d.email",
        "email_normalized": "d.email",
        "phone": "d.phone",
        "sale_order_id": f"CASE WHEN d.ordered AND NOT {_UNKNOWN} THEN d.order_id END",
        "salesperson_id": f"CASE WHEN d.ordered AND NOT {_UNKNOWN}"
        " THEN d.seller_id END",
        "team_id": f"({array(teams.ids)})[1 + {team}]",
        "user_id": "CASE WHEN pg_temp.pick(d.i, 'owned', 5) > 0 THEN"
        f" ({array(members)})[1 + 2 * ({team}) + pg_temp.pick(d.i, 'owner', 2)] END",
        "stage_id": _by_kind({k: str(_stage(env, k)) for k in KIND_SHARES}),
        "stage_kind": _by_kind({k: f"'{k}'" for k in KIND_SHARES}),
        "channel": "(ARRAY['mail','portal','phone'])[1 + pg_temp.pick(d.i, 'ch', 3)]",
        "priority": "pg_temp.pick(d.i, 'priority', 4)::text",
        **_stamp_columns(),
        **due,
    }


def _stage(env, kind):
    return env.ref(f"aftersales_service.aftersales_stage_{kind}").id


def _by_kind(values):
    """Return a CASE over the shares of the kinds."""
    cases = " ".join(
        f"WHEN d.share < {share} THEN {values[kind]}"
        for kind, share in KIND_SHARES.items()
    )
    return f"CASE {cases} END"


def _subject():
    words = "ARRAY[" + ",".join(f"'{word}'" for word in WORDS) + "]"
    pick = f"({words})[1 + pg_temp.pick(d.i, '%s', {len(WORDS)})]"
    return " || ' ' || ".join([pick % "a", pick % "b", pick % "c", "d.i::text"])


def _stamp_columns():
    received = "now() AT TIME ZONE 'UTC' - d.age * interval '1 second'"
    received = f"date_trunc('second', {received})"
    done = f"d.share >= {OPEN_SHARE} AND d.share < {KIND_SHARES['closed']}"
    closed = f"{KIND_SHARES['resolved']} <= d.share AND {done}"
    later = f"{received} + pg_temp.pick(d.i, '%s', 86400) * interval '1 second'"
    return {
        "received_at": received,
        "create_date": received,
        "write_date": received,
        "acknowledged_at": received,
        "acknowledge_at": "NULL",
        "awaiting_reply_since": f"CASE WHEN d.share < {OPEN_SHARE} AND"
        f" pg_temp.pick(d.i, 'waits', 3) = 0 THEN {received} END",
        "first_response_at": "CASE WHEN d.share >= 125 THEN "
        + later % "answer"
        + " END",
        "resolved_at": f"CASE WHEN {done} THEN {later % 'done'} + interval '1 day' END",
        "closed_at": f"CASE WHEN {closed} THEN {later % 'done'} + interval '8 day' END",
    }


def _due_columns():
    """A fifth of the running cases is overdue; nothing falls due within a day, so that
    a job measured later finds nothing to do."""
    running = "d.share < 350"
    offset = (
        "CASE WHEN pg_temp.pick(d.i, 'late', 5) = 0"
        " THEN -86400 - pg_temp.pick(d.i, 'due', 5 * 86400)"
        " ELSE 3 * 86400 + pg_temp.pick(d.i, 'due', 20 * 86400) END"
    )
    now = "date_trunc('second', now() AT TIME ZONE 'UTC')"
    deadline = f"{now} + ({offset}) * interval '1 second'"
    # At risk: a tenth, with the warning behind them and the deadline ahead.
    lead = "CASE WHEN pg_temp.pick(d.i, 'risk', 10) = 0 THEN 24 ELSE 1 END"
    return {
        "next_deadline": f"CASE WHEN {running} THEN {deadline} END",
        "next_warning_at": f"CASE WHEN {running} THEN"
        f" {deadline} - ({lead}) * interval '1 day' END",
    }


def _give_to_portal(env, first):
    """Some cases belong to the customer who looks at the portal."""
    partner = world.users(env, world.PORTAL).partner_id
    env.cr.execute(
        "UPDATE aftersales_case SET partner_id = %s, commercial_partner_id = %s,"
        " sale_order_id = NULL, salesperson_id = NULL"
        " WHERE id IN (SELECT id FROM aftersales_case WHERE id >= %s"
        " AND company_id = %s ORDER BY id LIMIT %s)",
        [partner.id, partner.id, first, world.companies(env)[0].id, PORTAL_CASES],
    )


# Clocks -----------------------------------------------------------------------------

# The first answer was given in time by four of five, and is open in new cases.
_ANSWERED = "d.stage_kind <> 'new'"
_IN_TIME = "pg_temp.pick(d.id, 'kept', 5) > 0"
_OVERDUE = "d.next_deadline < now() AT TIME ZONE 'UTC'"
_DONE = "d.stage_kind IN ('resolved', 'closed')"
_PAUSED = "d.stage_kind IN ('waiting_customer', 'waiting_third_party')"


def _fill_clocks(env, first, templates):
    for kind, columns in (
        ("acknowledgement", _acknowledgement_columns()),
        ("first_response", _answer_columns()),
        ("resolution", _resolution_columns()),
    ):
        clocks = [_template_clock(case, kind) for case in templates]
        driver = (
            f"SELECT c.*, 1 + (c.company_id <> {templates[0].company_id.id})::int AS"
            f" slot FROM aftersales_case c WHERE c.id >= {first}"
        )
        clone(env.cr, "aftersales_clock", clocks, driver, **columns)


def _template_clock(case, kind):
    clock = case.env["aftersales.clock"].search(
        [("case_id", "=", case.id), ("kind", "=", kind)], limit=1
    )
    if not clock:
        raise SystemExit(f"No clock of kind {kind} was started: is there a policy?")
    return clock.id


def _acknowledgement_columns():
    return _clock_columns(
        stopped="true", paused="false", kept="true", stopped_at="acknowledged_at"
    )


def _answer_columns():
    return _clock_columns(
        stopped=_ANSWERED, paused="false", kept=_IN_TIME, stopped_at="first_response_at"
    )


def _resolution_columns():
    return _clock_columns(
        stopped=_DONE, paused=_PAUSED, kept=_IN_TIME, stopped_at="resolved_at"
    )


def _clock_columns(stopped, paused, kept, stopped_at):
    cancelled = "d.stage_kind = 'cancelled'"
    end = f"COALESCE(d.{stopped_at}, d.received_at + interval '1 day')"
    late = f"CASE WHEN {kept} THEN interval '1 hour' ELSE interval '-1 hour' END"
    stopped_deadline = f"{end} + {late}"
    now = "now() AT TIME ZONE 'UTC'"

    def by_state(stopped_value, void_value, paused_value, running_value):
        return (
            f"CASE WHEN {cancelled} THEN {void_value} WHEN {stopped} THEN"
            f" {stopped_value} WHEN {paused} THEN {paused_value}"
            f" ELSE {running_value} END"
        )

    outcome = f"CASE WHEN {kept} THEN 'met' ELSE 'breached' END"
    return {
        "case_id": "d.id",
        "company_id": "d.company_id",
        "state": by_state("'stopped'", "'stopped'", "'paused'", "'running'"),
        "outcome": by_state(
            outcome,
            "'void'",
            "'none'",
            f"CASE WHEN {_OVERDUE} THEN 'breached' ELSE 'none' END",
        ),
        "void_cause": by_state("NULL", "'cancelled'", "NULL", "NULL"),
        "breach_cause": by_state(
            f"CASE WHEN {kept} THEN NULL ELSE 'time' END",
            "NULL",
            "NULL",
            f"CASE WHEN {_OVERDUE} THEN 'time' END",
        ),
        "started_at": "d.received_at",
        "deadline": by_state(stopped_deadline, "NULL", "NULL", "d.next_deadline"),
        "remaining_seconds": by_state("NULL", "NULL", "3600", "NULL"),
        "warning_at": by_state("NULL", "NULL", "NULL", "d.next_warning_at"),
        "warned_at": by_state(
            "NULL",
            "NULL",
            "NULL",
            f"CASE WHEN d.next_warning_at < {now} THEN d.next_warning_at END",
        ),
        "pauses": by_state(
            "'[]'::jsonb",
            "'[]'::jsonb",
            "jsonb_build_array(jsonb_build_array("
            "extract(epoch FROM d.received_at)::int + 3600, NULL, d.stage_kind))",
            "'[]'::jsonb",
        ),
        "decided_at": by_state(
            f"CASE WHEN {kept} THEN {end} ELSE {stopped_deadline} END",
            end,
            "NULL",
            f"CASE WHEN {_OVERDUE} THEN d.next_deadline END",
        ),
        "stopped_at": by_state(end, end, "NULL", "NULL"),
        "calendar_seconds": by_state("86400", "86400", "NULL", "NULL"),
        "business_seconds": by_state("28800", "28800", "NULL", "NULL"),
        "net_seconds": by_state("28800", "28800", "NULL", "NULL"),
        "next_event_at": by_state(
            "NULL",
            "NULL",
            "NULL",
            f"CASE WHEN {_OVERDUE} THEN NULL WHEN d.next_warning_at > {now}"
            " THEN d.next_warning_at ELSE d.next_deadline END",
        ),
    }


def fill_running(env, count):
    """Make running clocks, two on each case, that are due in one to twenty days.

    :param int count: number of clocks
    """
    env.registry.clear_cache()
    prepare(env.cr)
    templates = env["aftersales.case"].search([("name", "=", "Bench case")], order="id")
    first = next_id(env.cr, "aftersales_case") + 1
    due = (
        "date_trunc('second', now() AT TIME ZONE 'UTC') + interval '1 day'"
        " + pg_temp.pick(%s, 'due', 19 * 86400) * interval '1 second'"
    )
    clone(
        env.cr,
        "aftersales_case",
        templates.ids,
        numbers(-1, count // 2, "1 + i % 2"),
        id=f"{first} + d.i",
        number="'R' || lpad(d.i::text, 7, '0')",
        next_deadline=due % "d.i",
        next_warning_at="NULL",
    )
    for kind in ("first_response", "resolution"):
        clone(
            env.cr,
            "aftersales_clock",
            [_template_clock(case, kind) for case in templates],
            f"SELECT c.*, 1 + (c.id - {first}) % 2 AS slot FROM aftersales_case c"
            f" WHERE c.id >= {first}",
            case_id="d.id",
            company_id="d.company_id",
            state="'running'",
            outcome="'none'",
            pauses="'[]'",
            decided_at="NULL",
            deadline="d.next_deadline",
            warning_at="NULL",
            next_event_at="d.next_deadline + interval '1 second'",
        )


# Ledger and messages ------------------------------------------------------------------


def _fill_events(env, first):
    """Five lines per case on the average."""
    for kind, condition, at, clocks in (
        ("received", "true", "c.received_at", False),
        ("assigned", "c.user_id IS NOT NULL", "c.received_at", False),
        ("clock_started", "true", "c.received_at", True),
        ("stage_changed", "c.stage_kind <> 'new'", "c.received_at", False),
        ("resolved", "c.resolved_at IS NOT NULL", "c.resolved_at", False),
        ("closed", "c.closed_at IS NOT NULL", "c.closed_at", False),
    ):
        clock = "k.id" if clocks else "NULL"
        join = "JOIN aftersales_clock k ON k.case_id = c.id" if clocks else ""
        env.cr.execute(
            f"INSERT INTO aftersales_event (case_id, clock_id, kind, at, recorded_at,"
            f" actor_kind, data) SELECT c.id, {clock}, '{kind}', {at}, {at}, 'system',"
            f" jsonb_build_object('stage', c.stage_id) FROM aftersales_case c {join}"
            f" WHERE c.id >= %s AND {condition}",
            [first],
        )


def _fill_messages(env, first, templates):
    message = env["mail.message"].search(
        [
            ("model", "=", "aftersales.case"),
            ("res_id", "=", templates[0].id),
            ("message_type", "=", "email"),
        ],
        limit=1,
    )
    driver = f"SELECT c.*, 1 AS slot FROM aftersales_case c WHERE c.id >= {first}"
    clone(
        env.cr,
        "mail_message",
        message.ids,
        driver,
        res_id="d.id",
        author_id="d.partner_id",
        email_from="d.email_from",
        date="d.received_at",
        create_date="d.received_at",
        record_company_id="d.company_id",
        message_id="'<bench.' || d.id || '@example.org>'",
        parent_id="NULL",
    )
    env.cr.execute(
        "INSERT INTO mail_followers (res_model, res_id, partner_id)"
        " SELECT 'aftersales.case', id, partner_id FROM aftersales_case"
        " WHERE id >= %s AND partner_id IS NOT NULL",
        [first],
    )


def _fill_activities(env, first, templates):
    """A tenth of the cases in work has something planned, for its owner."""
    activity = env["mail.activity"].search(
        [("res_model", "=", "aftersales.case"), ("res_id", "=", templates[0].id)],
        limit=1,
    )
    clone(
        env.cr,
        "mail_activity",
        activity.ids,
        f"SELECT c.*, 1 AS slot FROM aftersales_case c WHERE c.id >= {first}"
        " AND c.stage_kind = 'working' AND c.user_id IS NOT NULL AND c.id % 10 = 0",
        res_id="d.id",
        res_name="d.name",
        user_id="d.user_id",
        date_deadline="t.date_deadline + pg_temp.pick(d.id, 'do', 9)::int - 4",
    )
