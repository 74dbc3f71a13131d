"""Where a ramp stands: its entries in Pulumi's history, held against the live weights. Pure.

The live weights are the truth; the entries say since when and why. Where the two don't go together somebody else was at
work, and the ramp stops. A raise is announced before it is done, so one that was cut off is known from either.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from rollout.alb.state import AlbState
from rollout.base.plain import Timestamp
from rollout.errors import Drift, Problem
from rollout.inventory.model import Environment
from rollout.inventory.quantities import ZERO, Percent
from rollout.state.ramp_journal import Entry, Kind


@dataclass(frozen=True, slots=True)
class RampState:
    """Where a ramp stands.

    Attributes:
        routes: The routes that it moves.
        weight: Their weight now.
        since: When they got it, by AWS's time; None before the first step.
        raising: A raise that was announced and isn't known to be done; perhaps some routes have it.
        ended: The entry by which it ended: `failed` or `finished`.
        paused: The entry by which somebody paused it.
        frozen: The entry by which somebody froze it; it may have run out.
        overruled: The marks of rollbacks that its beginning overrules, each by its `mark_id`.
        approved: The steps that somebody approved.
        asked: The entry by which an approval was asked for, for the next step.
        is_skipped: Whether somebody skipped the wait at this weight.
        is_held: Whether it is known that there was no verdict within the limit.
        is_new: Whether history has no ramp yet.
        is_by_hand: Whether it ended because somebody moved all back to legacy.
        left: Routes that should be on legacy alone since a failure, and aren't.
        half_back: Some routes are on legacy alone: somebody moved them, or a way back was cut off.
        note: What to know of it.
    """

    routes: tuple[str, ...]
    weight: Percent = ZERO
    since: Timestamp | None = None
    raising: Percent | None = None
    ended: Entry | None = None
    paused: Entry | None = None
    frozen: Entry | None = None
    overruled: tuple[str, ...] = ()
    approved: frozenset[Percent] = frozenset()
    asked: Entry | None = None
    is_skipped: bool = False
    is_held: bool = False
    is_new: bool = True
    is_by_hand: bool = False
    left: tuple[str, ...] = ()
    half_back: Drift | None = None
    note: str | None = None


def ramp_state(
    environment: Environment, live: AlbState, entries: Sequence[Entry], other: str | None = None
) -> RampState:
    """Where the ramp stands.

    Args:
        entries: Of the history, the oldest first.
        other: The message of the latest change since then that wasn't the ramp's.

    Raises:
        Drift: The live weights aren't what the ramp left, or don't go together.
    """
    stands = _replayed(environment, entries)
    weights = _weights(environment, live, stands.routes)
    found = set(weights.values())
    if stands.ended is not None:
        back = stands.ended.kind is Kind.FAILED
        left = tuple(name for name in stands.ended.routes if weights.get(name, ZERO) > ZERO) if back else ()
        whole = found == {stands.weight} or back
        note = None if whole else f"since then the weights were set to {_list(found)}{_by(other)}"
        return replace(stands, left=left, note=note)
    if stands.is_new:
        if len(found) > 1:
            what = "the routes have different weights, so there is no one step to begin at"
            raise _drift(environment, weights, what, code="weights-differ")
        (weight,) = found
        note = f"history has no ramp, so the bake at {weight} % begins now" if weight > ZERO else None
        return replace(stands, weight=weight, note=note)
    if found == {ZERO} and stands.weight > ZERO:
        note = f"somebody took all back to legacy when it was at {stands.weight} %{_by(other)}"
        return replace(stands, ended=entries[-1], is_by_hand=True, weight=ZERO, note=note)
    if found <= {stands.weight, stands.raising}:
        if found == {stands.raising}:  # it was done, and only history doesn't say so
            return replace(stands, weight=stands.raising or stands.weight, since=entries[-1].at)
        return stands
    drift = _drift(environment, weights, f"the ramp left them at {stands.weight} %{_by(other)}")
    if found == {ZERO, stands.weight}:
        return replace(stands, half_back=drift)
    raise drift


def _replayed(environment: Environment, entries: Sequence[Entry]) -> RampState:
    """Where it stands by its entries alone."""
    every = tuple(environment.routes)
    now = RampState(every)
    for entry in entries:
        match entry.kind:
            case Kind.STARTED:
                weight = entry.weight or ZERO
                since, overruled = entry.at if weight > ZERO else None, entry.overruled or ()
                now = RampState(every, weight, since, overruled=overruled, frozen=now.frozen, is_new=False)
            case Kind.PAUSED:
                now = replace(now, paused=entry)
            case Kind.RESUMED:
                now = replace(now, paused=None)
            case Kind.FROZEN:
                now = replace(now, frozen=entry)
            case Kind.FAILED if now.ended is not None and now.ended.kind is Kind.FAILED:
                now = replace(now, ended=entry)  # what it left behind was moved back since
            case _ if now.ended is None and not now.is_new:  # else of a run that came too late
                now = _gone_on(now, entry)
    return now


def _gone_on(now: RampState, entry: Entry) -> RampState:
    """Where a ramp stands that is under way, after another entry of its own."""
    weight = entry.weight or ZERO
    match entry.kind:
        case Kind.RAISING:
            return replace(now, raising=weight)
        case Kind.RAISED:
            now = replace(now, weight=weight, since=entry.at, raising=None, asked=None)
            return replace(now, is_skipped=False, is_held=False)
        case Kind.DROPPED:
            return replace(now, routes=tuple(name for name in now.routes if name not in entry.routes))
        case Kind.FAILED | Kind.FINISHED:
            return replace(now, ended=entry, weight=weight, raising=None)
        case Kind.SKIPPED:
            return replace(now, is_skipped=True)
        case Kind.HELD:
            return replace(now, is_held=True)
        case Kind.ASKED:
            return replace(now, asked=entry)
        case Kind.APPROVED:
            return replace(now, approved=now.approved | {weight})
    return now


def _weights(environment: Environment, live: AlbState, routes: Sequence[str]) -> Mapping[str, Percent]:
    """The live weight of each route."""
    splits = {name: live.split_of(environment.routes[name]) for name in routes}
    strange = [
        Problem("its rule isn't one of ours", where=f"routes.{name}", code="unknown-forward")
        for name, s in splits.items()
        if s is None
    ]
    if strange:
        raise Drift("the ramp can't go on: rules were changed", strange, hint=_then(environment), code="rule-changed")
    return {name: split.weight for name, split in splits.items() if split is not None}


def _drift(
    environment: Environment, weights: Mapping[str, Percent], said: str, *, code: str = "weight-changed"
) -> Drift:
    problems = [
        Problem(f"is at {weight} %", where=f"routes.{name}", code="weight-changed") for name, weight in weights.items()
    ]
    return Drift(
        f"somebody else set weights: {said}; nothing was changed", problems, hint=_then(environment), code=code
    )


def _then(environment: Environment) -> str:
    name = environment.name
    return f"set one weight by `rollout weight {name} N`, then `rollout ramp {name} --restart` goes on from there"


def _by(other: str | None) -> str:
    return f" ({other})" if other else ""


def _list(weights: set[Percent]) -> str:
    return " and ".join(f"{weight} %" for weight in sorted(weights))
