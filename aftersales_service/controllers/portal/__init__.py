from . import (
    portal,
    portal_intake,
)
