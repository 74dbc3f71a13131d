"""What came of a route's requests so far. The same request counts once, however often it was asked."""

from __future__ import annotations

from array import array
from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta

from rollout.parity.comparing.places import EXAMPLES, Place
from rollout.parity.noise import is_noise
from rollout.parity.outcome import Outcome


@dataclass(slots=True)
class Group:
    """The differences at a place.

    Attributes:
        requests: For how many requests the candidate differs there.
        noise: For how many legacy differs from itself there.
        count: How many differences there are.
        examples: Of both sides.
    """

    requests: int = 0
    noise: int = 0
    count: int = 0
    examples: list[tuple[str, str]] = field(default_factory=list)

    @property
    def is_noise(self) -> bool:
        """Whether they are legacy's own."""
        return is_noise(self.noise, self.requests)


@dataclass(slots=True)
class Times:
    """How long a side's answers took, in seconds.

    Attributes:
        warm: Of environments that were there.
        cold: Of those that were started for it.
    """

    warm: array[float] = field(default_factory=lambda: array("d"))
    cold: array[float] = field(default_factory=lambda: array("d"))


@dataclass(slots=True)
class Tally:
    """A route's.

    Attributes:
        groups: By place.
        requests: By request, where the candidate differs.
        shapes: How many requests there are of each shape.
        statuses: How many answers there were, by legacy's and the candidate's status.
        skipped: How many were not compared, by reason.
        same: How many values legacy's answers had in common with themselves.
        seeds: Where faults that were put in were found; None if none were put in.
        used: How many requests used each rule, by index.
        took: How long legacy's answers and the candidate's took.
    """

    groups: dict[Place, Group] = field(default_factory=dict)
    requests: dict[str, frozenset[Place]] = field(default_factory=dict)
    shapes: Counter[str] = field(default_factory=Counter)
    statuses: Counter[tuple[int, int]] = field(default_factory=Counter)
    skipped: Counter[str] = field(default_factory=Counter)
    same: int = 0
    seeds: set[Place] | None = None
    used: Counter[int] = field(default_factory=Counter)
    took: tuple[Times, Times] = field(default_factory=lambda: (Times(), Times()))

    def add(self, outcome: Outcome) -> None:
        """Count what came of a request."""
        if outcome.skipped:
            self.skipped[outcome.skipped] += 1
            return
        self.statuses[outcome.statuses] += 1
        self.same += outcome.same
        self.used.update(outcome.used)
        if outcome.seeds is not None:
            self.seeds = (self.seeds or set()) | outcome.seeds
        for times, span, is_cold in zip(self.took, outcome.took, outcome.cold, strict=True):
            (times.cold if is_cold else times.warm).append(span / timedelta(seconds=1))
        before = self.requests.get(outcome.request)
        if before is None:
            self.shapes[outcome.shape] += 1
        for place in outcome.noise:
            self.groups.setdefault(place, Group()).noise += 1
        for place, seen in outcome.places.items():
            group = self.groups.setdefault(place, Group())
            group.requests += 1
            group.count += seen.count
            group.examples += seen.examples[: EXAMPLES - len(group.examples)]
        self.requests[outcome.request] = (before or frozenset()) | frozenset(outcome.places)
