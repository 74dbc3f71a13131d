"""All that people are shown of one environment at one moment, as frozen data. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from rollout.dashboard.changes import Entered
from rollout.dashboard.courses import Course
from rollout.live import Live
from rollout.metrics import Source, target_group
from rollout.model import Environment
from rollout.pools import group_pools
from rollout.quantities import Percent
from rollout.status import EnvironmentStatus


@dataclass(frozen=True, slots=True)
class Overview:
    """One environment.

    Attributes:
        at: When it was read, by AWS's time, in UTC.
        since: How far back the courses go.
        status: Where it stands.
        ramp: Where its ramp stands, in a sentence.
        steps: The ramp's steps.
        history: What was done, the oldest first.
        whole: The course of all routes together; None where nothing could be read.
        courses: Of the routes that can be told apart, in the inventory's order; just `whole` again if there is one.
        notes: What to know of the numbers, and what couldn't be read.
    """

    at: datetime
    since: timedelta
    status: EnvironmentStatus
    ramp: str
    steps: tuple[Percent, ...] = ()
    history: tuple[Entered, ...] = ()
    whole: Course | None = None
    courses: tuple[Course, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def environment(self) -> str:
        """Its name."""
        return self.status.environment

    @property
    def weights(self) -> tuple[Percent, ...]:
        """The live weights that there are, rising, each once."""
        return tuple(sorted({route.live.weight for route in self.status.routes if route.live is not None}))

    def course_of(self, route: str) -> Course | None:
        """The course that a route is in."""
        return next((each for each in self.courses if route in each.routes), None)


@dataclass(frozen=True, slots=True)
class Counters:
    """The target groups that count the requests of some routes.

    Attributes:
        routes: The routes.
        legacy: What counts legacy's.
        candidate: What counts the candidate's.
    """

    routes: tuple[str, ...]
    legacy: tuple[Source, ...] = field(default=())
    candidate: tuple[Source, ...] = field(default=())


def told_apart(environment: Environment, live: Live) -> tuple[Counters, ...]:
    """Which routes can be told apart, with what counts them, whether or not they can be compared."""
    return tuple(_counters(environment, live, names) for names in group_pools(environment))


def _counters(environment: Environment, live: Live, names: Sequence[str]) -> Counters:
    def sources(*, candidate: bool) -> tuple[Source, ...]:
        routes = [environment.routes[name] for name in names]
        places = {
            live.group_arn(route.candidate if candidate else route.legacy): live.load_balancers.get(route.load_balancer)
            for route in routes
        }
        return tuple(target_group(at, group) for group, at in places.items() if group and at)

    return Counters(tuple(names), sources(candidate=False), sources(candidate=True))
