"""Policy documents, as IAM takes them. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any


def allow(actions: Sequence[str], *resources: str) -> dict[str, Any]:
    """A statement of a policy."""
    return {"Effect": "Allow", "Action": list(actions), "Resource": list(resources)}


def document(statements: Sequence[Mapping[str, Any]]) -> str:
    """A policy."""
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def trust_roles(roles: Sequence[str]) -> str:
    """The trust policy of a role that other roles may assume, by policies of their own.

    A principal that is a role's ARN becomes its unique id, so it has to exist, and one that is made again isn't
    trusted any more. This condition goes by the name:
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html

    Args:
        roles: Their ARNs.
    """
    accounts = dict.fromkeys(f"{':'.join(role.split(':')[:5])}:root" for role in roles)
    named = {"ArnEquals": {"aws:PrincipalArn": list(roles)}}
    principal = {"AWS": list(accounts)}
    return document([{"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole", "Condition": named}])


def trust(principal: Mapping[str, Any], account: str | None = None) -> str:
    """A role's trust policy.

    Args:
        principal: Who may assume it.
        account: On behalf of whom a service may.
            https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html
    """
    said = {"Effect": "Allow", "Principal": dict(principal), "Action": "sts:AssumeRole"}
    return document([{**said, "Condition": {"StringEquals": {"aws:SourceAccount": account}}} if account else said])
