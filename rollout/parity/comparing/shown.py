"""How values are shown in examples: no secret leaves the process, and equal ones can still be told to be equal.

A text under a name that secrets have, one that the request itself brought as a secret, and one that looks like a token
or an e-mail address is shown as its length and a hash with a salt that is drawn for each run and never written.
"""

from __future__ import annotations

import hashlib
import json
import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from rollout.base.printable import one_line
from rollout.errors.redaction import redacted

LONGEST = 80
SECRET_NAMES = re.compile(
    r"auth|cookie|credential|csrf|e-?mail|jwt|nonce|passw|private|secret|session|signature|ssn|token|api-?_?key",
    re.IGNORECASE,
)
_TOKEN = re.compile(r"[A-Za-z0-9_+/=.~-]{32,}|[^\s@]+@[^\s@]+\.[^\s@]|(?i:bearer|basic)\s")
_SHORTEST, _BEYOND = 4, 32


@dataclass(frozen=True, slots=True)
class Shown:
    """Shows values.

    Attributes:
        salt: Of hashes.
        hidden: What the request brought as secrets.
    """

    salt: bytes = field(default_factory=lambda: secrets.token_bytes(16), repr=False)
    hidden: tuple[str, ...] = field(default=(), repr=False)

    def hiding(self, texts: Iterable[str]) -> Shown:
        """The same, which hides these, too."""
        return replace(self, hidden=tuple(text for text in texts if len(text) >= _SHORTEST))

    def value(self, path: str, value: Any) -> str:
        """A value at a path as an example has it."""
        if value is None or isinstance(value, bool | int | float):
            return json.dumps(value)
        if not isinstance(value, str):
            return _kind(value)
        return self._secret(path, value) or _cut(json.dumps(value[:LONGEST], ensure_ascii=False), value)

    def text(self, path: str, text: str) -> str:
        """A text at a path without quotes."""
        return self._secret(path, text) or _cut(text[:LONGEST], text)

    def _secret(self, path: str, text: str) -> str:
        """What is shown of one in its place; empty if it is none."""
        is_token = _TOKEN.search(text[: LONGEST + _BEYOND])  # of a long text no more is shown
        if not (SECRET_NAMES.search(path) or is_token or any(each in text for each in self.hidden)):
            return ""
        digest = hashlib.blake2b(text.encode(errors="surrogatepass"), key=self.salt, digest_size=4).hexdigest()
        return f"text of {len(text)} characters (#{digest})"


def _cut(begin: str, whole: str) -> str:
    return one_line(redacted(begin + "…" * (len(whole) > LONGEST)))


def _kind(value: Any) -> str:
    if isinstance(value, dict):
        return f"object of {len(value)}"
    return f"list of {len(value)}" if isinstance(value, list) else "nothing"
