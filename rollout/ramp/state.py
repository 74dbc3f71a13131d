"""A ramp's state: its entries in Pulumi's history, compared with the live weights. Pure.

The live weights are the truth; the entries say since when and why. If they don't match, another process has changed
weights, and the ramp stops. A raise is announced first, so an interrupted one is recognized.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from rollout.alb.state import AlbState
from rollout.base.plain import Timestamp
from rollout.errors import Drift, Problem
from rollout.inventory.model import Environment
from rollout.inventory.quantities import ZERO, Percent
from rollout.state.history.entries import Update
from rollout.state.ramp_journal import BESIDE, JournalEntry, Kind


@dataclass(frozen=True, slots=True)
class RampState:
    """A ramp's state.

    Attributes:
        routes: The routes that it moves.
        weight: Their current weight.
        since: When they got it, by AWS's time; None before the first step.
        began: When the ramp began, by AWS's time.
        raising: An announced raise that may not be done; some routes may have it.
        ended: The entry that ended it: `failed` or `finished`.
        paused: The entry that paused it, or one of a newer rollout, which may mean anything.
        frozen: The entry that froze it; the freeze may have expired.
        overruled: The rollback marks that its beginning overrules, each by its `mark_id`.
        approved: The approved steps.
        asked: The entry that asked for the next step's approval.
        is_skipped: Whether the wait at this weight was skipped.
        is_held: Whether there was no verdict within the limit.
        is_new: Whether history has no ramp yet.
        is_by_hand: Whether it ended because all routes were moved back to legacy.
        left: Routes that should be on legacy alone after a failure, and are not.
        half_back: Some routes are on legacy alone: they were moved, or a way back was interrupted.
        calibrated: The last entry on how this traffic can be judged.
        note: A note on it.
    """

    routes: tuple[str, ...]
    weight: Percent = ZERO
    since: Timestamp | None = None
    began: Timestamp | None = None
    raising: Percent | None = None
    ended: JournalEntry | None = None
    paused: JournalEntry | None = None
    frozen: JournalEntry | None = None
    overruled: tuple[str, ...] = ()
    approved: frozenset[Percent] = frozenset()
    asked: JournalEntry | None = None
    is_skipped: bool = False
    is_held: bool = False
    is_new: bool = True
    is_by_hand: bool = False
    left: tuple[str, ...] = ()
    half_back: Drift | None = None
    calibrated: JournalEntry | None = None
    note: str | None = None


def ramp_state(
    environment: Environment, live: AlbState, entries: Sequence[JournalEntry], other: Update | None = None
) -> RampState:
    """Where the ramp stands.

    Args:
        entries: Of the history, the oldest first.
        other: The latest change since then that wasn't the ramp's.

    Raises:
        Drift: The live weights aren't what the ramp left, or don't go together.
    """
    calibrated = next((each for each in reversed(entries) if each.kind is Kind.CALIBRATED), None)
    entries = [each for each in entries if each.kind not in BESIDE]
    stands = replace(_replayed(environment, entries), calibrated=calibrated)
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
            what = "the routes have different weights, so there is no common step to begin at"
            raise _drift(environment, weights, what, code="weights-differ")
        (weight,) = found
        note = f"history has no ramp, so the bake at {weight} % begins now" if weight > ZERO else None
        return replace(stands, weight=weight, note=note)
    if found == {ZERO} and stands.weight > ZERO:
        note = f"all routes are on legacy; the ramp had left them at {stands.weight} %{_by(other)}"
        return replace(stands, ended=entries[-1], is_by_hand=True, weight=ZERO, note=note)
    if found <= {stands.weight, stands.raising}:
        if found == {stands.raising}:  # it was done, which history lacks; or somebody else set the same weight later
            since = max(entries[-1].at, other.end or other.start) if other else entries[-1].at
            return replace(stands, weight=stands.raising or stands.weight, since=since)
        return stands
    drift = _drift(environment, weights, f"the ramp left them at {stands.weight} %{_by(other)}")
    if found == {ZERO, stands.weight}:
        return replace(stands, half_back=drift)
    raise drift


def _replayed(environment: Environment, entries: Sequence[JournalEntry]) -> RampState:
    """The state from the entries alone."""
    every = tuple(environment.routes)
    now = RampState(every)
    for entry in entries:
        match entry.kind:
            case Kind.STARTED:
                weight = entry.weight or ZERO
                since, overruled = entry.at if weight > ZERO else None, entry.overruled or ()
                now = RampState(every, weight, since, entry.at, overruled=overruled, frozen=now.frozen, is_new=False)
            case Kind.PAUSED | Kind.UNKNOWN:
                now = replace(now, paused=entry)
            case Kind.RESUMED:
                now = replace(now, paused=None)
            case Kind.FROZEN:
                now = replace(now, frozen=entry)
            case Kind.FAILED if now.ended is not None and now.ended.kind is Kind.FAILED:
                now = replace(now, ended=entry)  # the routes that it left behind have been moved back
            case _ if now.ended is None and not now.is_new:  # otherwise by a run that was too late
                now = _gone_on(now, entry)
    return now


def _gone_on(now: RampState, entry: JournalEntry) -> RampState:
    """The state of a running ramp after one more entry."""
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
        Problem("its rule doesn't forward to legacy and the candidate", where=f"routes.{name}", code="unknown-forward")
        for name, s in splits.items()
        if s is None
    ]
    if strange:
        raise Drift(
            "the ramp can't continue: rules were changed", strange, hint=_then(environment), code="rule-changed"
        )
    return {name: split.weight for name, split in splits.items() if split is not None}


def _drift(
    environment: Environment, weights: Mapping[str, Percent], said: str, *, code: str = "weight-changed"
) -> Drift:
    problems = [
        Problem(f"is at {weight} %", where=f"routes.{name}", code="weight-changed") for name, weight in weights.items()
    ]
    return Drift(
        f"another process set weights: {said}; nothing was changed", problems, hint=_then(environment), code=code
    )


def _then(environment: Environment) -> str:
    name = environment.name
    return f"set one weight with `rollout weight {name} N`; then `rollout ramp {name} --restart` continues from there"


def _by(other: Update | None) -> str:
    said = other.message.splitlines()[:1] or ["an update without a message"] if other else []
    return "".join(f" ({line})" for line in said)


def _list(weights: set[Percent]) -> str:
    return " and ".join(f"{weight} %" for weight in sorted(weights))
