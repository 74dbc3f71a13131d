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
from rollout.inventory.matching import Conditions, covers, example_path, overlap
from rollout.inventory.model import Environment, KeptRoute, Route

_ANY_OTHER = "any other"  # stands for all methods that no rule names


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
    """What is asked at a priority: a path pattern each, the methods of all of them."""

    name: str
    priority: int
    takes: tuple[Conditions, ...]
    whole: bool = True
    dual: bool = False

    def shared_with(self, later: Conditions) -> str | None:
        return next(filter(None, (overlap(own, later) for own in self.takes)), None)


def overlaps(environment: Environment, live: AlbState) -> tuple[Overlap, ...]:
    """Every overlap in which a route of the inventory gives or takes requests, problems first.

    Args:
        environment: The inventory.
        live: AWS now, whose other rules count too.
    """
    found = [finding for balancer in environment.load_balancers for finding in _on(balancer, environment, live)]
    return tuple(sorted(found, key=lambda finding: finding.severity == "note"))


def _on(balancer: str, environment: Environment, live: AlbState) -> Iterator[Overlap]:
    routes = {f"routes.{key}": r for key, r in environment.routes.items() if r.load_balancer == balancer}
    kept = {f"kept-routes.{key}": r for key, r in environment.kept_routes.items() if r.load_balancer == balancer}
    known = {
        r.priority: _Asked(name, r.priority, (_rule(r),), dual=name in routes) for name, r in (kept | routes).items()
    }
    ours = {rule.arn for _, _, rule in header_rules_before(environment, live)}  # they only repeat what stands behind
    others = (
        _other(rule)
        for rule in live.rules
        if rule.listener == live.listeners.get(balancer) and rule.priority not in known and rule.arn not in ours
    )
    asked = sorted((*known.values(), *others), key=lambda rule: rule.priority)
    for name, route in (routes | kept).items():
        endpoint = Conditions(route.path, route.methods)
        before = [rule for rule in asked if rule.priority < route.priority and rule.shared_with(endpoint)]
        if before and _takes_all([rule for rule in before if rule.whole], endpoint):
            takers = " and ".join(rule.name for rule in before if rule.whole)
            yield Overlap(
                "problem",
                name,
                f"never gets a request: {takers}, asked before it, would have them all",
                before[0].shared_with(endpoint) or "",
                _earlier_than(before[0].priority),
                code="route-unreachable",
            )
            continue
        yield from filter(None, (_part(rule, name, route, endpoint) for rule in before))
    for name, kept_route in kept.items():
        yield from _without_its_rule(name, kept_route, balancer, live, [rule for rule in asked if rule.dual])


def _rule(route: Route | KeptRoute) -> Conditions:
    """What the rule that carries it asks."""
    if isinstance(route, KeptRoute):
        return Conditions(route.rule_path, route.rule_methods)
    return Conditions(route.path, route.methods)


def _other(rule: LiveRule) -> _Asked:
    """A live rule that the inventory doesn't know."""
    methods = tuple(sorted(rule.methods))
    takes = tuple(Conditions(path, methods) for path in sorted(rule.paths) or ["*"])
    return _Asked(f"the rule at {rule.priority} ({rule.conditions})", rule.priority, takes, whole=not rule.further)


def _earlier_than(priority: int) -> str:
    """How a rule is asked before another: 1 is the lowest number that there is."""
    if priority > 1:
        return f"give it a lower priority number than {priority}"
    return "give the rule at 1 a higher priority number, and this one a lower number than that"


def _takes_all(earlier: list[_Asked], later: Conditions) -> bool:
    """Whether rules together have every request of one that is asked after them."""
    takes = [own for rule in earlier for own in rule.takes]
    methods = later.methods or {*(m for own in takes for m in own.methods), _ANY_OTHER}
    return all(
        example_path([later.path], avoiding=[own.path for own in takes if not own.methods or method in own.methods])
        is None
        for method in methods
    )


def _part(earlier: _Asked, name: str, route: Route | KeptRoute, endpoint: Conditions) -> Overlap | None:
    """A rule that has some of a route's requests."""
    example = earlier.shared_with(endpoint) or ""
    kept = isinstance(route, KeptRoute)
    if kept and not earlier.dual:
        return None  # nothing of this is ours
    if kept and not covers(route.path, earlier.takes[0].path):
        what = f"{earlier.name}, asked before it, takes some of its requests to the candidate with its weight"
        hint = _earlier_than(earlier.priority)
        return Overlap("problem", name, what, example, hint, code="kept-route-to-candidate")
    may = "has" if earlier.whole else "may have"
    what = f"{earlier.name}, asked before it, {may} some of what its pattern says"
    return Overlap("note", name, what, example, code="route-partly-covered")


def _without_its_rule(
    name: str, route: KeptRoute, balancer: str, live: AlbState, dual: list[_Asked]
) -> Iterator[Overlap]:
    """A kept route whose rule isn't where the inventory has it: its requests may be a dual route's."""
    listener = live.listeners.get(balancer)
    same = [r for r in live.rules if r.listener == listener and r.matches(route.rule_path, route.rule_methods)]
    if listener is None or any(rule.priority == route.priority for rule in same):
        return
    there = min((rule.priority for rule in same), default=None)
    what = (
        f"its rule is at {there}, not at {route.priority}" if there else f"there is no rule for it at {route.priority}"
    )
    endpoint = Conditions(route.path, route.methods)
    behind = [rule for rule in dual if there is None or rule.priority < there]
    falls = next((rule for rule in behind if rule.priority > route.priority and rule.shared_with(endpoint)), None)
    if falls:
        what += f", and {falls.name} takes its requests to the candidate with its weight"
    yield Overlap(
        "problem" if falls else "note",
        name,
        what,
        (falls and falls.shared_with(endpoint)) or overlap(endpoint, endpoint) or "",
        "correct the inventory, or the rule",
        code="kept-route-to-candidate" if falls else "kept-rule-missing",
    )
