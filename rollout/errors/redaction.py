"""Removes the secrets that this process knows from each text that leaves it.

Errors of libraries and tools quote their input: a header, an address, a command's output. Code that learns a secret
calls `hide`; secrets in environment variables are found by the variable's name. Every error's text, each line of JSON
and each crash report goes through `redacted`.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import quote, quote_plus, urlsplit

REDACTED = "[redacted]"
_SHORTEST = 8
"""Shorter secrets appear in too many other words: they are removed only as separate words, from six characters on."""
_ALONE = 6
_SECRET = re.compile(r"SECRET|TOKEN|PASSW|PASSPHRASE|CREDENTIAL|PRIVATE|API_?KEY", re.IGNORECASE)
_PLACES = re.compile(r"_(FILE|PATH|DIR|URL|URI)$", re.IGNORECASE)
_FORMS = (
    re.compile(r"(?<![A-Z0-9])(?:AKIA|ASIA)[A-Z0-9]{16}(?![A-Z0-9])"),
    re.compile(r"(?<=://)[^/\s@'\"]+(?=@)"),
    re.compile(r"(?<=hooks\.slack\.com/)[^\s'\"<>]+"),
    re.compile(r"(?<=X-Amz-Security-Token=)[^&\s'\"]+|(?<=X-Amz-Signature=)[^&\s'\"]+"),
    re.compile(r"(?<=Signature=)[0-9a-f]{64}"),
)
_hidden: set[str] = set()


def hide(*secrets: str | None) -> None:
    """Remove these from every text from now on."""
    _hidden.update(secret for secret in secrets if secret)


def hide_address(url: str) -> None:
    """Remove a secret address from every text; its host may appear."""
    try:
        parts = urlsplit(url)
    except ValueError:
        hide(url)
        return
    hide(url, parts.path, parts.query, parts.path.rpartition("/")[2])


def redacted(text: str, variables: Mapping[str, str] = os.environ) -> str:
    """A text without the known secrets.

    Args:
        text: Anything.
        variables: This process's environment; names like PASSWORD mark secrets.
    """
    return _without(text, _known(variables))


def _known(variables: Mapping[str, str]) -> re.Pattern[str] | None:
    """What matches the secrets that are known now; None where none is."""
    secrets = {value for name, value in variables.items() if _is_secret(name)}
    return _pattern(frozenset(secrets | _hidden))


def _without(text: str, known: re.Pattern[str] | None) -> str:
    for form in _FORMS:
        text = form.sub(REDACTED, text)
    return known.sub(REDACTED, text) if known else text


@lru_cache(maxsize=1024)
def _is_secret(name: str) -> bool:
    return bool(_SECRET.search(name)) and not _PLACES.search(name)


def redacted_in(value: Any) -> Any:
    """JSON data without secrets in any of its texts: a preview of ninety rules has nine thousand."""
    return _cleaned(value, _known(os.environ))


def _cleaned(value: Any, known: re.Pattern[str] | None) -> Any:
    match value:
        case str():
            return _without(value, known)
        case dict():
            return {key: _cleaned(each, known) for key, each in value.items()}
        case list():
            return [_cleaned(each, known) for each in value]
        case _:
            return value


@lru_cache(maxsize=8)
def _pattern(secrets: frozenset[str]) -> re.Pattern[str] | None:
    forms = sorted({form for secret in secrets for form in _forms(secret)}, key=len, reverse=True)
    return re.compile("|".join(map(_expression, forms))) if forms else None


def _expression(form: str) -> str:
    return re.escape(form) if len(form) >= _SHORTEST else rf"(?<!\w){re.escape(form)}(?!\w)"


def _forms(secret: str) -> Iterator[str]:
    """The forms of a secret in texts: escaped, quoted, or only its parts between control characters and blanks."""
    parts: Iterable[str] = (part for part in re.split(r"[^!-~]+", secret) if len(part) >= _SHORTEST)
    for each in (secret, secret.strip(), *parts):
        quoted = (quote(each, safe="", errors="replace"), quote_plus(each, errors="replace"))
        for form in (each, repr(each)[1:-1], json.dumps(each)[1:-1], *quoted):
            if len(form) >= _SHORTEST or (len(form) >= _ALONE and not form.isdigit()):
                yield form
