from odoo import models


class IrUiMenu(models.Model):
    _inherit = "ir.ui.menu"

    def _load_menus_blacklist(self):
        """Offer the board to those alone who may see it."""
        hidden = super()._load_menus_blacklist()
        menu = self.env.ref(
            "aftersales_service.aftersales_menu_board", raise_if_not_found=False
        )
        if menu and not self._aftersales_may_see_board():
            hidden.append(menu.id)
        return hidden

    def _aftersales_may_see_board(self):
        Case = self.env["aftersales.case"]
        return self.env.user._is_internal() and Case._board_is_for_user()
