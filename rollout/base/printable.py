"""Makes foreign text safe for a terminal, a page or a message.

Text from AWS, functions, other tools and files may contain escape sequences, marks that change the direction of
writing, or line ends that fake a line of ours. Each such character is replaced by a harmless sign. The console, the
pages and the notices use this module, so that no caller has to.
"""

from __future__ import annotations

import json
import unicodedata
from typing import Any

_ACTS = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
"""Control characters, direction marks and other formats, surrogates, separators of lines and paragraphs."""
_PICTURES, _DELETE = 0x2400, 0x7F


def printable(text: str) -> str:
    """The text with a sign for each control character; line ends and tabs stay."""
    return text if text.isprintable() else "".join(c if c in "\n\t" else _sign(c) for c in text)


def one_line(text: str) -> str:
    """The text for one line: with a sign for line ends, too."""
    return text if text.isprintable() else "".join(map(_sign, text))


def json_line(value: Any) -> str:
    """A value as JSON on one line: the same data, without control characters."""
    text = json.dumps(value, ensure_ascii=False)
    return text if text.isprintable() else "".join(json.dumps(c)[1:-1] if _acts(c) else c for c in text)


def _acts(character: str) -> bool:
    return unicodedata.category(character) in _ACTS


def _sign(character: str) -> str:
    """`␛` for an escape; `�` for other characters."""
    if not _acts(character):
        return character
    code = ord(character)
    return chr(_PICTURES + code) if code < ord(" ") else "␡" if code == _DELETE else "�"
