"""Finding what may be an order number in a text."""

import re

# Letters, digits and the joints companies put between them: S00047, SO/2026/0012,
# 4500012345, WEB-1001.
_REFERENCE = re.compile(r"[^\W_]+(?:[-/_.][^\W_]+)*")
_MAX_TEXT = 20_000
_MAX_REFERENCES = 300


def order_references(text):
    """Return the words of a text that may be order numbers, in upper case.

    :param str text: subject and body of a message, as plain text
    :return: set of at most 300 strings with at least one digit and three characters
    """
    words = set()
    for match in _REFERENCE.finditer(text[:_MAX_TEXT]):
        word = match.group().upper()
        if 3 <= len(word) <= 40 and any(char.isdigit() for char in word):
            words.add(word)
            if len(words) >= _MAX_REFERENCES:
                break
    return words
