"""Translation files: export the template, keep what is translated already.

Run inside of Odoo's own Python: `python -m dev.translations CONFIG DATABASE`.
"""

import io
import sys
from pathlib import Path

import polib

from odoo import api
from odoo.modules.registry import Registry
from odoo.tools import config
from odoo.tools.translate import trans_export

LANGUAGES = ("zh_CN", "zh_TW")


def export(env, module, folder):
    """Write the template of a module and merge it into its languages."""
    buffer = io.BytesIO()
    if not trans_export(False, [module], buffer, "po", env):
        return
    template = polib.pofile(buffer.getvalue().decode())
    # No dates: a file changes only when a term does.
    template.metadata = {
        "Project-Id-Version": module,
        "MIME-Version": "1.0",
        "Content-Type": "text/plain; charset=UTF-8",
        "Content-Transfer-Encoding": "8bit",
    }
    folder.mkdir(exist_ok=True)
    template.save(str(folder / f"{module}.pot"))
    for language in LANGUAGES:
        merge(template, folder / f"{language}.po", language)


def merge(template, path, language):
    """Bring one language to the terms of the template; say what is left to do."""
    known = {}
    if path.exists():
        known = {entry.msgid: entry.msgstr for entry in polib.pofile(str(path))}
    translated = polib.POFile()
    translated.metadata = {**template.metadata, "Language": language}
    for entry in template:
        translated.append(
            polib.POEntry(
                msgid=entry.msgid,
                msgstr=known.get(entry.msgid, ""),
                comment=entry.comment,
                occurrences=entry.occurrences,
                flags=entry.flags,
            )
        )
    translated.save(str(path))
    missing = len(translated.untranslated_entries())
    print(f"{path}: {len(translated)} terms, {missing} to translate")


def main():
    configuration, database, *modules = sys.argv[1:]
    config.parse_config(
        ["-c", configuration, "-d", database, "--no-http"], setup_logging=True
    )
    with Registry(database).cursor() as cr:
        env = api.Environment(cr, api.SUPERUSER_ID, {})
        for module in modules:
            export(env, module, Path(__file__).parents[1] / module / "i18n")


if __name__ == "__main__":
    main()
