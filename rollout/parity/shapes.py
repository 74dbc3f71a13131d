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
_HEX = re.compile("0x[0-9a-fA-F]+")  # an address of a chain, the most frequent long one
_IDENTIFIERS = {"int", "uuid", "hex", "date", "id"}
_LONGEST_WORD, _SHORT = 32, 16


def shape_of(text: str) -> str:
    """What a text looks like: `{int}`, `{hex}`, `{uuid}`, `{date}`, `{id}`, `{text}`; nothing for an empty one."""
    if not text:
        return ""
    found = _SHAPE.fullmatch(text)
    return f"{{{found.lastgroup}}}" if found else "{text}"


def is_identifier(text: str) -> bool:
    """Whether a text looks like one of many of its kind, so that it names nothing."""
    found = _SHAPE.fullmatch(text)
    return found is not None and found.lastgroup in _IDENTIFIERS


def request_shape(method: str, target: str) -> str:
    """A method, the pattern of a path, and the shapes of parameters: `GET /v2/stamps/{int}/score/{hex}?page={int}`.

    Parameters are sorted by their names.
    """
    path, _, query = target.partition("?")
    shape = f"{method} {'/'.join([_segment(each) for each in path.split('/')])}"
    if not query:
        return shape
    parameters = [_parameter(each) for each in query.split("&") if each]
    return f"{shape}?{'&'.join(sorted(parameters))}" if parameters else shape


def _segment(text: str) -> str:
    """A path's segment; one that looks like an identifier as its shape. Few short ones are, and they come again."""
    if text.isalpha() and len(text) <= _LONGEST_WORD:
        return text
    if text.isdecimal() and text.isascii():
        return "{int}"
    return _short(text) if len(text) <= _SHORT else _any(text)


def _any(text: str) -> str:
    if _HEX.fullmatch(text):
        return "{hex}"
    found = _SHAPE.fullmatch(text)
    if found and found.lastgroup in _IDENTIFIERS:
        return f"{{{found.lastgroup}}}"
    return text if len(text) <= _LONGEST_WORD else "{text}"


_short = lru_cache(1 << 14)(_any)


@lru_cache(1 << 14)
def _parameter(text: str) -> str:
    name, _, value = text.partition("=")
    return f"{name}={shape_of(value)}"
