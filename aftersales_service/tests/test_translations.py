import io
import re

import polib

from odoo.tests import TransactionCase, tagged
from odoo.tools import file_path
from odoo.tools.translate import trans_export

MODULES = ("aftersales_service", "aftersales_survey")
LANGUAGES = ("zh_CN", "zh_TW")
PLACEHOLDER = re.compile(r"%(?:\(\w+\))?[sd]|\$\{|\{\{.*?\}\}", re.DOTALL)


@tagged("post_install", "-at_install")
class TestTranslations(TransactionCase):
    """Every term of the addons is translated into both Chinese scripts."""

    def _terms(self, module):
        buffer = io.BytesIO()
        if not trans_export(False, [module], buffer, "po", self.env):
            return set()
        return {entry.msgid for entry in polib.pofile(buffer.getvalue().decode())}

    def _modules(self):
        """Return the names of our modules that have terms, in this database."""
        installed = self.env["ir.module.module"].search(
            [("name", "in", MODULES), ("state", "=", "installed")]
        )
        return [name for name in installed.mapped("name") if self._terms(name)]

    def test_template_is_up_to_date(self):
        for module in self._modules():
            template = polib.pofile(file_path(f"{module}/i18n/{module}.pot"))
            kept = {entry.msgid for entry in template}
            terms = self._terms(module)
            self.assertEqual(kept - terms, set(), f"{module}: gone from the sources")
            self.assertEqual(terms - kept, set(), f"{module}: not in the template")

    def test_no_term_is_missing(self):
        for module in self._modules():
            terms = self._terms(module)
            for language in LANGUAGES:
                translated = polib.pofile(file_path(f"{module}/i18n/{language}.po"))
                done = {entry.msgid for entry in translated.translated_entries()}
                missing = sorted(terms - done)
                self.assertFalse(
                    missing, f"{module} {language}: {len(missing)} terms, {missing[:5]}"
                )

    def test_placeholders_survive(self):
        for module in self._modules():
            for language in LANGUAGES:
                for entry in polib.pofile(file_path(f"{module}/i18n/{language}.po")):
                    self.assertEqual(
                        sorted(PLACEHOLDER.findall(entry.msgid)),
                        sorted(PLACEHOLDER.findall(entry.msgstr)),
                        f"{module} {language}: {entry.msgid}",
                    )
