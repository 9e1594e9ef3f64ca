"""An addon that extends everything that can be extended, in a database of its own."""

import os
from pathlib import Path

from dev import odoo_source, testing

HERE = Path(__file__).parent


def test_doors():
    """Its own tests pass, as Odoo runs them: nothing is patched."""
    addons = [*odoo_source.addons_paths(), HERE]
    counts = testing.run_tags(
        os.environ["AFTERSALES_TEMPLATE"],
        "doors",
        "/aftersales_scratch",
        ["-i", "aftersales_scratch", f"--addons-path={','.join(map(str, addons))}"],
    )
    assert counts["failed"] == 0
    assert counts["passed"] >= 17
