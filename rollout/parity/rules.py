"""The inventory's exceptions of a route, by place: those whose last day is over don't count any more."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import TypeVar

from rollout.inventory.parity import Excused, Ignore, Normalise, RouteParity, Tolerance, Unordered

_Kind = TypeVar("_Kind", bound=Excused)


@dataclass(frozen=True, slots=True)
class Rules:
    """The exceptions that count.

    Attributes:
        all: The route's, in the inventory's order; an index names one.
        counting: Those that count today: index, the form of its paths, and itself.
    """

    all: tuple[Excused, ...] = ()
    counting: tuple[tuple[int, re.Pattern[str], Excused], ...] = ()

    @classmethod
    def of(cls, parity: RouteParity, today: date) -> Rules:
        """A route's."""
        counting = ((n, _form(each.path), each) for n, each in enumerate(parity.excused) if today <= each.until)
        return cls(parity.excused, tuple(counting))

    @property
    def digest(self) -> str:
        """What those that count are known by."""
        counting = [each.model_dump_json() for _, _, each in self.counting]
        return hashlib.sha256("\n".join(counting).encode()).hexdigest()[:16]

    @property
    def expired(self) -> tuple[Excused, ...]:
        """Those whose last day is over."""
        counting = {index for index, _, _ in self.counting}
        return tuple(each for index, each in enumerate(self.all) if index not in counting)

    def ignores(self, path: str) -> Iterator[int]:
        """The rule by which a difference at a path doesn't count, if any."""
        return (index for index, _ in self._at(path, Ignore))

    def is_unordered(self, path: str) -> Iterator[int]:
        """The rule by which a list has no order, if any."""
        return (index for index, _ in self._at(path, Unordered))

    def tolerates(self, path: str, legacy: float, candidate: float) -> Iterator[int]:
        """The rule by which two numbers are alike, if any."""
        for index, rule in self._at(path, Tolerance):
            try:
                is_near = abs(candidate - legacy) <= max(rule.absolute, rule.relative * abs(legacy))
            except OverflowError:  # an integer beyond all floats
                continue
            if is_near:
                yield index

    def normalises(self, path: str, legacy: str, candidate: str) -> Iterator[int]:
        """The rules by which two texts are alike, all of which apply one after the other."""
        used = []
        for index, rule in self._at(path, Normalise):
            legacy, candidate = (re.sub(rule.pattern, rule.replacement, text) for text in (legacy, candidate))
            used.append(index)
            if legacy == candidate:
                yield from used
                return

    def _at(self, path: str, kind: type[_Kind]) -> Iterator[tuple[int, _Kind]]:
        return ((index, rule) for index, form, rule in self.counting if isinstance(rule, kind) and form.fullmatch(path))


NO_RULES = Rules()


def _form(path: str) -> re.Pattern[str]:
    parts = map(re.escape, path.split("**"))
    flags = re.IGNORECASE if path.startswith("header:") else re.NOFLAG
    return re.compile(".*".join(parts), flags | re.DOTALL)
