import re

from odoo import models
from odoo.http import request

from odoo.addons.bus.websocket import wsrequest

CHANNEL = re.compile(r"^aftersales_case_(\d+)$")


class IrWebsocket(models.AbstractModel):
    _inherit = "ir.websocket"

    def _build_bus_channel_list(self, channels):
        """Let only those hear of changed cases who may read cases of that company."""
        wanted = {
            channel: int(match[1])
            for channel in channels
            if isinstance(channel, str) and (match := CHANNEL.match(channel))
        }
        if wanted:
            allowed = self._aftersales_companies()
            channels = [
                channel
                for channel in channels
                if not isinstance(channel, str)
                or channel not in wanted
                or wanted[channel] in allowed
            ]
        return super()._build_bus_channel_list(channels)

    def _aftersales_companies(self):
        """Return the ids of the companies whose changed cases the user may hear of."""
        req = request or wsrequest
        user = self.env.user
        if not req.session.uid or not user._is_internal():
            return set()
        if not self.env["aftersales.case"].has_access("read"):
            return set()
        return set(user.company_ids.ids)
