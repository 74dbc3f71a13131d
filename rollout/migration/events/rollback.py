"""What a rollback and a ramp's abort tell."""

from __future__ import annotations

from dataclasses import dataclass

from rollout.errors import Problem
from rollout.inventory.model import Split
from rollout.migration.events.event import Event


@dataclass(frozen=True, slots=True)
class RouteRolledBack(Event):
    """A route's requests, or those with a header, go to legacy only, as read back."""

    route: str
    before: Split | None


@dataclass(frozen=True, slots=True)
class RouteNotRolledBack(Event):
    """A route's requests may still reach the candidate: the reason, and the AWS CLI command that moves its rule."""

    problem: Problem


@dataclass(frozen=True, slots=True)
class RollbackWaiting(Event):
    """What a rollback is waiting for."""

    what: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RollbackFinished(Event):
    """Traffic is back on legacy; the state is up to date, or the reason why not."""

    routes: tuple[str, ...]
    reconciled: bool
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class BuildTakenBack(Event):
    """A function's alias points to the build before again; `before` and `after` say to which versions."""

    function: str
    before: str
    after: str
