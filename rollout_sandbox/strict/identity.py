"""IAM with AWS's managed policies: those for Lambda, and each other one once a role attaches it.

moto has all of them, or none, in each account: 1,400 documents that would fill the memory of a sandbox with many
accounts.
"""

from __future__ import annotations

import json
from functools import cache
from types import ModuleType
from typing import Any

from moto.iam import urls
from moto.iam.aws_managed_policies import aws_managed_policies_data
from moto.iam.models import AWSManagedPolicy, IAMBackend, ManagedPolicy


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

    def attach_role_policy(self, policy_arn: str, role_name: str) -> None:
        """AttachRolePolicy."""
        name = policy_arn.rpartition("/")[2]
        if ":iam::aws:policy/" in policy_arn and policy_arn not in self.managed_policies and name in _all():
            policy = AWSManagedPolicy.from_data(name, self.account_id, self.region_name, _all()[name])
            self.managed_policies[policy.arn] = policy
        super().attach_role_policy(policy_arn, role_name)
