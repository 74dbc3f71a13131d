"""The gate before a change: what would happen, in words of traffic and of resources. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from rollout.live import Live
from rollout.model import LEGACY_ONLY, PREPARED, Environment, Split
from rollout.plan import StackPreview


@dataclass(frozen=True, slots=True)
class TrafficLine:
    """What happens to one route's requests.

    Attributes:
        route: The route's name in the inventory.
        endpoint: Methods and path.
        load_balancer: The inventory's name for it.
        priority: Of its rule.
        before: Its live split; None where the rule isn't one of ours.
        after: The split that would be.
    """

    route: str
    endpoint: str
    load_balancer: str
    priority: int
    before: Split | None
    after: Split

    @property
    def moves(self) -> bool:
        """Whether requests go elsewhere than before."""
        return self.before is None or self.before.weight != self.after.weight

    @property
    def changes(self) -> bool:
        """Whether the rule changes at all."""
        return self.before != self.after

    @property
    def note(self) -> str:
        """What a weight alone doesn't say."""
        if self.before == self.after:
            return "unchanged"
        if self.after == LEGACY_ONLY:
            return "candidate and stickiness taken out: at once, for everybody"
        if self.after == PREPARED:
            return "candidate prepared, no request moves"
        if self.before is not None and not self.before.attached:
            return "candidate put in, stickiness on"
        if self.before is not None and self.after.weight < self.before.weight:
            return "clients with a cookie stay until it runs out"
        return ""


@dataclass(frozen=True, slots=True)
class Gate:
    """Everything that somebody approves.

    Attributes:
        phase: `phase1`, `phase2`, `phase3` or `weight`.
        traffic: A line a route that the phase is about.
        previews: A preview a stack, in the order in which they would be applied.
        warnings: What to know before saying yes.
    """

    environment: str
    phase: str
    traffic: tuple[TrafficLine, ...]
    previews: tuple[StackPreview, ...]
    warnings: tuple[str, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to approve."""
        return not any(preview.changes or preview.refreshed for preview in self.previews)


def traffic_of(environment: Environment, live: Live, after: Mapping[str, Split]) -> tuple[TrafficLine, ...]:
    """What happens to each route, changing ones first in the inventory's order."""
    lines = [
        TrafficLine(name, str(route), route.load_balancer, route.priority, live.split_of(route), after[name])
        for name, route in environment.routes.items()
        if name in after
    ]
    return tuple(sorted(lines, key=lambda line: not line.changes))
