"""Checks beyond the rules: targets, permissions, and a load balancer's quotas. Pure.

They cost one call per target group, so they run in parallel with a preview.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from pydantic import Field

from rollout.alb.state import AlbState
from rollout.base.foreign import Foreign, Unexpected, json_of, read_as
from rollout.errors import Problem
from rollout.inventory.model import Arn, Environment
from rollout.inventory.quotas import DEFAULT_LIMITS, GROUPS, RULES
from rollout.migration.checks.kinds import ill, misfits

_PRINCIPAL = "elasticloadbalancing.amazonaws.com"
_INVOKE = ("lambda:InvokeFunction", "lambda:*", "*")


@dataclass(frozen=True, slots=True)
class Inspection:
    """What was found.

    Attributes:
        targets: By target group, the ids of its registered targets: a function's ARN, an address, an instance.
        policies: By function, its resource policy as JSON, empty where it has none; missing where it can't be read.
        groups: By load balancer, the target groups that its rules and listeners use.
        rules: By load balancer, how many rules all its listeners have, default ones left out.
        limits: The account's quotas, by AWS's names; those that AWS doesn't tell are the published ones.
        multi_value: The target groups that send a function headers as lists.
        states: By target group whose targets aren't functions, what AWS says of the health of each.
        attributes: By target group, its attributes by AWS's keys.
        vpcs: By load balancer, where it is; only known where it matters.
    """

    targets: Mapping[Arn, tuple[str, ...]] = field(default_factory=dict)
    policies: Mapping[str, str] = field(default_factory=dict)
    groups: Mapping[Arn, frozenset[Arn]] = field(default_factory=dict)
    rules: Mapping[Arn, int] = field(default_factory=dict)
    limits: Mapping[str, int] = field(default_factory=lambda: DEFAULT_LIMITS)
    multi_value: frozenset[Arn] = frozenset()
    states: Mapping[Arn, tuple[str, ...]] = field(default_factory=dict)
    attributes: Mapping[Arn, Mapping[str, str]] = field(default_factory=dict)
    vpcs: Mapping[Arn, str] = field(default_factory=dict)


def target_problems(
    environment: Environment, live: AlbState, found: Inspection, groups: AbstractSet[str]
) -> Iterator[Problem]:
    """Why target groups couldn't answer requests.

    Args:
        groups: Their names; those that aren't on AWS are left out.
    """
    for name, (place, balancer, kind) in _uses(environment).items():
        group = live.target_groups.get(name)
        if group is None or name not in groups:
            continue
        if kind and group.target_type != kind:
            is_kept = place.startswith("kept-routes")
            yield Problem(
                f"target group {name} is of type {group.target_type}, not {kind}",
                where=place,
                hint=f'set target-type = "{group.target_type}"' if is_kept else "name another target group",
                code="wrong-target-type",
            )
            continue
        others = set(group.load_balancers) - {live.load_balancers.get(balancer)}
        if others:
            yield Problem(
                f"target group {name} is already on load balancer {', '.join(map(_name, sorted(others)))}",
                where=place,
                hint="a target group belongs to one load balancer: use a separate one here",
                code="target-group-taken",
            )
        vpc = found.vpcs.get(live.load_balancers.get(balancer, Arn("")), "")
        yield from misfits(environment, group, found.attributes.get(group.arn, {}), vpc, place)
        targets = found.targets.get(group.arn, ())
        if not targets:
            yield Problem(
                f"target group {name} has no registered target: its requests would get a 503",
                where=place,
                hint="register its target",
                code="no-registered-target",
            )
        elif why := ill(found.states.get(group.arn, ())):
            hint = "look at its health check and its targets; a new one takes a while to become healthy"
            yield Problem(f"target group {name} {why}", where=place, hint=hint, code="no-healthy-target")
        for function in targets if group.is_lambda else ():
            if function in found.policies and not lets_in(found.policies[function], group.arn):
                yield Problem(
                    f"the function {function.rpartition(':function:')[2]} doesn't let target group {name} invoke it",
                    where=place,
                    hint=f"allow {_PRINCIPAL} lambda:InvokeFunction with SourceArn {group.arn}",
                    code="invoke-not-allowed",
                )


def unread_policies(live: AlbState, found: Inspection) -> tuple[str, ...]:
    """The functions whose resource policies these credentials can't read."""
    lambdas = [group.arn for group in live.target_groups.values() if group.is_lambda]
    functions = {function for arn in lambdas for function in found.targets.get(arn, ())}
    return tuple(sorted(functions - found.policies.keys()))


@dataclass(frozen=True, slots=True)
class Usage:
    """How much of a load balancer's quota is used once the cutover is done.

    Attributes:
        load_balancer: The inventory's name; of several names, for several listeners, the first.
        limit: AWS's name of the quota.
        allowed: The account's.
        now: What is used.
        after: What would be.
    """

    load_balancer: str
    limit: str
    allowed: int
    now: int
    after: int

    @property
    def counted(self) -> str:
        """What is counted, in words."""
        return self.limit.partition("-per-")[0].replace("-", " ")

    def __str__(self) -> str:
        return f"{self.load_balancer} {self.after} of {self.allowed} {self.counted}"


def usages(environment: Environment, live: AlbState, found: Inspection, extra_rules: int = 0) -> tuple[Usage, ...]:
    """Each load balancer's rules and target groups, before and after the cutover.

    Args:
        extra_rules: How many rules a load balancer would get, beside those that it has.
    """
    both: list[Usage] = []
    keys: dict[Arn, list[str]] = {}
    for key, balancer in live.load_balancers.items():
        keys.setdefault(balancer, []).append(key)
    for balancer, own in keys.items():
        key, candidates = (
            own[0],
            {route.candidate for route in environment.routes.values() if route.load_balancer in own},
        )
        used = found.groups.get(balancer, frozenset())
        # a group that isn't built yet counts by its name
        after = used | {live.group_arn(name) or Arn(name) for name in candidates}
        rules = found.rules.get(balancer, 0)
        allowed = {**DEFAULT_LIMITS, **found.limits}
        both.append(Usage(key, GROUPS, allowed[GROUPS], len(used), len(after)))
        routes = (route for route in environment.routes.values() if route.load_balancer in own)
        made = sum(route.is_default and live.own_rule_of(route) is None for route in routes)
        both.append(Usage(key, RULES, allowed[RULES], rules, rules + made + extra_rules))
    return tuple(both)


def quota_problems(found: tuple[Usage, ...]) -> Iterator[Problem]:
    """The quotas that the cutover would break."""
    for usage in found:
        if usage.after > usage.allowed:
            raisable = usage.limit == RULES
            yield Problem(
                f"{usage.after} {usage.counted} on one load balancer; {usage.allowed} are allowed, {usage.now} in use",
                where=f"load-balancers.{usage.load_balancer}",
                hint="ask AWS for a higher quota"
                if raisable
                else "AWS doesn't raise this one: use fewer target groups",
                code="quota-exceeded",
            )


def lets_in(policy: str, group: Arn) -> bool:
    """Whether a function's resource policy lets a target group invoke it.

    https://docs.aws.amazon.com/elasticloadbalancing/latest/application/lambda-functions.html#lambda-permissions
    """
    try:
        statements = read_as(_Policy, json_of(policy)).Statement if policy else []
    except Unexpected:
        return False  # nor would Lambda find anybody in it
    return any(_allows(each, group) for each in (statements if isinstance(statements, list) else [statements]))


_Texts = str | list[str]


class _Principal(Foreign):
    Service: _Texts = ""


class _Statement(Foreign):
    """https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html."""

    Effect: str = ""
    Action: _Texts = ""
    Principal: str | _Principal = ""
    Condition: dict[str, dict[str, Any]] = Field(default_factory=dict)


class _Policy(Foreign):
    Statement: _Statement | list[_Statement]


def _allows(statement: _Statement, group: Arn) -> bool:
    def asked(key: str, *operators: str) -> list[list[str]]:
        found = (pair for operator in operators for pair in statement.Condition.get(operator, {}).items())
        return [_many(values) for name, values in found if name.lower() == key]

    principal, account = statement.Principal, "".join(group.split(":")[4:5])
    return (
        statement.Effect == "Allow"
        and any(action in _INVOKE for action in _many(statement.Action))
        and (principal == "*" if isinstance(principal, str) else _PRINCIPAL in _many(principal.Service))
        and all(
            any(fnmatchcase(group, pattern) for pattern in patterns)
            for patterns in asked("aws:sourcearn", "ArnLike", "ArnEquals", "StringEquals", "StringLike")
        )
        and all(account in accounts for accounts in asked("aws:sourceaccount", "StringEquals"))
    )


def _many(value: object) -> list[str]:
    return [each for each in (value if isinstance(value, list) else [value]) if isinstance(each, str)]


def _uses(environment: Environment) -> dict[str, tuple[str, str, str | None]]:
    """By target group: where the inventory names it first, its load balancer, and its type if that is settled."""
    uses: dict[str, tuple[str, str, str | None]] = {}
    for key, route in environment.routes.items():
        uses.setdefault(
            route.candidate, (f"routes.{key}.candidate", route.load_balancer, "lambda" if route.is_built else None)
        )
        uses.setdefault(route.legacy, (f"routes.{key}.legacy", route.load_balancer, None))
    for key, kept in environment.kept_routes.items():
        uses.setdefault(kept.legacy, (f"kept-routes.{key}.legacy", kept.load_balancer, kept.target_type))
    return uses


def _name(balancer: Arn) -> str:
    return balancer.split("/")[-2] if "/" in balancer else balancer
