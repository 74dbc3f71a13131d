"""What the guard and rollout know of each other: one item of a table, which each changes only as it was read. Pure.

A raise leaves a lease, then reads the alarms and gives up if one is in ALARM state, then advances the epoch to the
lease's beginning, then changes rules. So an alarm that went off before the epoch was seen by that raise, and its event
is late; one that went off after it fires. A raise that is killed before it has read the alarms makes none late. A
firing leaves a lease too: it looks again until no raise is under way, and no raise begins while one fires.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from rollout.guard.alarm import ALARM, AlarmEvent
from rollout.guard.config import HOLD, GuardConfig
from rollout.guard.record import Decision

FORMAT = 1
KEPT = 50
"""How many handled events, and leases of each kind, are remembered."""
LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
_AHEAD = timedelta(days=1)
"""An epoch that is further in the future is garbage, and no alarm is late for it."""


class GuardRefusal(Exception):
    """A change isn't possible now.

    Args:
        code: `guard-firing`, `guard-fired` or `drill-under-way`.
    """

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Lease:
    """Somebody changes rules, until then at the latest."""

    id: str
    by: str
    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class Watch:
    """A running ramp."""

    by: str
    since: datetime


@dataclass(frozen=True, slots=True)
class Disarmed:
    """Alarms move nothing for a time."""

    since: datetime
    until: datetime
    by: str
    why: str


@dataclass(frozen=True, slots=True)
class Drill:
    """A test of the guard.

    Attributes:
        dry: Whether nothing is moved.
    """

    id: str
    by: str
    since: datetime
    until: datetime
    dry: bool = True


@dataclass(frozen=True, slots=True)
class GuardState:
    """What both know.

    Attributes:
        version: Counts changes.
        epoch: Counts raises.
        epoch_at: When the last one began, by AWS's time.
        raising: The raises under way.
        firing: The events whose handling has begun, and hasn't ended.
        fired: Counts the events that took traffic back.
        fired_at: When the last one began to.
        fired_by: Its alarm.
        watching: The ramp whose heartbeats are expected.
        handled: The ids of the last events, the newest last.
    """

    version: int = 0
    format: int = FORMAT
    epoch: int = 0
    epoch_at: datetime = LONG_AGO
    raising: tuple[Lease, ...] = ()
    firing: tuple[Lease, ...] = ()
    fired: int = 0
    fired_at: datetime | None = None
    fired_by: str = ""
    watching: Watch | None = None
    disarmed: Disarmed | None = None
    drill: Drill | None = None
    handled: tuple[str, ...] = ()

    def raises(self, now: datetime) -> tuple[Lease, ...]:
        """The raises that may still change rules."""
        return _open(self.raising, now)

    def firings(self, now: datetime) -> tuple[Lease, ...]:
        """The events that may still change rules."""
        return _open(self.firing, now)

    def disarmed_at(self, now: datetime) -> Disarmed | None:
        """Whether alarms move nothing now."""
        return self.disarmed if self.disarmed and self.disarmed.until > now else None

    def drill_at(self, now: datetime) -> Drill | None:
        """The drill that is under way now."""
        return self.drill if self.drill and self.drill.until > now else None


def begin_raise(state: GuardState, *, id_: str, by: str, now: datetime, until: datetime, seen: int) -> GuardState:
    """Leave a lease, before the alarms are read.

    Args:
        id_: Of this raise; beginning it again only prolongs it.
        until: When its changes end at the latest.
        seen: `fired` when the raise was decided on.

    Raises:
        GuardRefusal: The guard fires, or has fired since.
    """
    if state.fired != seen:
        raise GuardRefusal("guard-fired")
    if state.firings(now):
        raise GuardRefusal("guard-firing")
    return replace(state, raising=_with(state.raising, Lease(id_, by, now, until)))


def confirm_raise(state: GuardState, id_: str, *, seen: int) -> GuardState:
    """Advance the epoch, once the alarms were read and none spoke against it: those from before the lease are late.

    Raises:
        GuardRefusal: The guard has fired since the raise was decided on, or the lease was forgotten.
    """
    began = next((lease.since for lease in state.raising if lease.id == id_), None)
    if began is None or state.fired != seen:
        raise GuardRefusal("guard-fired")
    return replace(state, epoch=state.epoch + 1, epoch_at=max(state.epoch_at, began))


def end_raise(state: GuardState, id_: str) -> GuardState:
    """Its changes have ended, whatever became of them."""
    return replace(state, raising=_without(state.raising, id_))


def decide(state: GuardState, event: AlarmEvent, config: GuardConfig, now: datetime) -> Decision:
    """What becomes of an event."""
    silent = event.alarm == config.silence.alarm
    drill = state.drill_at(now)
    is_drill = bool(event.drill)
    if event.state != ALARM or not config.routes_of(event.alarm):
        return Decision.IGNORED
    if event.id in state.handled:
        return Decision.REPEATED
    if is_drill and not (drill and drill.id == event.drill):
        return Decision.IGNORED
    if drill and is_drill and (drill.dry or event.dry):
        return Decision.DRY
    if event.at < state.epoch_at <= now + _AHEAD:
        return Decision.LATE
    if silent and not is_drill and not (state.watching and event.at >= state.watching.since):
        return Decision.IDLE
    if silent and config.silence.act == HOLD:
        return Decision.HOLD
    return Decision.DISARMED if state.disarmed_at(now) else Decision.FIRE


def begin_firing(
    state: GuardState, event: AlarmEvent, config: GuardConfig, *, run: str, now: datetime, until: datetime
) -> tuple[GuardState, Decision]:
    """Decide on an event; if it fires, leave a lease.

    Args:
        run: The invocation's id: a retry has the same and prolongs the lease, a second delivery has one of its own.
        until: When this handling of the event ends at the latest, a retry's beginning included.
    """
    decision = decide(state, event, config, now)
    if decision is not Decision.FIRE:
        return state, decision
    if not any(lease.id.startswith(f"{event.id} ") for lease in state.firing):
        state = replace(state, fired=state.fired + 1, fired_at=now, fired_by=event.alarm)
    return replace(state, firing=_with(state.firing, Lease(f"{event.id} {run}", event.alarm, now, until))), decision


def in_turn(state: GuardState, events: Iterable[AlarmEvent]) -> tuple[AlarmEvent, ...]:
    """Events in the order in which they are handled: what nobody has tried, then what was tried longest ago."""
    tried = {lease.id.split()[0]: lease.since for lease in state.firing}
    return tuple(sorted(events, key=lambda event: tried.get(event.id, LONG_AGO)))


def end_firing(state: GuardState, event: AlarmEvent, run: str) -> GuardState:
    """The event is handled; another run that handles it too ends by itself."""
    handled = (*(each for each in state.handled if each != event.id), event.id)[-KEPT:]
    return replace(state, firing=_without(state.firing, f"{event.id} {run}"), handled=handled)


def watch(state: GuardState, *, by: str, now: datetime) -> GuardState:
    """A ramp has begun to look, and to write heartbeats."""
    return replace(state, watching=Watch(by, now))


def unwatch(state: GuardState) -> GuardState:
    """No ramp looks: missing heartbeats mean nothing."""
    return replace(state, watching=None)


def disarm(state: GuardState, *, by: str, why: str, now: datetime, until: datetime) -> GuardState:
    """Alarms move nothing until then."""
    return replace(state, disarmed=Disarmed(now, until, by, why))


def arm(state: GuardState) -> GuardState:
    """Alarms take traffic back again."""
    return replace(state, disarmed=None)


def begin_drill(state: GuardState, drill: Drill) -> GuardState:
    """A drill may set an alarm.

    Raises:
        GuardRefusal: Another one is under way.
    """
    before = state.drill_at(drill.since)
    if before and before.id != drill.id:  # its own first write, whose answer was lost, is no other
        raise GuardRefusal("drill-under-way")
    return replace(state, drill=drill)


def end_drill(state: GuardState, id_: str) -> GuardState:
    """What the drill's alarm does from now on is ignored."""
    return replace(state, drill=None) if state.drill and state.drill.id == id_ else state


def _open(leases: tuple[Lease, ...], now: datetime) -> tuple[Lease, ...]:
    return tuple(lease for lease in leases if lease.until > now)


def _with(leases: tuple[Lease, ...], lease: Lease) -> tuple[Lease, ...]:
    return (*_without(leases, lease.id), lease)[-KEPT:]


def _without(leases: tuple[Lease, ...], id_: str) -> tuple[Lease, ...]:
    return tuple(lease for lease in leases if lease.id != id_)
