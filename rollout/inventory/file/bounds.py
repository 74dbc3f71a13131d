"""What no value of the file may be, whatever its key: seen before anything else looks at them.

TOML allows tables in tables without end, numbers without end and characters that act on a terminal or end a C string.
Whatever reads, merges and prints values afterwards needs no thought for these.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from rollout.inventory.file.findings import Finding
from rollout.inventory.file.layout import Keys

DEEPEST = 16
"""Tables and lists in each other; the deepest key that means something has eight above it."""
_ACTS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
"""Controls, and marks that turn the direction of writing."""
_LARGEST = 2**63
"""TOML's integers are of 64 bits: https://toml.io/en/v1.0.0#integer."""


_PART = r"""(?:[A-Za-z0-9_-]+|"[^"\n]*"|'[^'\n]*')"""
_DOTTED = re.compile(rf"(?:^|[\[{{,])[ \t]*{_PART}(?:[ \t]*\.[ \t]*{_PART}){{32}}", re.MULTILINE)
"""A key of more parts than any; TOML's reader takes their number squared."""


def too_deep(text: str) -> int | None:
    """The line of a key that no reader should be given."""
    found = _DOTTED.search(text)
    return text.count("\n", 0, found.end()) + 1 if found else None


def unfit(data: dict[str, Any]) -> Iterator[Finding]:
    """Each value that is out of bounds."""
    left: list[tuple[Keys, Any]] = [((), data)]
    while left:
        at, value = left.pop()
        if isinstance(value, dict | list) and len(at) > DEEPEST:
            yield Finding(at[:DEEPEST], f"tables and lists are nested more than {DEEPEST} deep", code="out-of-bounds")
        elif isinstance(value, dict):
            yield from (
                Finding((*at, key), "the key contains a control character", code="out-of-bounds")
                for key in value
                if _ACTS.search(key)
            )
            left += [((*at, key), each) for key, each in value.items()]
        elif isinstance(value, list):
            left += [((*at, index), each) for index, each in enumerate(value)]
        elif isinstance(value, str) and _ACTS.search(value):
            yield Finding(
                at, "the text contains a control character", "allowed: line ends and tabs", code="out-of-bounds"
            )
        elif isinstance(value, int) and not -_LARGEST <= value < _LARGEST:
            yield Finding(at, "the number is too large", "allowed: numbers of 64 bits", code="out-of-bounds")
