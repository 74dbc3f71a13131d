"""The alarms of an environment: the candidate compared with legacy at the same time, and alone. Pure.

AWS reads at most ten series for one alarm. Where a pool has more, legacy is compared in parts, and an alarm over those
goes off if the candidate is worse than each part. So routes that differ never make a false alarm, and may hide one.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain

from rollout.analysis.metrics import function
from rollout.inventory import marks
from rollout.inventory.model import Environment
from rollout.inventory.quantities import Percent
from rollout.programs.alarms.pools import AlarmPool, Places, Query, Side, of_others, watched

MAX_SERIES = 10
PERIODS, BREACHING = 5, 3
"""In minutes: three of five, since the last one or two may not have all their points yet."""


@dataclass(frozen=True, slots=True)
class Thresholds:
    """The thresholds of the alarms.

    Attributes:
        requests: A minute with fewer of them on either side says nothing; 1 or more.
        excess: How many percentage points of errors the candidate may have beyond legacy.
        errors: The errors that it may have, whatever legacy has.
        slower: How many times legacy's 99th percentile the candidate's may be, above 1.
    """

    requests: int = 50
    excess: Percent = field(default_factory=lambda: Percent.of(2))
    errors: Percent = field(default_factory=lambda: Percent.of(5))
    slower: float = 2.0


@dataclass(frozen=True, slots=True)
class Alarm:
    """An alarm that is in ALARM while a value is above its threshold in three of five minutes.

    Attributes:
        key: Its logical name, which never changes.
        name: Its name on AWS.
        description: What it means.
        queries: The last one's value is watched.
        threshold: In that value's unit.
        is_part: Whether it is only there for a joint alarm.
        groups: The candidates' target groups that it is about.
    """

    key: str
    name: str
    description: str
    queries: tuple[Query, ...]
    threshold: float
    is_part: bool = False
    groups: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class JointAlarm:
    """A composite alarm that is in ALARM while all of its parts are.

    Attributes:
        key: Its logical name, which never changes.
        name: Its name on AWS.
        description: What it means.
        parts: The names of its parts.
        groups: The candidates' target groups that it is about.
    """

    key: str
    name: str
    description: str
    parts: tuple[str, ...]
    groups: tuple[str, ...] = ()

    @property
    def rule(self) -> str:
        """As AWS writes it."""
        return " AND ".join(f'ALARM("{part}")' for part in self.parts)


AnyAlarm = Alarm | JointAlarm
Compare = Callable[[Side, Side], tuple[Query, ...]]


def title(environment: Environment) -> str:
    """How the names of an environment's alarms begin; the dashboard's own name."""
    return marks.title(environment.project, environment.name)


def sns_topics(environment: Environment) -> tuple[str, ...]:
    """The ARNs of the topics that are told."""
    return tuple(dict.fromkeys(each.sns for each in environment.notifications.values() if each.sns))


def names(environment: Environment) -> tuple[str, ...]:
    """The names of the alarms that say something by themselves, such as for `ramp.alarms`."""
    return tuple(each.name for each in whole_alarms(environment))


def whole_alarms(environment: Environment) -> tuple[AnyAlarm, ...]:
    """The alarms that say something by themselves."""
    return tuple(each for each in alarms(environment) if isinstance(each, JointAlarm) or not each.is_part)


def guard_alarms(environment: Environment) -> tuple[str, ...]:
    """The names of the alarms by which an environment's guard takes traffic back; none where it has no guard."""
    return (*names(environment), *environment.guard.alarms) if environment.guard else ()


def alarms(
    environment: Environment, places: Places | None = None, thresholds: Thresholds | None = None
) -> tuple[AnyAlarm, ...]:
    """The alarms of an environment, parts before what they are parts of.

    Args:
        places: What is where on AWS; the alarms' names don't need it.
        thresholds: When they go off.
    """
    made = _Alarms(title(environment), places or Places(), thresholds or Thresholds())
    of_pools = chain.from_iterable(made.of(pool) for pool in watched(environment))
    return (
        *of_pools,
        *(made.throttles(key, each.name or key, each.groups) for key, each in environment.functions.items()),
        *(made.unhealthy(group, balancer) for group, balancer in of_others(environment).items()),
    )


@dataclass(frozen=True, slots=True)
class _Alarms:
    title: str
    places: Places
    limits: Thresholds

    def of(self, pool: AlarmPool) -> list[AnyAlarm]:
        limits = self.limits
        found = [
            *self._beside_legacy(
                pool,
                "errors-above-legacy",
                f"The candidate's errors are more than {limits.excess} percentage points above legacy's at that time.",
                3,
                self._excess,
                limits.excess.tenths / 10,
            ),
            *self._beside_legacy(
                pool,
                "latency-above-legacy",
                f"The candidate's 99th percentile is more than {limits.slower:g} times legacy's at that time.",
                2,
                self._slower,
                limits.slower,
            ),
            *self._alone(pool),
        ]
        return [replace(each, groups=pool.candidate) for each in found]

    def throttles(self, key: str, name: str, groups: tuple[str, ...]) -> Alarm:
        said = f"Lambda throttles the candidate's function {name}."
        queries = (Query("throttles", function(name).series("Throttles")),)
        return replace(self._alarm(f"{key}-throttles", said, queries, 0), groups=groups)

    def unhealthy(self, group: str, balancer: str) -> Alarm:
        *_, watched = Side("candidate", (group,), balancer, self.places).health()
        said = f"A target of the candidate's group {group} is unhealthy."
        return replace(self._alarm(f"{group}-unhealthy", said, (watched,), 0), groups=(group,))

    def _excess(self, candidate: Side, legacy: Side) -> tuple[Query, ...]:
        watched = self._if_enough("candidate_errors - legacy_errors")
        return (*candidate.requests(), *candidate.errors(), *legacy.requests(), *legacy.errors(), watched)

    def _slower(self, candidate: Side, legacy: Side) -> tuple[Query, ...]:
        watched = self._if_enough("candidate_p99 / legacy_p99")
        sides = (*candidate.requests(), *candidate.latency("p99"), *legacy.requests(), *legacy.latency("p99"))
        return (*sides, watched)

    def _if_enough(self, value: str) -> Query:
        enough = f"candidate_requests >= {self.limits.requests} AND legacy_requests >= {self.limits.requests}"
        return Query("watched", expression=f"IF({enough}, {value}, 0)", label="watched")

    def _alone(self, pool: AlarmPool) -> list[Alarm]:
        """By the candidate's errors alone; in parts where it has many target groups, each of which counts."""
        limits, parts = self.limits, _parts(pool.candidate, MAX_SERIES // 3)
        found = []
        for number, groups in enumerate(parts, start=1):
            side = Side("candidate", groups, pool.load_balancer, self.places)
            enough = f"IF(candidate_requests >= {limits.requests}, candidate_errors, 0)"
            queries = (*side.requests(), *side.errors(), Query("watched", expression=enough, label="watched"))
            key = f"{pool.name}-errors" + (f"-{number}" if len(parts) > 1 else "")
            said = f"More than {limits.errors} % of the candidate's answers are errors."
            found.append(self._alarm(key, said, queries, limits.errors.tenths / 10))
        return found

    def _beside_legacy(  # noqa: PLR0917 - an alarm is as much
        self, pool: AlarmPool, what: str, said: str, series: int, compare: Compare, threshold: float
    ) -> list[AnyAlarm]:
        """One alarm, or a joint one and its parts; none where the candidate's series alone are too many."""
        room = MAX_SERIES // series - len(pool.candidate)
        if room < 1:
            return []
        key, parts = f"{pool.name}-{what}", _parts(pool.legacy, room)
        candidate = Side("candidate", pool.candidate, pool.load_balancer, self.places)
        sides = [compare(candidate, Side("legacy", groups, pool.load_balancer, self.places)) for groups in parts]
        if len(sides) == 1:
            return [self._alarm(key, said, sides[0], threshold)]
        found = [
            self._alarm(f"{key}-{number}", f"{said} A part of {self._name(key)}.", queries, threshold, is_part=True)
            for number, queries in enumerate(sides, start=1)
        ]
        return [*found, JointAlarm(key, self._name(key), said, tuple(each.name for each in found))]

    def _alarm(
        self, key: str, said: str, queries: tuple[Query, ...], threshold: float, *, is_part: bool = False
    ) -> Alarm:
        return Alarm(key, self._name(key), said, queries, threshold, is_part)

    def _name(self, key: str) -> str:
        return f"{self.title}-{key}"


def _parts(groups: Sequence[str], room: int) -> list[Sequence[str]]:
    """As few parts as have room, about as large as one another."""
    count = -(-len(groups) // room)
    return [groups[number::count] for number in range(count)]
