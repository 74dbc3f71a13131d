"""A past change in a chart: a mark, and a step of the weight. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from enum import StrEnum

from rollout.inventory.quantities import ZERO, Percent
from rollout.inventory.stacks import ROUTING
from rollout.state.history.audit import PastChange
from rollout.state.ramp_journal import Kind

_SETS = {f"ramp {kind}" for kind in (Kind.STARTED, Kind.RAISED, Kind.FAILED, Kind.FINISHED)}
"""The ramp's entries after which all routes have the same weight."""
_BACK = {"rollback", *(f"ramp {kind}" for kind in (Kind.FAILED, Kind.DROPPED))}
_STEP = {f"ramp {kind}" for kind in (Kind.RAISED, Kind.FINISHED)}


class Effect(StrEnum):
    """The effect of a change in a chart."""

    STEP = "step"  # more traffic to the candidate
    BACK = "back"  # less
    WORD = "word"  # an entry of the ramp or to the ramp, or no change
    CHANGE = "change"  # any other update


def effect_of(change: PastChange) -> Effect:
    """What a change is."""
    if change.failure:
        return Effect.CHANGE
    lower = [after < (before or ZERO) for before, after in change.moves.values()]
    if change.what in _BACK or any(lower):
        return Effect.BACK
    if change.what in _STEP or lower:
        return Effect.STEP
    if change.what.startswith("ramp ") or all(update.kind == "refresh" for update in change.updates):
        return Effect.WORD
    return Effect.CHANGE


def weights_of(history: Iterable[PastChange], routes: Sequence[str]) -> Iterator[tuple[datetime, Percent | None]]:
    """The routes' weight from each change of the routing stack or the guard on; None if unknown, or different."""
    known: dict[str, Percent] = {}
    for change in history:
        sets = any(update.stack == ROUTING and update.kind != "refresh" for update in change.updates)
        if not sets and not change.is_of_guard:
            continue
        if change.failure:
            known.clear()
        elif change.moves:
            known |= {route: after for route, (_, after) in change.moves.items()}
        elif change.what == "phase2":
            known = dict.fromkeys(routes, ZERO)
        elif change.what in _SETS and change.weight is not None:
            known = dict.fromkeys(routes, change.weight)
        elif not change.is_recorded and not change.is_of_guard and effect_of(change) is not Effect.WORD:
            known.clear()
        found = {known.get(route) for route in routes}
        yield change.at, found.pop() if len(found) == 1 else None
