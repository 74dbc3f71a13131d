"""Whether Lambda allows as many environments of the candidate's functions as a raise needs. Pure.

A raise is refused only where even the least that it needs is too much; what may be too much is said at the gate.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rollout.analysis.headroom import Headroom
from rollout.errors import Problem

Headrooms = Sequence[Headroom] | str
"""What functions need that get more requests, or why it isn't known."""


def headroom_problems(found: Headrooms) -> Iterator[Problem]:
    """Why a raise must not be."""
    for each in found if not isinstance(found, str) else ():
        if each.problem:
            yield each.problem


def headroom_warnings(found: Headrooms) -> tuple[str, ...]:
    """What to know before a raise."""
    if isinstance(found, str):
        return (f"how many of the candidate's environments the raise needs isn't known: {found}",)
    return tuple(warning for each in found for warning in each.warnings)
