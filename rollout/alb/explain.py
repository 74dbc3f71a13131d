"""Where a request goes and why: which rules are asked before, which one takes it, and who gets it then. Pure.

It reads rules as the load balancer does, so it answers for rules that the inventory doesn't know, too.
https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-listeners.html#listener-rules
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from rollout.alb.header_rules import header_rules_before
from rollout.alb.state import DEFAULT_PRIORITY, AlbState, LiveRule, wanted_forward
from rollout.alb.weights import ForwardAction, group_name
from rollout.inventory.conditions import Condition, ConditionField, Request, matches, unmet
from rollout.inventory.model import Arn, Environment, KeptRoute, Route, Split


@dataclass(frozen=True, slots=True)
class Passed:
    """A rule that was asked and didn't take the request.

    Attributes:
        conditions: In words.
        inventory: What it is in the inventory, such as `routes.stamp-score`.
        why: The first condition that the request doesn't meet.
    """

    priority: int
    conditions: str
    inventory: tuple[str, ...]
    why: str


@dataclass(frozen=True, slots=True)
class Share:
    """What a target group gets of such requests: its weight of the total.

    Attributes:
        part: `legacy` or `candidate` of the route; None for any other group.
        function: The candidate's function by its name on AWS; None where the inventory doesn't say.
    """

    target_group: str
    weight: int
    total: int
    part: str | None
    function: str | None

    @property
    def percent(self) -> str:
        """The share in per cent, to four figures."""
        return f"{100 * self.weight / self.total:.4g}" if self.total else "?"


@dataclass(frozen=True, slots=True)
class Explanation:
    """Where a request goes on one load balancer.

    Attributes:
        request: The request in words.
        load_balancer: The load balancer's name in the inventory.
        passed: The rules of higher precedence, with the reason why each doesn't match.
        priority: The priority of the matching rule; None for the default rule.
        rule: Its ARN.
        conditions: Its conditions in words.
        inventory: The rule's name in the inventory, such as `routes.NAME`; empty if it isn't there.
        action: The rule's action in words.
        shares: Each target group and its share; empty if the rule doesn't forward.
        chosen: How one of the target groups is selected, in words.
    """

    request: str
    load_balancer: str
    passed: tuple[Passed, ...]
    priority: int | None
    rule: str
    conditions: str
    inventory: tuple[str, ...]
    action: str
    shares: tuple[Share, ...]
    chosen: str


def explain(
    environment: Environment, live: AlbState, load_balancer: str, request: Request, cookie: str | None = None
) -> Explanation:
    """Where a request goes.

    Args:
        live: The rules; those of now, or as `future` has them.
        load_balancer: A key of `[load-balancers]` that has its listener.
        cookie: The target group that the client's stickiness cookie names, or `legacy` or `candidate` of the route.
    """
    environment = live.resolved(environment)
    passed: list[Passed] = []
    headed = {
        rule.arn: (f"header rule of {place}", entry) for place, entry, rule in header_rules_before(environment, live)
    }
    for rule in live.rules_of(load_balancer):
        belongs = _in_inventory(environment, live, load_balancer, rule, request)
        belongs |= dict([headed[rule.arn]] if rule.arn in headed else [])
        missed = unmet(rule.asks, request)
        unknown = next((c for c in rule.asks if matches(c, request) is None), None)
        if missed or unknown:
            why = _why(missed, request) if missed else f"may match: rollout can't evaluate {unknown}"
            passed.append(Passed(rule.priority, rule.conditions, tuple(belongs), why))
            continue
        shares, chosen = (
            _shares(rule.forward, _parts(live, belongs), _functions(environment, load_balancer), cookie)
            if rule.forward
            else ((), "")
        )
        return Explanation(
            str(request),
            load_balancer,
            tuple(passed),
            None if rule.priority == DEFAULT_PRIORITY else rule.priority,
            rule.arn,
            rule.conditions,
            tuple(belongs),
            f"forward to {rule.forward}" if rule.forward else rule.action,
            shares,
            f"{chosen}; the rule also does {rule.extras}" if rule.extras else chosen,
        )
    nothing = "no rule matches: the default rule is not known"
    return Explanation(str(request), load_balancer, tuple(passed), None, "", "no conditions", (), nothing, (), "")


def future(environment: Environment, live: AlbState, after: Mapping[str, Split]) -> AlbState:
    """The rules as they will be when each route has another split."""
    forwards = {
        rule.arn: wanted_forward(environment, name, live, split)
        for name, split in after.items()
        if (rule := live.rule_of(environment.routes[name]))
    }
    return replace(live, rules=tuple(replace(r, forward=forwards.get(r.arn, r.forward)) for r in live.rules))


def _in_inventory(
    environment: Environment, live: AlbState, load_balancer: str, rule: LiveRule, request: Request
) -> dict[str, Route | KeptRoute]:
    """The entries that a rule is for; of kept routes on a generic one, those that the request is for."""
    place = (load_balancer, rule.priority)
    found: dict[str, Route | KeptRoute] = {
        f"routes.{key}": route
        for key, route in environment.routes.items()
        if route.load_balancer == load_balancer and rule == live.rule_of(route) and rule.is_for(route)
    }
    kept = {
        f"kept-routes.{key}": route
        for key, route in environment.kept_routes.items()
        if (route.load_balancer, route.priority) == place and rule.is_for(route)
    }
    found |= {name: route for name, route in kept.items() if not route.via or _is_for(route, request)}
    return found


def _is_for(route: KeptRoute, request: Request) -> bool:
    return unmet(route.conditions or (), request) is None


def _why(condition: Condition, request: Request) -> str:
    values = "|".join(condition.values)
    match condition.field:
        case ConditionField.METHOD:
            return f"{request.method} is not {values}"
        case ConditionField.PATH:
            return "another path"
        case ConditionField.HOST:
            return f"host {request.host or '(not given)'} doesn't match {values}"
        case ConditionField.HEADER:
            is_sent = any(name.lower() == condition.name.lower() for name, _ in request.headers)
            return f"header {condition.name} {'has another value' if is_sent else 'is missing'}"
        case ConditionField.QUERY:
            return f"no part of the query string matches {values}"
    return f"source {request.source_ip or '(not given)'} is not in {values}"


def _parts(live: AlbState, belongs: Mapping[str, Route | KeptRoute]) -> dict[Arn, str]:
    """What the target groups of the entries that a rule is for are to them."""
    return {
        live.group_arn(getattr(entry, part)): part
        for entry in belongs.values()
        for part in ("legacy", "candidate")
        if hasattr(entry, part)
    }


def _functions(environment: Environment, load_balancer: str) -> dict[str, str]:
    """The candidate's functions, by their target groups on a load balancer."""
    return {
        group: function.name or key
        for key, function in environment.functions.items()
        for balancer, groups in function.target_groups.items()
        if environment.load_balancers[balancer].real_name == environment.load_balancers[load_balancer].real_name
        for group in groups
    }


def _shares(
    forward: ForwardAction, parts: Mapping[Arn, str], functions: Mapping[str, str], cookie: str | None
) -> tuple[tuple[Share, ...], str]:
    """Who gets what of a forward action, and how one of them is chosen."""
    weights, sticky = dict(forward.weights), forward.stickiness
    chosen = "by weight" if len(weights) > 1 else "the only target group"
    if sticky is not None:
        chosen += f", then a cookie keeps the client there for {int(sticky.total_seconds())} s after each request"
    if cookie:
        named = next((arn for arn in weights if cookie in (parts.get(arn), group_name(arn))), None)
        if sticky is None:
            chosen = "by weight, not by cookie: the rule has no stickiness"
        elif named is None:
            chosen += f"; its cookie names {cookie}, which is not in the rule, and has no effect"
        else:
            weights, chosen = {named: 1}, "by its cookie, whatever the weights"
    total, names = sum(weights.values()), {arn: group_name(arn) for arn in weights}
    return tuple(
        Share(names[arn], weight, total, parts.get(arn), functions.get(names[arn])) for arn, weight in weights.items()
    ), chosen
