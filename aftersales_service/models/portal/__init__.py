"""What customers see and do on their pages.

Uses: mail and below.
Not here: No screen of colleagues.
"""

from . import (
    aftersales_event,
    aftersales_case_link,
    aftersales_case_portal,
    aftersales_case_portal_intake,
)
