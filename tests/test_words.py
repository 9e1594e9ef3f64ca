"""Words on the screen: nobody is taken for a man, and other desks' words are found."""

import re

import polib
import pytest

from dev import places

ADDONS = ["aftersales_service"]
HE = re.compile(r"\b(he|him|his|himself)\b", re.I)
# What became of a promise is said as other desks say it.
OTHER_DIALECT = re.compile(r"\b(kept or broken|broken promise|promise broken)\b", re.I)


def terms(addon):
    template = places.ROOT / addon / "i18n" / f"{addon}.pot"
    return [entry.msgid for entry in polib.pofile(str(template))]


@pytest.mark.parametrize("addon", ADDONS)
def test_nobody_is_taken_for_a_man(addon):
    assert [term for term in terms(addon) if HE.search(term)] == []


@pytest.mark.parametrize("addon", ADDONS)
def test_words_of_the_field(addon):
    assert [term for term in terms(addon) if OTHER_DIALECT.search(term)] == []


def test_sla_is_found():
    found = {term for term in terms("aftersales_service") if "SLA" in term}
    assert {"Promises (SLA)", "SLA Performance"} <= found
