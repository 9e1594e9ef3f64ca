"""All rows of the budgets. A row without a measure waits for what it measures."""

from benchmarks.result import Row

from . import (
    board,
    changes,
    clocks,
    create,
    forms,
    install,
    integrity,
    ladder,
    lists,
    mail,
    portal,
    reports,
)

ROWS = (
    Row(
        1,
        "create 1,000 cases in one call, with policies matched, two clocks each,"
        " order link and ledger; per record",
        "≤ 0.35 × project.task and ≤ 0.3 queries per record",
        create.thousand,
    ),
    Row(
        2,
        "create one case from the form",
        "≤ 0.8 × crm.lead, ≤ 20 queries",
        create.one,
    ),
    Row(
        3,
        "idle tick of the clock job, 1k → 100k → 1M running clocks",
        "≤ 4 queries, growth ≤ 1.3 ×, ≤ 3 ms",
        clocks.idle_tick,
    ),
    Row(
        4,
        "busy tick: settle due clocks (outcome, ledger)",
        "≤ 40 × the raw UPDATE per row, ≤ 1 query per 50 rows, memory growth"
        " ≤ 100 MB at 100k due",
        clocks.busy_tick,
    ),
    Row(
        5,
        "ladder step with an activity and a mail",
        "≤ 1.3 × core activity_schedule + message_post doing the same",
        ladder.activity_and_mail,
    ),
    Row(
        6,
        "noticing a breach at 100k open cases while users work",
        "≤ 75 s after the instant, p99, with two cron workers; screens and figures"
        " right to the second at once",
        clocks.noticing,
    ),
    Row(
        7,
        "holiday added to a calendar with 40k running clocks",
        "save returns ≤ 2 s, background ≤ 1 ms per clock, no write on cases",
        changes.holiday,
    ),
    Row(
        8,
        "stage move of 1,000 cases in one write",
        "≤ 1 query per 20 cases",
        create.stage_move,
    ),
    Row(
        9,
        "list of 80 (any shipped filter, default order), 10k → 1M cases",
        "≤ 12 queries, growth ≤ 1.3 ×",
        lists.case_list,
    ),
    Row(
        10,
        "case form read",
        "≤ 30 queries, growth 10k → 1M ≤ 1.3 ×",
        forms.case_form,
    ),
    Row(
        11,
        "kanban by stage at 200k",
        "≤ 20 queries, ≤ 0.3 × the peer's time (with PEERS=1), else"
        " ≤ 3 × SELECT stage, count(*)",
        lists.kanban,
    ),
    Row(
        12,
        "pivot of any shipped report at 200k and 1M grain rows",
        "≤ 1.5 × hand-written SQL on the base tables with the same company filter",
        reports.pivots,
    ),
    Row(
        13,
        "sale order form / list of 80",
        "≤ +3 queries and ≤ 1.05 × core / +0 queries",
        forms.sale_order,
    ),
    Row(
        14,
        "customer file, 80 partners' counts",
        "one grouped query, not per partner",
        forms.customer_counts,
    ),
    Row(
        15,
        "portal list and case page, 10k → 200k",
        "≤ 25 queries, growth ≤ 1.2 ×",
        portal.pages,
    ),
    Row(
        16,
        "mail in / reply with 100 kB attachment",
        "≤ 1.2 × / ≤ 1.1 × crm.lead, acknowledgement queued outside",
        mail.in_and_reply,
    ),
    Row(
        17,
        "eligibility of an order with 200 lines; request page",
        "≤ 20 queries; ≤ 40 queries",
    ),
    Row(
        18,
        "drafting the credit of 50 lines",
        "≤ 1.3 × core's reversal wizard on the same invoice",
    ),
    Row(
        19,
        "10,000 satisfaction requests sent",
        "≤ 1.5 × mail.template.send_mail_batch of the same mails; resumable",
    ),
    Row(
        20,
        "wave drawn from 200k customers; callbacks generated for 100k customers",
        "≤ 10 s; ≤ 60 s; batched, resumable",
    ),
    Row(
        21,
        "install both addons on a template database",
        "≤ 45 s",
        install.seconds,
    ),
    Row(
        22,
        "customer look-up of the quick entry (phone, name, mail, order number) at 200k"
        " partners",
        "≤ 50 ms, ≤ 5 queries",
    ),
    Row(
        23,
        "live board refresh at 100k open cases",
        "≤ 10 queries, ≤ 3 × the raw grouped SQL",
        board.refresh,
    ),
    Row(
        24,
        "text search over 1M cases (number, subject, customer)",
        "index used, growth 10k → 1M ≤ 2 ×",
        lists.text_search,
    ),
    Row(
        25,
        "replay checker",
        "≤ 1 ms per clock, batched",
        integrity.replay_checker,
    ),
    Row(26, "pack over 200k cases", "≤ 60 s, ≤ 300 MB"),
    Row(
        27,
        "inspection of 50 lines",
        "≤ 1.3 × core's receipt validation of the same picking",
    ),
)
