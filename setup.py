"""One wheel with all addons, each as a part of the namespace `odoo.addons`.

    pip wheel --no-deps .

Installed where Odoo 19 is installed, the addons are found without any
`addons_path`. There is deliberately no requirement on a package named `odoo`: most
Odoos were not installed by pip, and pip would try to fetch another one.
"""

import ast
from pathlib import Path

from setuptools import find_packages, setup

ROOT = Path(__file__).resolve().parent
UNWANTED = {"__pycache__"}


def manifest(addon):
    return ast.literal_eval((ROOT / addon / "__manifest__.py").read_text())


def addons():
    """Every addon of the checkout; glue addons join by being there."""
    found = (path.parent.name for path in ROOT.glob("*/__manifest__.py"))
    return sorted(name for name in found if manifest(name).get("installable", True))


def packages(addon):
    inner = find_packages(str(ROOT / addon))
    return [f"odoo.addons.{name}" for name in (addon, *(f"{addon}.{i}" for i in inner))]


def files(addon):
    """All files of the addon: data, static files, translations, migrations …"""
    return sorted(
        path.relative_to(ROOT / addon).as_posix()
        for path in (ROOT / addon).rglob("*")
        if path.is_file() and not UNWANTED.intersection(path.parts)
    )


ADDONS = addons()

setup(
    name="odoo-addons-aftersales",
    version=manifest("aftersales_service")["version"],
    description="After-sales service for Odoo 19: cases with exact promises",
    long_description=(ROOT / "README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    author="Aftersales contributors",
    license="LGPL-3.0-only",
    license_files=["LICENSE", "COPYING"],
    classifiers=[
        "Framework :: Odoo",
        "Framework :: Odoo :: 19.0",
        "Programming Language :: Python :: 3",
    ],
    python_requires=">=3.10",
    package_dir={f"odoo.addons.{addon}": addon for addon in ADDONS},
    packages=[name for addon in ADDONS for name in packages(addon)],
    package_data={f"odoo.addons.{addon}": files(addon) for addon in ADDONS},
    include_package_data=False,
    zip_safe=False,
)
