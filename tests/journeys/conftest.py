"""One world for the journeys of a file: servers, a company at work, its customers."""

import pytest

from tests.journeys.world import World
from tests.support.browser import chromium
from tests.support.mailbox import Mailbox
from tests.support.outbox import Outbox
from tests.support.server import OdooServer


@pytest.fixture(scope="module")
def world():
    """A served Odoo with a mailbox it reads and an outbox it sends to."""
    with OdooServer() as server, Mailbox() as mailbox, Outbox() as outbox:
        yield World(server, mailbox, outbox)
        assert not server.surprises()


@pytest.fixture(scope="module")
def browser():
    """A running Chromium."""
    with chromium() as running:
        yield running
