from typing import NamedTuple

from odoo import api, models
from odoo.tools import ormcache


class Channel(NamedTuple):
    """A way on which cases come in."""

    label: str
    # Whoever took the case spoke with the customer: there is nothing to acknowledge.
    in_person: bool = False
    # whether the customer, who has nobody at hand, is sent a confirmation
    confirmed: bool = False
    # whether its cases count in figures
    in_figures: bool = True


class AftersalesCase(models.Model):
    """The ways on which cases reach us."""

    _inherit = "aftersales.case"

    @api.model
    def _channels(self):
        """Return the ways on which cases come in, as {code: Channel}; extendable."""
        return {
            "mail": Channel(self.env._("E-mail"), confirmed=True),
            "portal": Channel(self.env._("Portal"), confirmed=True),
            "phone": Channel(self.env._("Phone"), in_person=True),
            "visit": Channel(self.env._("Visit"), in_person=True),
            "letter": Channel(self.env._("Letter")),
            "chat": Channel(self.env._("Chat"), in_person=True),
            "social": Channel(self.env._("Social media")),
            "website": Channel(self.env._("Website"), confirmed=True),
            "other": Channel(self.env._("Other")),
        }

    @api.model
    @ormcache("trait")
    def _channels_that_are(self, trait):
        """Return the codes of the channels that have a trait.

        :param str trait: name of a field of :class:`Channel`
        """
        channels = self._channels().items()
        return frozenset(code for code, channel in channels if getattr(channel, trait))

    @api.model
    def _selection_channel(self):
        return [(code, channel.label) for code, channel in self._channels().items()]
