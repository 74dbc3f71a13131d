"""Where and how answers differ: ten thousand differences at `$.stamps[*].expires` are one place with a count."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Literal

from rollout.parity.comparing.shown import Shown
from rollout.parity.rules import Rules
from rollout.parity.shapes import is_identifier

EXAMPLES = 3
Part = Literal["failed", "status", "header", "body"]
_PLAIN = re.compile(r"[A-Za-z_$][\w$-]{0,63}", re.ASCII)


class Kind(StrEnum):
    """How two values differ."""

    MISSING = "missing"
    ADDED = "added"
    TYPE = "type"
    VALUE = "value"
    NUMBER = "number's form"
    TEXT = "text's form"
    ORDER = "order"
    LENGTH = "length"
    DUPLICATE = "duplicate key"
    CASE = "name's case"


HARMLESS = frozenset({Kind.CASE})
"""What is reported and doesn't count, since HTTP gives it no meaning: https://www.rfc-editor.org/rfc/rfc9110#section-5.1."""


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A group of differences.

    Attributes:
        part: Of the answer.
        path: A header's name, or a path of a JSON body with `*` for each index and identifier.
        kind: How it differs.
    """

    part: Part
    path: str
    kind: Kind

    def __str__(self) -> str:
        return (
            f"{self.part} {self.path} ({self.kind})" if self.part in ("header", "body") else f"{self.part} {self.path}"
        )


@dataclass(slots=True)
class Seen:
    """How often a difference was seen, and examples of both sides."""

    count: int = 0
    examples: list[tuple[str, str]] = field(default_factory=list)


@dataclass(slots=True)
class Differences:
    """The differences of two answers.

    Attributes:
        shown: How examples are shown.
        rules: What may differ.
        places: By place.
        same: How many values of the bodies were equal; a body that is equal as a whole is one.
        used: The rules that were used, by their index.
    """

    shown: Shown
    rules: Rules
    places: dict[Place, Seen] = field(default_factory=dict)
    same: int = 0
    used: set[int] = field(default_factory=set)

    def add(self, part: Part, path: str, kind: Kind, legacy: Any, candidate: Any) -> None:
        """Count a difference, unless a rule ignores it."""
        ignored = next(self.rules.ignores(f"header:{path}" if part == "header" else path), None)
        if ignored is not None:
            self.used.add(ignored)
            return
        seen = self.places.setdefault(Place(part, path, kind), Seen())
        seen.count += 1
        if len(seen.examples) < EXAMPLES:
            seen.examples.append((self.shown.value(path, legacy), self.shown.value(path, candidate)))


def below(path: str, key: str) -> str:
    """The path of an object's member; members whose names are identifiers, or somebody's address, are alike."""
    if is_identifier(key) or "@" in key:
        return f"{path}.*"
    return f"{path}.{key}" if _PLAIN.fullmatch(key) else f"{path}[{key[:64]!r}]"
