"""What functions need that phase 1 doesn't make: existing roles, subnets and security groups. Pure.

AWS refuses a function whose role Lambda may not assume, or whose network is in several VPCs, only in the middle of
phase 1. https://docs.aws.amazon.com/lambda/latest/dg/lambda-intro-execution-role.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from rollout.base.foreign import Unexpected, json_of
from rollout.errors import Problem
from rollout.inventory.functions import Function, Vpc, existing_role
from rollout.inventory.model import Environment

_LAMBDA = "lambda.amazonaws.com"
_ASSUME = frozenset({"sts:AssumeRole", "sts:*", "*"})


@dataclass(frozen=True, slots=True)
class FunctionNeeds:
    """What AWS has.

    Attributes:
        trust: By an existing role's ARN, its trust policy as JSON; None where there is no such role. A role that can't
            be read is missing.
        vpcs: By the id of a subnet or security group, its VPC; None where they can't be read.
    """

    trust: Mapping[str, str | None] = field(default_factory=dict)
    vpcs: Mapping[str, str] | None = None


def roles_of(environment: Environment) -> tuple[str, ...]:
    """The ARNs of the existing roles that functions name."""
    place = environment.account, environment.region
    return tuple(dict.fromkeys(arn for f in environment.functions.values() if (arn := existing_role(f, *place))))


def networks_of(environment: Environment) -> tuple[Vpc, ...]:
    """The networks of functions."""
    return tuple(function.vpc for function in environment.functions.values() if function.vpc)


def needs_problems(environment: Environment, found: FunctionNeeds) -> Iterator[Problem]:
    """What Lambda would refuse."""
    for key, function in environment.functions.items():
        yield from _role_problems(environment, key, function, found)
        if function.vpc and found.vpcs is not None:
            yield from _network_problems(key, function.vpc, found.vpcs)


def _role_problems(environment: Environment, key: str, function: Function, found: FunctionNeeds) -> Iterator[Problem]:
    role = existing_role(function, environment.account, environment.region)
    if role is None or role not in found.trust:
        return
    trust = found.trust[role]
    if trust is None:
        yield Problem(
            f"there is no role {role}",
            where=f"functions.{key}.role",
            hint="create it, or leave role out: then phase 1 creates one",
            code="role-unusable",
        )
    elif not _trusts_lambda(trust):
        yield Problem(
            f"Lambda may not assume {role}",
            where=f"functions.{key}.role",
            hint=f"allow {_LAMBDA} sts:AssumeRole in its trust policy",
            code="role-unusable",
        )


def _network_problems(key: str, network: Vpc, vpcs: Mapping[str, str]) -> Iterator[Problem]:
    ids = (*network.subnets, *network.security_groups)
    if missing := [each for each in ids if each not in vpcs]:
        yield Problem(
            f"{', '.join(missing)} {'does' if len(missing) == 1 else 'do'}n't exist in this account and region",
            where=f"functions.{key}.vpc",
            hint="name subnets and security groups that exist",
            code="network-unusable",
        )
    if len(places := dict.fromkeys(vpcs[each] for each in ids if each in vpcs)) > 1:
        where = ", ".join(f"{each} in {vpcs[each]}" for each in ids if each in vpcs)
        yield Problem(
            f"its subnets and security groups are in {len(places)} VPCs: {where}",
            where=f"functions.{key}.vpc",
            hint="name subnets and security groups of one VPC",
            code="network-unusable",
        )


def _trusts_lambda(policy: str) -> bool:
    try:
        document: Any = json_of(policy)
    except Unexpected:
        return False
    statements = document.get("Statement", []) if isinstance(document, dict) else []
    return any(map(_allows, statements if isinstance(statements, list) else [statements]))


def _allows(statement: Any) -> bool:
    if not isinstance(statement, dict) or statement.get("Effect") != "Allow":
        return False
    principal = statement.get("Principal")
    services = _listed(principal.get("Service") if isinstance(principal, dict) else principal)
    actions = _listed(statement.get("Action", "*"))  # what only NotAction names is not judged
    return bool({_LAMBDA, "*"} & services) and bool(_ASSUME & actions)


def _listed(value: Any) -> set[str]:
    return {value} if isinstance(value, str) else {each for each in value or () if isinstance(each, str)}
