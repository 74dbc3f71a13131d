"""What the guard did, in words, and as changes beside those of Pulumi's history. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from rollout.base.formatting import moment
from rollout.base.printable import one_line
from rollout.guard.record import Decision, Firing, Moved
from rollout.guard.state import GuardState
from rollout.inventory.quantities import Percent
from rollout.state.history.audit import PastChange

TOOK_BACK = "the guard took traffic back"
FIRINGS = 20
"""How many of the last ones are looked through for a reason."""
_WHAT: Mapping[Decision, str] = {
    Decision.FIRE: "guard fired",
    Decision.HOLD: "guard held",
    Decision.DISARMED: "guard disarmed",
    Decision.DRY: "guard drill",
    Decision.LATE: "guard too late",
    Decision.UNKNOWN: "guard of a newer rollout",
}
"""What is worth telling, and how."""


def sentence(state: GuardState, firings: Sequence[Firing]) -> str:
    """When the guard took traffic back last, and why; empty where it never did.

    Args:
        firings: The last ones, the newest first; the one that is under way isn't there yet.
    """
    if state.fired_at is None:
        return ""
    record = next((each for each in firings if each.decision is Decision.FIRE and each.alarm == state.fired_by), None)
    reason = f": {one_line(record.reason).rstrip('.')}" if record and record.reason else ""
    left = "" if record is None or record.back else "; not all of it"
    return f"{TOOK_BACK} at {moment(state.fired_at)}{left}, alarm {one_line(state.fired_by)}{reason}"


def changes(firings: Iterable[Firing]) -> tuple[PastChange, ...]:
    """Those that are worth telling; their numbers are given when they are merged."""
    return tuple(_change(firing) for firing in firings if firing.decision in _WHAT)


def merged(every: Iterable[PastChange], further: Iterable[PastChange]) -> tuple[PastChange, ...]:
    """All changes, the oldest first, with numbers from 1."""
    ordered = sorted((*every, *further), key=lambda change: change.at)
    return tuple(replace(change, number=number) for number, change in enumerate(ordered, 1))


def _change(firing: Firing) -> PastChange:
    moves = {name: move for name, moved in firing.routes.items() if (move := _move(moved))}
    failed = firing.decision is Decision.FIRE and not firing.back
    return PastChange(
        number=0,
        at=firing.times.get("decided", firing.at),
        what=_WHAT[firing.decision],
        result="incomplete" if failed else "succeeded",
        by=f"alarm {firing.alarm}",
        why="; ".join((firing.reason, *firing.problems)),
        weight=None,
        moves=moves,
        plan=None,
        verdict="",
        message=f"alarm {firing.alarm}: {firing.reason}",
    )


def _move(moved: Moved) -> tuple[Percent | None, Percent] | None:
    before, after = _share(moved.before), _share(moved.after)
    return None if after is None or before == after else (before, after)


def _share(weights: tuple[int, int] | None) -> Percent | None:
    """The candidate's, of the weights of legacy and the candidate."""
    if weights is None or not sum(weights):
        return None
    return Percent.of(round(100 * weights[1] / sum(weights), 1))
