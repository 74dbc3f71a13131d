"""The gate before a change: the changes of traffic and of resources. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated

from pydantic import Field, computed_field

from rollout.alb.state import AlbState, wanted_forward
from rollout.analysis.measuring.split import shared_candidates
from rollout.analysis.measuring.volumes import Volume
from rollout.base.formatting import count_of
from rollout.base.plain import Seconds
from rollout.inventory.model import LEGACY_ONLY, PREPARED, Arn, Environment, Split
from rollout.inventory.quantities import WHOLE, ZERO, Percent, format_duration
from rollout.migration.bearers import ALIAS, FUNCTION
from rollout.state.plan import Op, StackPreview

TEN = 10
COOKIES = ("AWSALBTG", "AWSALBTGCORS")
"""What an answer gets where a rule has stickiness.

https://docs.aws.amazon.com/elasticloadbalancing/latest/application/edit-target-group-attributes.html
"""


@dataclass(frozen=True, slots=True)
class TrafficLine:
    """The change of one route's traffic.

    Attributes:
        route: The route's name in the inventory.
        endpoint: Methods and path.
        load_balancer: The load balancer's name in the inventory.
        priority: The rule's priority.
        before: Its live split; None if the rule forwards elsewhere.
        after: The new split.
        volume: Its requests, or those of several routes together; None if not counted.
        kept_before: The time of stickiness before; None without stickiness.
        kept_after: The time of stickiness afterwards.
    """

    route: str
    endpoint: str
    load_balancer: str
    priority: int
    before: Split | None
    after: Split
    volume: Volume | None = None
    kept_before: Seconds | None = None
    kept_after: Seconds | None = None

    @property
    def moves(self) -> bool:
        """Whether requests move."""
        return self.before is None or self.before.weight != self.after.weight

    @property
    def changes(self) -> bool:
        """Whether the rule changes at all."""
        return self.before != self.after or self.kept_before != self.kept_after

    @property
    def note(self) -> str:
        """What else changes, such as the candidate's removal or stickiness."""
        if not self.changes:
            return "unchanged"
        if self.after.alone:
            return "legacy removed"
        if self.after == LEGACY_ONLY:
            return "candidate removed, at once for all clients"
        return ", ".join(filter(None, (self._split_note, self._stickiness_note)))

    @property
    def _split_note(self) -> str:
        if self.after == PREPARED:
            return "candidate added at 0 %, no request moves"
        if self.before is not None and not self.before.attached:
            return "candidate added"
        if self.kept_after and self.before is not None and self.after.weight < self.before.weight:
            return "clients with a cookie stay until it expires"
        return ""

    @property
    def _stickiness_note(self) -> str:
        if self.kept_before == self.kept_after:
            return ""
        if self.kept_after is None:
            return "stickiness off"
        was = f"{format_duration(self.kept_before)} → " if self.kept_before else ""
        return f"stickiness {was}{format_duration(self.kept_after)}"


@dataclass(frozen=True, slots=True)
class Gate:
    """Everything to approve.

    Attributes:
        phase: The phase's name, or `release`.
        traffic: A line for each route.
        previews: Each stack's preview, in the order in which they are applied.
        warnings: Warnings before the approval.
        commands: Command lines of another owner's tool: a release runs them; after a cut-over the user runs them.
        by_name: Whether a user at a terminal approves by typing the environment's name.
        drift: How rules and file differ from rollout's last change; None if there is nothing to compare with.
        uncounted: Why the traffic lines have no volumes, if counting failed.
        writes: The rules that rollout itself changes by ModifyRule, since Pulumi only reads them.
    """

    environment: Annotated[str, Field(exclude=True)]
    phase: str
    traffic: tuple[TrafficLine, ...]
    previews: tuple[StackPreview, ...]
    warnings: tuple[str, ...] = ()
    commands: tuple[str, ...] = ()
    by_name: Annotated[bool, Field(exclude=True)] = False
    drift: tuple[str, ...] | None = None
    uncounted: str | None = None
    writes: tuple[Arn, ...] = ()

    @computed_field  # type: ignore[prop-decorator]
    @property
    def digest(self) -> str:
        """A short name for exactly what is approved: each stack's plan, and each route's split before and after."""
        splits = [
            (line.route, line.priority, line.before, line.after, line.kept_before, line.kept_after)
            for line in self.traffic
        ]
        plans = [(preview.stack, preview.digest, preview.refreshed) for preview in self.previews]
        said = (self.environment, self.phase, sorted(splits, key=str), plans, self.commands, sorted(self.writes))
        return hashlib.sha256(repr(said).encode()).hexdigest()[:12]

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to approve."""
        return not (self.writes or any(preview.changes or preview.refreshed for preview in self.previews))


def requests_of(lines: Sequence[TrafficLine]) -> str:
    """The candidate's requests per minute of all, of routes with one split; only all where others are among them."""
    volumes = {line.volume.routes: line.volume for line in lines if line.volume}
    if not volumes:
        return ""
    total = sum(volume.per_minute for volume in volumes.values())
    others = {route for routes in volumes for route in routes} - {line.route for line in lines}
    if not total:
        return "none"
    if others:
        return f"{_rate(total)} with {count_of(len(others), 'other')}"
    return f"about {_rate(total * lines[0].after.weight.share)} of {_rate(total)}"


def traffic_of(
    environment: Environment,
    live: AlbState,
    after: Mapping[str, Split],
    volumes: Mapping[str, Volume] | None = None,
    *,
    written: bool = True,
) -> tuple[TrafficLine, ...]:
    """What happens to each route, changing ones first in the inventory's order.

    Args:
        volumes: How many requests the routes have.
        written: Whether the phase writes the rules, and so the file's stickiness.
    """
    counted = volumes or {}
    lines = [
        TrafficLine(
            name,
            str(route),
            route.load_balancer,
            route.priority,
            live.split_of(route),
            after[name],
            counted.get(name),
            *_kept(environment, live, name, after[name], written=written),
        )
        for name, route in live.resolved(environment).routes.items()
        if name in after
    ]
    return tuple(sorted(lines, key=lambda line: not line.changes))


def _kept(
    environment: Environment, live: AlbState, name: str, after: Split, *, written: bool
) -> tuple[timedelta | None, timedelta | None]:
    rule = live.rule_of(environment.routes[name])
    before = rule.forward.stickiness if rule and rule.forward else None
    return before, wanted_forward(environment, name, live, after).stickiness if written else before


def only_lowers(environment: Environment, live: AlbState, weights: Mapping[str, Percent]) -> bool:
    """Whether new weights send requests back to legacy alone, which less may stand in the way of."""
    return bool(weights) and not may_raise(environment, live, weights)


def may_raise(environment: Environment, live: AlbState, weights: Mapping[str, Percent]) -> bool:
    """Whether the candidate gets more of any route's requests by new weights, or its share now isn't known."""
    before = {name: live.split_of(environment.routes[name]) for name in weights}
    return any(split is None or weights[name] > split.weight for name, split in before.items())


def first_raised(environment: Environment, live: AlbState, weights: Mapping[str, Percent]) -> tuple[str, ...]:
    """The routes of which the candidate has no request yet, and would get some, or may."""
    before = {name: live.split_of(environment.routes[name]) for name in weights}
    return tuple(name for name, split in before.items() if weights[name] > ZERO >= (split.weight if split else ZERO))


def moved_routes(environment: Environment, live: AlbState, after: Mapping[str, Split]) -> Iterator[str]:
    """The routes whose weight changes, and is above 0 afterwards."""
    for name, split in after.items():
        before = live.split_of(environment.routes[name])
        if split.weight > ZERO and split.weight != (before.weight if before else ZERO):
            yield name


def raised_routes(environment: Environment, live: AlbState, after: Mapping[str, Split]) -> Iterator[str]:
    """The routes of whose requests the candidate gets more afterwards; a share that isn't known counts as none."""
    for name, split in after.items():
        before = live.split_of(environment.routes[name])
        if split.weight > (before.weight if before else ZERO):
            yield name


def unlike_file(environment: Environment, live: AlbState, after: Mapping[str, Split]) -> Iterator[str]:
    """Routes that a change leaves as they are, where that isn't what the file says."""
    for name, route in environment.routes.items():
        now, wanted = live.split_of(route), environment.desired_weight(name)
        if now is not None and now.weight != wanted and after.get(name, now) == now:
            yield f"routes.{name}: stays at {now.weight} % (live); the file says {wanted} %"


def _rate(per_minute: float) -> str:
    """Requests a minute: whole ones, unless they are few."""
    return f"{per_minute:,.0f}" if per_minute >= TEN else f"{per_minute:.1f}".removesuffix(".0")


def drift_warning(environment: Environment, after: Mapping[str, Split]) -> tuple[str, ...]:
    """That clients with cookies move to the candidate over routes which share its target group, if any will."""
    kept_at, drifting = environment.stickiness.kept_at, list[str]()
    for group, names in shared_candidates(environment).items():
        weights = {name: after[name].weight for name in names if name in after and after[name].weight > ZERO}
        if sum(kept_at(weight) is not None for weight in weights.values()) > 1 and min(weights.values()) < WHOLE:
            drifting.append(f"{group} ({', '.join(weights)})")
    if not drifting:
        return ()
    warning = "clients with cookies move to the candidate over routes that share its target group"
    return (f"{warning}: {', '.join(drifting)}; `target-groups` can give each route its own",)


def warnings_of(
    traffic: Sequence[TrafficLine], previews: Sequence[StackPreview], *, moves_traffic: bool
) -> tuple[str, ...]:
    """Warnings before the approval.

    Args:
        previews: What happens to each stack.
        moves_traffic: Whether the phase is for that.
    """
    kept = [line for line in traffic if line.kept_after]
    lowered = any(line.before and ZERO < line.after.weight < line.before.weight for line in kept)
    split = [line for line in traffic if ZERO < line.after.weight < WHOLE]
    steps = [step for preview in previews for step in preview.steps]
    aliased = {step.name for step in steps if step.type == ALIAS}  # their requests stay with the version they have
    rebuilt = any(s.op is Op.UPDATE and s.type == FUNCTION and s.name not in aliased for s in steps)
    served = any(line.before and line.before.weight > ZERO for line in traffic)
    said = {
        "stickiness overrides weights: clients with a cookie stay on the candidate; 0 moves all at once": lowered,
        f"answers set the cookies {' and '.join(COOKIES)}, which caches and scanners see; "
        "`enabled = false` in [stickiness] avoids them": any(not line.kept_before for line in kept),
        "stickiness is turned off: clients with a cookie reach either implementation from now on": any(
            line.kept_before and not line.kept_after for line in split
        ),
        "the candidate has traffic: a new build takes effect at once": rebuilt and served and not moves_traffic,
        "the state differs from the load balancer and is updated": any(p.refreshed for p in previews),
    }
    return tuple(warning for warning, holds in said.items() if holds)
