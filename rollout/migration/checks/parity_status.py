"""How routes stand with parity, in a line each, for what shows it and compares nothing. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from rollout.base.formatting import count_of
from rollout.errors import Problem


@dataclass(frozen=True, slots=True)
class RouteParityStatus:
    """What is known of a route's answers.

    Attributes:
        sentence: The verdict, or why there is none.
        hint: What to do; empty where it passed.
        code: Why it didn't pass, for programs; empty where it did.
    """

    route: str
    sentence: str
    hint: str = ""
    code: str = ""

    @property
    def passed(self) -> bool:
        """Whether it may get its first requests."""
        return not self.code


def parity_problems(found: Iterable[RouteParityStatus]) -> Iterator[Problem]:
    """What is missing, route by route."""
    for each in found:
        if not each.passed:
            yield Problem(each.sentence, where=f"routes.{each.route}", hint=each.hint, code=each.code)


def parity_sentence(found: Sequence[RouteParityStatus] | str) -> str:
    """All of them in a line, or why nothing is known."""
    if isinstance(found, str):
        return f"not known: {found}"
    passed = sum(each.passed for each in found)
    rest = "".join(f"; {each.route}: {each.sentence}" for each in found if not each.passed)
    return f"{passed} of {count_of(len(found), 'route')} passed{rest}"
