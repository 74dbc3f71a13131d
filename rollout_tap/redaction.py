"""What leaves the process of a request and its answer: named headers alone, and hashes in the place of secrets.

Equal values have equal hashes under one salt, so a reader may still say whether two are the same. Names of keys, paths
of URLs, booleans and null stay as they are.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

HEADERS = frozenset(
    {
        *("accept", "accept-encoding", "accept-language", "cache-control", "content-encoding", "content-language"),
        *("content-type", "host", "origin", "user-agent", "vary", "x-requested-with"),
    }
)
"""Recorded without being asked for."""
SECRET_NAMES = re.compile(
    r"auth|cookie|credential|csrf|e-?mail|jwt|nonce|passw|private|secret|session|signature|ssn|token|api-?_?key",
    re.IGNORECASE,
)
"""Keys of JSON and of queries whose values are hashed without being asked for; rollout.parity hides the same."""


class Redaction:
    """Redacts.

    Args:
        salt: Of hashes, at most 64 bytes.
        headers: Names that are recorded beside `HEADERS`.
        places: Whose values are hashed.
    """

    def __init__(self, salt: bytes, headers: Iterable[str] = (), places: Iterable[str] = ()) -> None:
        self._salt, places = salt, tuple(places)
        self._headers = HEADERS | {name.lower() for name in headers}
        self._places = re.compile("|".join(map(_form, places)) or "(?!)", re.IGNORECASE | re.DOTALL)
        self._headers |= {place.partition(":")[2].lower() for place in places if place.startswith("header:")}

    def headers(self, pairs: Iterable[tuple[str, str]]) -> dict[str, str | list[str]]:
        """Those that may leave, by name in lower case."""
        found: dict[str, list[str]] = {}
        for name, value in pairs:
            if (lower := name.lower()) in self._headers:
                is_hidden = self._places.fullmatch(f"header:{lower}")
                found.setdefault(lower, []).append(self._text(value) if is_hidden else value)
        return {name: values[0] if len(values) == 1 else values for name, values in found.items()}

    def query(self, pairs: Iterable[tuple[str, str]]) -> Iterator[tuple[str, str]]:
        """Parameters, those of secrets hashed."""
        for name, value in pairs:
            is_hidden = SECRET_NAMES.search(name) or self._places.fullmatch(f"query:{name}")
            yield name, self._text(value) if is_hidden else value

    def json(self, value: Any, place: str = "$", *, is_hidden: bool = False) -> Any:
        """Data of JSON, with the values of secrets hashed, and of all that is below one."""
        is_hidden = is_hidden or self._places.fullmatch(place) is not None
        if isinstance(value, Mapping):
            return {
                key: self.json(each, f"{place}.{key}", is_hidden=is_hidden or bool(SECRET_NAMES.search(key)))
                for key, each in value.items()
            }
        if isinstance(value, Sequence) and not isinstance(value, str):
            return [self.json(each, f"{place}[*]", is_hidden=is_hidden) for each in value]
        return self._hashed(value) if is_hidden else value

    def _hashed(self, value: Any) -> Any:
        """Of the same kind, so that a function still can read it."""
        if value is None or isinstance(value, bool):
            return value
        if isinstance(value, str):
            return self._text(value)
        number = int(self._digest(repr(value)), 16) >> 32
        return number + 0.5 if isinstance(value, float) else number

    def _text(self, value: str) -> str:
        return f"redacted-{self._digest(value)}"

    def _digest(self, text: str) -> str:
        return hashlib.blake2b(text.encode(errors="surrogatepass"), key=self._salt, digest_size=8).hexdigest()


def _form(place: str) -> str:
    return ".*".join(map(re.escape, place.split("**")))
