"""What must hold after every fault: nothing is lost, and nothing happened twice."""

from tests.faults.seed import NOTE

OPEN_BUT_LATE = """
    SELECT id FROM aftersales_clock
     WHERE state = 'running' AND outcome = 'none'
       AND deadline < now() AT TIME ZONE 'UTC' - interval '2 minutes'
"""
# Broken exactly once, at its deadline, by the ledger.
BREACHES = """
    SELECT clock.id FROM aftersales_clock clock
      LEFT JOIN aftersales_event line
        ON line.clock_id = clock.id AND line.kind = 'clock_breached'
     GROUP BY clock.id
    HAVING count(line.id) <> (clock.outcome = 'breached')::int
        OR max(line.at) <> clock.deadline OR clock.decided_at <> clock.deadline
       AND clock.outcome = 'breached'
"""
# Each step of a ladder was taken or skipped exactly once, if at all.
STEPS = """
    SELECT clock_id, cause FROM aftersales_event
     WHERE kind IN ('step_fired', 'step_skipped')
     GROUP BY clock_id, cause HAVING count(*) > 1
"""
FORGOTTEN_STEPS = """
    SELECT clock.id FROM aftersales_clock clock
     WHERE outcome = 'breached'
       AND jsonb_array_length(steps_done) <> jsonb_array_length(snapshot->'steps')
"""
LEDGER_OF_STEPS = """
    SELECT clock.id FROM aftersales_clock clock
      LEFT JOIN aftersales_event line ON line.clock_id = clock.id
       AND line.kind IN ('step_fired', 'step_skipped')
     GROUP BY clock.id
    HAVING count(line.id) <> COALESCE(jsonb_array_length(clock.steps_done), 0)
"""
CYCLES = """
    SELECT case_id, kind, subject FROM aftersales_clock
     GROUP BY case_id, kind, subject
    HAVING count(*) <> max(cycle) OR count(*) FILTER (WHERE state <> 'stopped') > 1
"""
BROKEN = "SELECT * FROM aftersales_clock WHERE outcome = 'breached' AND kind = '{}'"
# What each step did, case by case: what is there beside what should be.
PRIORITIES = f"""
    SELECT c.number, c.priority FROM aftersales_case c
      LEFT JOIN ({BROKEN.format("first_response")}) clock ON clock.case_id = c.id
     WHERE c.priority::int
        <> (clock.id IS NOT NULL AND c.channel <> 'phone')::int
"""
NOTES = f"""
    SELECT c.number, count(note.id) FROM aftersales_case c
      LEFT JOIN mail_message note ON note.model = 'aftersales.case'
       AND note.res_id = c.id AND note.body LIKE '%{NOTE}%'
      LEFT JOIN ({BROKEN.format("first_response")}) clock ON clock.case_id = c.id
     GROUP BY c.id, clock.id
    HAVING count(note.id) <> (clock.id IS NOT NULL AND c.channel = 'phone')::int
"""
ESCALATIONS = f"""
    SELECT c.number FROM aftersales_case c
      LEFT JOIN aftersales_escalation escalation ON escalation.case_id = c.id
      LEFT JOIN ({BROKEN.format("resolution")}) clock ON clock.case_id = c.id
     GROUP BY c.id, clock.id
    HAVING count(escalation.id) <> (clock.id IS NOT NULL)::int
"""
ACTIVITIES = """
    SELECT escalation.id FROM aftersales_escalation escalation
      LEFT JOIN mail_activity activity ON activity.res_id = escalation.id
       AND activity.res_model = 'aftersales.escalation'
     GROUP BY escalation.id HAVING count(activity.id) <> 1
"""
NOTHING = {
    "due and not judged": OPEN_BUT_LATE,
    "broken more or less than once": BREACHES,
    "steps taken twice": STEPS,
    "steps forgotten": FORGOTTEN_STEPS,
    "steps that the ledger does not know": LEDGER_OF_STEPS,
    "cycles missing or double": CYCLES,
    "priorities raised more or less than once": PRIORITIES,
    "server actions run more or less than once": NOTES,
    "escalated more or less than once": ESCALATIONS,
    "activities of escalations": ACTIVITIES,
}
# One line of a mail for each promise that a person is told of.
TOLD = """
    SELECT COALESCE(sum(
        (length(body_html) - length(replace(body_html, '<li', ''))) / 3
    ), 0)
      FROM mail_mail JOIN mail_message m ON m.id = mail_message_id
     WHERE m.subject LIKE '%Promise breached%'
"""
TO_TELL = f"""
    SELECT count(*) FROM ({BROKEN.format("first_response")}) clock
      JOIN aftersales_case c ON c.id = clock.case_id WHERE c.channel <> 'phone'
"""


def check(place, except_for=()):
    """Check all of it.

    :param place: ``Place``
    :param except_for: names of what is not expected to hold
    """
    found = {
        name: rows
        for name, statement in NOTHING.items()
        if name not in except_for and (rows := place.query(statement)[:5])
    }
    assert found == {}, found
    assert place.value(TOLD) == place.value(TO_TELL) > 0, "mails told"
    assert place.value(
        "SELECT count(*) FROM aftersales_clock"
        " WHERE kind = 'update' AND outcome = 'breached'"
    ) == 3 * place.value(
        "SELECT count(DISTINCT case_id) FROM aftersales_clock WHERE kind = 'update'"
    ), "three days of silence are three misses"
    assert place.ledger_agrees()
