"""Whether a service may assume a role, by the role's trust policy.

https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html
"""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import unquote

from moto.iam.models import iam_backends

from rollout_sandbox.policies import Asked, Policy, values


def trusts(role: str, service: str, account: str, source: str) -> bool:
    """Whether a role lets a service in, on behalf of an account and a resource.

    Args:
        role: Its ARN; one that isn't there trusts nobody.
        service: Such as `states.amazonaws.com`.
        source: The resource's ARN.
    """
    _, partition, _, _, owner, _ = role.split(":", 5)
    roles: Any = iam_backends[owner][partition].roles.values()
    found = next((each for each in roles if each.arn == role), None)
    if found is None:
        return False
    said = json.loads(unquote(found.assume_role_policy_document))["Statement"]
    trusting = [
        {**{key: each[key] for key in ("Effect", "Action", "Condition") if key in each}, "Resource": "*"}
        for each in ([said] if isinstance(said, dict) else said)
        if service in values(each.get("Principal", {}).get("Service", ()))
    ]
    context = {"aws:sourceaccount": (account,), "aws:sourcearn": (source,)}
    return Policy.of_role({"Statement": trusting}).refusal(Asked("sts:AssumeRole", "*", context)) is None
