"""What a past change is in a chart: a mark, and a step of the weight. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from enum import StrEnum

from rollout.inventory.quantities import ZERO, Percent
from rollout.inventory.stacks import ROUTING
from rollout.state.history.audit import PastChange
from rollout.state.ramp_journal import Kind

_SETS = {f"ramp {kind}" for kind in (Kind.STARTED, Kind.RAISED, Kind.FAILED, Kind.FINISHED)}
"""What of a ramp's entries the weight is one that all routes then have."""
_BACK = {"rollback", *(f"ramp {kind}" for kind in (Kind.FAILED, Kind.DROPPED))}
_STEP = {f"ramp {kind}" for kind in (Kind.RAISED, Kind.FINISHED)}


class Effect(StrEnum):
    """What a change is for those who look at a chart."""

    STEP = "step"  # more traffic to the candidate
    BACK = "back"  # less
    WORD = "word"  # somebody said something to the ramp, or it said something itself; or nothing was changed
    CHANGE = "change"  # whatever else an update did


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
    """The weight that routes had from each change of the routing stack on; None where it isn't known, or not one."""
    known: dict[str, Percent] = {}
    for change in history:
        if not any(update.stack == ROUTING and update.kind != "refresh" for update in change.updates):
            continue
        if change.failure:
            known.clear()
        elif change.moves:
            known |= {route: after for route, (_, after) in change.moves.items()}
        elif change.what == "phase2":
            known = dict.fromkeys(routes, ZERO)
        elif change.what in _SETS and change.weight is not None:
            known = dict.fromkeys(routes, change.weight)
        elif not change.is_recorded and effect_of(change) is not Effect.WORD:
            known.clear()
        found = {known.get(route) for route in routes}
        yield change.at, found.pop() if len(found) == 1 else None
