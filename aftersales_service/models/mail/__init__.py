"""Mails and messages: how they come in, what they mean, how they go out.

Uses: clock and below.
Not here: No page of the portal.
"""

from . import (
    ir_attachment,
    ir_mail_server,
    mail_message,
    mail_thread_damaged,
    mail_thread,
    aftersales_event,
    aftersales_team,
    aftersales_notify,
    aftersales_case_mail,
    aftersales_case_authorship,
    aftersales_case_sender,
    aftersales_case_handover,
    aftersales_case_named,
    aftersales_case_copies,
    aftersales_case_gateway,
    aftersales_case_reply,
    aftersales_case_acknowledgement,
    aftersales_case_promise,
)
