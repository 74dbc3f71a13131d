"""The shapes of texts, by which requests and members are alike: a number, a hexadecimal text, a UUID."""

from __future__ import annotations

import re
from functools import lru_cache

_SHAPE = re.compile(
    r"(?P<int>[+-]?[0-9]+)|(?P<number>[+-]?[0-9]*\.[0-9]+(?:[eE][+-]?[0-9]+)?)"
    r"|(?P<uuid>[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12})"
    r"|(?P<hex>0x[0-9a-fA-F]+|(?=[a-fA-F]*[0-9])[0-9a-fA-F]{8,})"
    r"|(?P<date>[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[T ].*)?)"
    r"|(?P<id>(?=[A-Za-z_.~-]*[0-9])(?=[0-9_.~-]*[A-Za-z])[\w.~-]{12,})",
    re.ASCII,
)
_IDENTIFIERS = {"int", "uuid", "hex", "date", "id"}
_LONGEST_WORD = 32


@lru_cache(1 << 14)
def shape_of(text: str) -> str:
    """What a text looks like: `{int}`, `{hex}`, `{uuid}`, `{date}`, `{id}`, `{text}`; nothing for an empty one."""
    if not text:
        return ""
    found = _SHAPE.fullmatch(text)
    return f"{{{found.lastgroup}}}" if found else "{text}"


def is_identifier(text: str) -> bool:
    """Whether a text looks like one of many of its kind, so that it names nothing."""
    return shape_of(text)[1:-1] in _IDENTIFIERS


def path_shape(path: str) -> str:
    """A path with each segment that looks like an identifier as its shape, such as `/v2/stamps/{int}/score/{hex}`."""
    return "/".join(
        shape_of(each) if is_identifier(each) else each if len(each) <= _LONGEST_WORD else "{text}"
        for each in path.split("/")
    )


def query_shape(query: tuple[tuple[str, str], ...]) -> str:
    """The names of parameters, sorted, with the shapes of their values."""
    return "&".join(sorted(f"{name}={shape_of(value)}" for name, value in query))
