"""A past change as text for tables. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from rollout.base.formatting import count_of
from rollout.base.printable import one_line
from rollout.inventory.quantities import Percent
from rollout.state.history.audit import PastChange

FEW = 2
"""The maximum number of named routes."""


def what(change: PastChange) -> str:
    """The command, such as `weight`."""
    return plain(change.what)


def in_a_line(change: PastChange) -> str:
    """All of it, as far as known."""
    done = f"{what(change)} {change.failure}".rstrip()
    moved, by = ", ".join(moves(change)), plain(change.by or "")
    return "; ".join(filter(None, (f"{done}  {moved}".rstrip(), why(change), by)))


def moves(change: PastChange) -> tuple[str, ...]:
    """`5 → 10 %` with its routes, or how many; once for routes that move alike."""
    kinds: dict[tuple[Percent | None, Percent], list[str]] = {}
    for route, (before, after) in change.moves.items():
        kinds.setdefault((before, after), []).append(plain(route))
    if not kinds:
        return () if change.weight is None else (f"{change.weight} %",)
    return tuple(f"{move(before, after)}  {_some(routes)}" for (before, after), routes in kinds.items())


def move(before: Percent | None, after: Percent) -> str:
    """`5 → 10 %`."""
    return f"{'?' if before is None else before} → {after} %"


def why(change: PastChange) -> str:
    """What was given with `-m`, and what a ramp said."""
    return "; ".join(filter(None, (plain(change.why), plain(change.verdict))))


def plain(text: str) -> str:
    """A text that anybody may have written, as it may stand in a line."""
    return one_line(text)


def _some(routes: Sequence[str]) -> str:
    return ", ".join(routes) if len(routes) <= FEW else count_of(len(routes), "route")
