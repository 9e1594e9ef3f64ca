import re

from odoo import models

CHANNEL = re.compile(r"^aftersales_case_(\d+)$")


class IrWebsocket(models.AbstractModel):
    _inherit = "ir.websocket"

    def _build_bus_channel_list(self, channels):
        """Let only those hear of changed cases who may read cases of that company."""
        return super()._build_bus_channel_list(self._aftersales_channels(channels))

    def _aftersales_channels(self, channels):
        """Return the channels without those of cases that are not for the user."""
        if not any(self._aftersales_company(channel) for channel in channels):
            return channels
        user = self.env.user
        may_read = user._is_internal() and self.env["aftersales.case"].has_access(
            "read"
        )
        allowed = {False, *(user.company_ids.ids if may_read else ())}
        return [
            channel
            for channel in channels
            if self._aftersales_company(channel) in allowed
        ]

    def _aftersales_company(self, channel):
        """Return the id of the company whose cases a channel tells of, else False."""
        match = CHANNEL.match(channel) if isinstance(channel, str) else None
        return int(match[1]) if match else False
