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


def trust(principal: Mapping[str, Any], account: str | None = None) -> str:
    """A role's trust policy.

    Args:
        principal: Who may assume it.
        account: On behalf of whom a service may.
            https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html
    """
    said = {"Effect": "Allow", "Principal": dict(principal), "Action": "sts:AssumeRole"}
    return document([{**said, "Condition": {"StringEquals": {"aws:SourceAccount": account}}} if account else said])
