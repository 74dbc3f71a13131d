"""IAM with AWS's managed policies, and trust policies whose principals exist.

moto has all managed policies, or none, in each account: 1,400 documents that would fill the memory of a sandbox with
many accounts. So here are those for Lambda, and each other one once a role attaches it.

IAM keeps the unique id of a role that a trust policy names. So it has to exist, and once it is deleted the policy has
its id: a new role of that name is another principal.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
"""

from __future__ import annotations

import json
from functools import cache
from types import ModuleType
from typing import Any
from urllib.parse import unquote

from moto.iam import urls
from moto.iam.aws_managed_policies import aws_managed_policies_data
from moto.iam.exceptions import LimitExceededException, MalformedPolicyDocument
from moto.iam.models import AWSManagedPolicy, IAMBackend, ManagedPolicy, Role, iam_backends

from rollout_sandbox.policies import values

MAX_ATTACHED, MAX_INLINE = 10, 10_240
"""Of a role: managed policies, and the characters of its own ones together.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
"""


@cache
def _of_lambda() -> dict[str, Any]:
    return {name: data for name, data in _all().items() if "Lambda" in name}


@cache
def _all() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(aws_managed_policies_data)
    return found


class LambdaIdentity(IAMBackend):
    """An account's IAM."""

    @property
    def _url_module(self) -> ModuleType:
        return urls

    def _init_aws_policies(self) -> list[ManagedPolicy]:
        return [
            AWSManagedPolicy.from_data(name, self.account_id, self.region_name, data)
            for name, data in _of_lambda().items()
        ]

    def create_role(self, role_name: str, assume_role_policy_document: str, *given: Any, **more: Any) -> Role:
        """CreateRole."""
        _check_principals(assume_role_policy_document)
        return super().create_role(role_name, assume_role_policy_document, *given, **more)

    def update_assume_role_policy(self, role_name: str, policy_document: str) -> None:
        """UpdateAssumeRolePolicy."""
        _check_principals(policy_document)
        super().update_assume_role_policy(role_name, policy_document)

    def delete_role(self, role_name: str) -> None:
        """DeleteRole: what trusts it has its id from then on."""
        gone = self.get_role(role_name)
        super().delete_role(role_name)
        every: list[Any] = [backend for _, _, backend in iam_backends.iter_backends()]
        for role in (role for backend in every for role in backend.roles.values()):
            document = unquote(role.assume_role_policy_document)
            if gone.arn in _trusted_roles(document):
                role.assume_role_policy_document = document.replace(json.dumps(gone.arn), json.dumps(gone.id))

    def attach_role_policy(self, policy_arn: str, role_name: str) -> None:
        """AttachRolePolicy."""
        name = policy_arn.rpartition("/")[2]
        if ":iam::aws:policy/" in policy_arn and policy_arn not in self.managed_policies and name in _all():
            policy = AWSManagedPolicy.from_data(name, self.account_id, self.region_name, _all()[name])
            self.managed_policies[policy.arn] = policy
        attached = self.get_role(role_name).managed_policies
        if len(attached) >= MAX_ATTACHED and policy_arn not in attached:
            raise LimitExceededException(f"Cannot exceed quota for PoliciesPerRole: {MAX_ATTACHED}")
        super().attach_role_policy(policy_arn, role_name)

    def put_role_policy(self, role_name: str, policy_name: str, policy_json: str) -> None:
        """PutRolePolicy; white space doesn't count."""
        whole = {**self.get_role(role_name).policies, policy_name: policy_json}
        if sum(len("".join(each.split())) for each in whole.values()) > MAX_INLINE:
            raise LimitExceededException(f"Maximum policy size of {MAX_INLINE} bytes exceeded for role {role_name}")
        super().put_role_policy(role_name, policy_name, policy_json)


def _check_principals(document: str) -> None:
    for arn in _trusted_roles(document):
        _, partition, _, _, account, _ = arn.split(":", 5)
        roles: Any = iam_backends[account][partition].roles.values()
        if all(role.arn != arn for role in roles):
            raise MalformedPolicyDocument(f'Invalid principal in policy: "AWS":"{arn}"')


def _trusted_roles(document: str) -> list[str]:
    """The roles that a trust policy names, if it can be read."""
    try:
        statements = json.loads(unquote(document))["Statement"]
        said = [each.get("Principal", {}) for each in ([statements] if isinstance(statements, dict) else statements)]
    except (ValueError, LookupError, TypeError, AttributeError):
        return []
    named = [name for each in said if isinstance(each, dict) for name in values(each.get("AWS", ()))]
    return [name for name in named if ":role/" in name]
