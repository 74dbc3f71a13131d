"""Answers that differ in a chosen way from what a handler says: the bugs of rewrites that no error rate shows."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from fnmatch import fnmatchcase
from random import Random
from types import MappingProxyType
from typing import Any, Literal, get_args

Kind = Literal["number-as-text", "missing-key", "forbidden", "header-case", "date-form", "unordered-list", "random-id"]
KINDS: tuple[Kind, ...] = get_args(Kind)
_HEADERS = ("headers", "multiValueHeaders")
_UNAUTHORIZED, _FORBIDDEN = 401, 403
_DATE = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d")


@dataclass(frozen=True, slots=True)
class Difference:
    """A way to differ.

    Attributes:
        kind: `number-as-text` (the first number of the body), `missing-key` (the last of the body's), `forbidden` (403
            in place of 401), `header-case` (names in capitals), `date-form` (dates in HTTP's form), `unordered-list`
            (all are shuffled), `random-id` (another `id` each time). What an answer doesn't have stays as it is.
        path: A pattern of the paths where it does: `/v2/*`.
    """

    kind: Kind
    path: str = "*"

    def __post_init__(self) -> None:
        """Refuse what can't be.

        Raises:
            ValueError: There is no such kind.
        """
        if self.kind not in KINDS:
            raise ValueError(f"no answer differs by {self.kind!r}")

    @classmethod
    def of(cls, text: str) -> Difference:
        """One from `KIND` or `KIND:PATH`.

        Raises:
            ValueError: There is no such kind.
        """
        kind, _, path = text.partition(":")
        return cls(kind, path or "*")  # type: ignore[arg-type]  # refused if it is none

    def altered(self, said: Any, path: str, random: Random) -> Any:
        """An answer to a request of this path as it comes out."""
        if not isinstance(said, dict) or not fnmatchcase(path, self.path):
            return said
        if self.kind == "forbidden":
            return said | {"statusCode": _FORBIDDEN} if said.get("statusCode") == _UNAUTHORIZED else said
        if self.kind == "header-case":
            return said | {
                name: {key.upper(): value for key, value in said[name].items()} for name in _HEADERS if name in said
            }
        try:
            body = json.loads(said["body"])
        except (KeyError, TypeError, ValueError):
            return said
        return said | {"body": json.dumps(_ALTERED[self.kind](body, random))}


def _number_as_text(body: Any, _random: Random) -> Any:
    is_done = False

    def change(value: Any) -> Any:
        nonlocal is_done
        if is_done or isinstance(value, bool) or not isinstance(value, int | float):
            return value
        is_done = True
        return json.dumps(value)

    return _each(body, change)


def _missing_key(body: Any, _random: Random) -> Any:
    return dict([*body.items()][:-1]) if isinstance(body, dict) else body


def _date_form(body: Any, _random: Random) -> Any:
    def change(value: Any) -> Any:
        if not isinstance(value, str) or not _DATE.match(value):
            return value
        try:
            return format_datetime(datetime.fromisoformat(value))
        except ValueError:
            return value

    return _each(body, change)


def _unordered_list(body: Any, random: Random) -> Any:
    return _each(body, lambda value: random.sample(value, len(value)) if isinstance(value, list) else value)


def _random_id(body: Any, random: Random) -> Any:
    return {**body, "id": f"{random.getrandbits(64):016x}"} if isinstance(body, dict) else body


def _each(value: Any, change: Callable[[Any], Any]) -> Any:
    """Data with each value changed, in its order."""
    if isinstance(value, dict):
        value = {key: _each(each, change) for key, each in value.items()}
    elif isinstance(value, list):
        value = [_each(each, change) for each in value]
    return change(value)


_ALTERED: Mapping[str, Callable[[Any, Random], Any]] = MappingProxyType(
    {
        "number-as-text": _number_as_text,
        "missing-key": _missing_key,
        "date-form": _date_form,
        "unordered-list": _unordered_list,
        "random-id": _random_id,
    }
)
