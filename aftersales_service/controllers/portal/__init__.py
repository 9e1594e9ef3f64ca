from . import (
    mail,
    portal,
    portal_intake,
)
