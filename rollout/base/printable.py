"""Text from outside, as a terminal, a page or a message may have it.

AWS, functions, other tools and files may hold anything: escape sequences that move the cursor, marks that turn the
direction of writing, line ends that begin a line which looks like one of ours. Each such character is shown as a sign
that does nothing. The console, the pages and the notices go through here, so that no caller has to think of it.
"""

from __future__ import annotations

import json
import unicodedata
from typing import Any

_ACTS = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
"""Controls, marks of direction and other formats, halves of characters, separators of lines and of paragraphs."""
_PICTURES, _DELETE = 0x2400, 0x7F


def printable(text: str) -> str:
    """The text with a sign for each character that isn't shown but acts; ends of lines and tabs stay."""
    return text if text.isprintable() else "".join(c if c in "\n\t" else _sign(c) for c in text)


def one_line(text: str) -> str:
    """The text as it may stand in a line: with a sign for the ends of lines, too."""
    return text if text.isprintable() else "".join(map(_sign, text))


def json_line(value: Any) -> str:
    """A value as JSON on one line, which is the same data and nothing that a terminal acts on."""
    text = json.dumps(value, ensure_ascii=False)
    return text if text.isprintable() else "".join(json.dumps(c)[1:-1] if _acts(c) else c for c in text)


def _acts(character: str) -> bool:
    return unicodedata.category(character) in _ACTS


def _sign(character: str) -> str:
    """`␛` for an escape; `�` for what has no picture."""
    if not _acts(character):
        return character
    code = ord(character)
    return chr(_PICTURES + code) if code < ord(" ") else "␡" if code == _DELETE else "�"
