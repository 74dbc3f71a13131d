"""Who may assume a role: a service, by the role's trust policy, and a principal, by that and by its own policies.

https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html
https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from moto.iam.models import Role, iam_backends
from moto.utilities.utils import get_partition as partition_of

from rollout.errors import SandboxError
from rollout_sandbox.policies import Asked, Policy, values
from rollout_sandbox.role_policies import RolePolicies, role_of
from rollout_sandbox.sessions import Session

ASSUME = "sts:AssumeRole"


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks for a role.

    Attributes:
        account: Twelve digits.
        arn: As refusals name it.
        names: What a trust policy may call it.
        principal: The `aws:PrincipalArn`, for a session its role's.
        policies: Its own; None if it may do anything.
    """

    account: str
    arn: str
    names: tuple[str, ...]
    principal: str
    policies: Policy | RolePolicies | None

    @classmethod
    def of_session(cls, session: Session) -> Caller:
        """A role's session; of a role that is gone only its own name is left."""
        role = role_of(session)
        names = (session.arn, role.arn, role.id) if role else (session.arn,)
        principal = role.arn if role else session.arn
        return cls(session.account, session.arn, names, principal, RolePolicies.of(session))

    @classmethod
    def of_account(cls, account: str, region: str, policy: Policy | None) -> Caller:
        """The user that an account's own key stands for."""
        arn = f"arn:{partition_of(region)}:iam::{account}:user/{account}"
        return cls(account, arn, (arn,), arn, policy)


def trusts(role: str, service: str, account: str, source: str) -> bool:
    """Whether a role lets a service in, on behalf of an account and a resource.

    Args:
        role: Its ARN; one that isn't there trusts nobody.
        service: Such as `states.amazonaws.com`.
        source: The resource's ARN.
    """
    found = _role(role)
    context = {"aws:sourceaccount": (account,), "aws:sourcearn": (source,)}
    asked = Asked(ASSUME, "*", context)
    return found is not None and Policy.of_role({"Statement": _for(found, "Service", [service])}).refusal(asked) is None


def refusal(caller: Caller, role: str, session: str, external_id: str | None = None) -> str | None:
    """Why a caller may not assume a role, in AWS's words; None if it may.

    The trust policy has to allow it. So do the caller's own policies, unless the trust policy names the caller itself,
    not its account, and both are of one account:
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic-cross-account.html

    Args:
        role: Its ARN; of one that isn't there AWS says the same as of one that trusts others.
        session: The name of the session.
        external_id: What the caller knows of the role's owner.
    """
    found = _role(role)
    refused = f"User: {caller.arn} is not authorized to perform: {ASSUME} on resource: {role}"
    if found is None:
        return refused
    context = {
        "aws:principalaccount": (caller.account,),
        "aws:principalarn": (caller.principal,),
        "sts:rolesessionname": (session,),
        **({"sts:externalid": (external_id,)} if external_id is not None else {}),
    }
    root = f"arn:{role.split(':')[1]}:iam::{caller.account}:root"
    try:
        itself, anyone = (
            Policy.of_role({"Statement": _for(found, "AWS", names)})
            for names in ([*caller.names, "*"], [*caller.names, "*", caller.account, root])
        )
    except SandboxError as error:
        return f"{refused} because the sandbox can't evaluate the role's trust policy: {error}"
    here, own = Asked(ASSUME, "*", context), Asked(ASSUME, role, context)
    if anyone.refusal(here) is not None:
        return refused
    if caller.policies is None or caller.policies.refusal(own) is None:
        return None
    is_named = itself.refusal(here) is None and caller.account == role.split(":")[4]
    return None if is_named and not caller.policies.denies(own) else refused


def _role(arn: str) -> Role | None:
    _, partition, _, _, owner, _ = arn.split(":", 5)
    roles: Any = iam_backends[owner][partition].roles.values()
    return next((each for each in roles if each.arn == arn), None)


def _for(role: Role, kind: str, names: Collection[str]) -> list[dict[str, Any]]:
    """The statements of a role's trust policy that are about one of these principals."""
    said = json.loads(unquote(role.assume_role_policy_document))["Statement"]
    return [
        {**{key: each[key] for key in ("Effect", "Action", "Condition") if key in each}, "Resource": "*"}
        for each in ([said] if isinstance(said, dict) else said)
        if set(_principals(each.get("Principal", {}), kind)) & set(names)
    ]


def _principals(said: str | Mapping[str, Any], kind: str) -> Iterator[str]:
    yield from values(said) if isinstance(said, str) else values(said.get(kind, ()))
