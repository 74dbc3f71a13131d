"""Which routes take requests from one another, with an example of each. Pure.

A load balancer asks its rules by priority and never refuses one that can't be reached. So a kept route may be handed to
the candidate, or a route may never get a request, without anybody being told. A rule that asks for more than path and
methods takes only some of what they say: it is told, and never counted on.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from rollout.alb.header_rules import header_rules_before
from rollout.alb.state import AlbState, LiveRule
from rollout.errors import Problem
from rollout.inventory.conditions import ConditionField, Conditions
from rollout.inventory.matching import overlap, shadows, takes_all, undecided
from rollout.inventory.model import Environment, KeptRoute


@dataclass(frozen=True, slots=True)
class Overlap:
    """Requests that two rules match, and what comes of it.

    Attributes:
        severity: A problem sends requests where the inventory doesn't say; a note is as patterns are meant to work.
        where: The route that is asked later, such as `routes.stamp-score`.
        what: What happens to it.
        example: A request that shows it, such as `GET /v2/stamps`.
        then: What to do, of a problem.
        code: The cause, as `errors.codes` lists it.
    """

    severity: Literal["problem", "note"]
    where: str
    what: str
    example: str
    hint: str | None = None
    code: str = field(kw_only=True)

    @property
    def problem(self) -> Problem:
        """As errors and reports tell it."""
        return Problem(f"{self.what}, such as {self.example}", self.where, self.hint, code=self.code)


@dataclass(frozen=True, slots=True)
class _Asked:
    """What is asked at a priority."""

    name: str
    priority: int
    takes: Conditions
    dual: bool = False

    def shared_with(self, later: Conditions) -> str | None:
        return overlap(self.takes, later)


def overlaps(environment: Environment, live: AlbState) -> tuple[Overlap, ...]:
    """Every overlap in which a route of the inventory gives or takes requests, problems first.

    Args:
        live: AWS now, whose other rules count too.
    """
    environment = live.resolved(environment)
    found = [finding for balancer in environment.load_balancers for finding in _on(balancer, environment, live)]
    return tuple(sorted(found, key=lambda finding: finding.severity == "note"))


def _on(balancer: str, environment: Environment, live: AlbState) -> Iterator[Overlap]:
    routes = {f"routes.{key}": r for key, r in environment.routes.items() if r.load_balancer == balancer}
    kept = {f"kept-routes.{key}": r for key, r in environment.kept_routes.items() if r.load_balancer == balancer}
    known = {
        r.priority: _Asked(name, r.priority, r.rule_conditions, dual=name in routes)
        for name, r in (kept | routes).items()
        if r.rule_conditions is not None
    }
    ours = {rule.arn for _, _, rule in header_rules_before(environment, live)}  # they only repeat what stands behind
    others = (
        _other(rule)
        for rule in live.rules
        if rule.listener == live.listeners.get(balancer) and rule.priority not in known and rule.arn not in ours
    )
    asked = sorted((*known.values(), *others), key=lambda rule: rule.priority)
    for name, route in (routes | kept).items():
        endpoint = route.conditions
        if endpoint is None:
            continue  # as its rule has it, and that isn't there
        before = [rule for rule in asked if rule.priority < route.priority and rule.shared_with(endpoint) is not None]
        if before and takes_all([rule.takes for rule in before], endpoint):
            takers = " and ".join(rule.name for rule in before if undecided(rule.takes) is None)
            yield Overlap(
                "problem",
                name,
                f"never gets a request: {takers}, with a higher precedence, takes all of them",
                before[0].shared_with(endpoint) or "",
                _instead(before, endpoint) if route.is_default else _earlier_than(before[0].priority),
                code="route-unreachable",
            )
            continue
        if route.is_default:
            continue  # that others are asked before is what it is for
        yield from filter(None, (_part(rule, name, endpoint, is_kept=name in kept) for rule in before))
    for name, kept_route in kept.items():
        yield from _without_its_rule(name, kept_route, balancer, live, [rule for rule in asked if rule.dual])


def _other(rule: LiveRule) -> _Asked:
    """A live rule that the inventory doesn't know."""
    return _Asked(f"the rule at {rule.priority} ({rule.conditions})", rule.priority, rule.asks)


def _earlier_than(priority: int) -> str:
    """How a rule is asked before another: 1 is the lowest number that there is."""
    if priority > 1:
        return f"give it a lower priority number than {priority}"
    return "give the rule at 1 a higher priority number, and this one a lower number than that"


def _instead(before: list[_Asked], endpoint: Conditions) -> str:
    """What to do with a default action that no request reaches."""
    whole = next((rule.priority for rule in before if shadows(rule.takes, endpoint)), None)
    return "remove the route" + (f", or name that rule instead, with priority = {whole}" if whole else "")


def _part(earlier: _Asked, name: str, endpoint: Conditions, *, is_kept: bool) -> Overlap | None:
    """A rule that has some of a route's requests."""
    example = earlier.shared_with(endpoint) or ""
    if is_kept and not earlier.dual:
        return None  # nothing of this is ours
    unsure = undecided(earlier.takes, endpoint)
    if is_kept and unsure is None and not shadows(_without_methods(endpoint), _without_methods(earlier.takes)):
        what = f"{earlier.name} has a higher precedence and sends some of its requests to the candidate, by its weight"
        hint = _earlier_than(earlier.priority)
        return Overlap("problem", name, what, example, hint, code="kept-route-to-candidate")
    may = "takes some" if unsure is None else "may take some"
    what = f"{earlier.name}, with a higher precedence, {may} of its requests"
    what += "" if unsure is None else f" (rollout can't evaluate {unsure})"
    return Overlap("note", name, what, example, code="route-partly-covered")


def _without_methods(conditions: Conditions) -> Conditions:
    return tuple(c for c in conditions if c.field != ConditionField.METHOD)


def _without_its_rule(
    name: str, route: KeptRoute, balancer: str, live: AlbState, dual: list[_Asked]
) -> Iterator[Overlap]:
    """A kept route whose rule isn't where the inventory has it: its requests may be a dual route's."""
    listener = live.listeners.get(balancer)
    same = [r for r in live.rules if r.listener == listener and r.is_for(route)]
    endpoint = route.conditions
    if endpoint is None or listener is None or any(rule.priority == route.priority for rule in same):
        return
    there = min((rule.priority for rule in same), default=None)
    what = (
        f"its rule has priority {there}, not {route.priority}"
        if there
        else f"it has no rule at priority {route.priority}"
    )
    behind = [rule for rule in dual if there is None or rule.priority < there]
    falls = next((rule for rule in behind if rule.priority > route.priority and rule.shared_with(endpoint)), None)
    if falls:
        what += f", and {falls.name} sends its requests to the candidate, by its weight"
    yield Overlap(
        "problem" if falls else "note",
        name,
        what,
        (falls and falls.shared_with(endpoint)) or overlap(endpoint, endpoint) or "",
        "fix the inventory, or the rule",
        code="kept-route-to-candidate" if falls else "kept-rule-missing",
    )
