"""What invokes a function at a pace: a schedule, and the role with which the scheduler does it, and nothing else.

https://docs.aws.amazon.com/scheduler/latest/UserGuide/setting-up.html
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from pulumi import Resource, ResourceOptions
from pulumi_aws import iam, lambda_, scheduler

from rollout.inventory.marks import as_description
from rollout.programs.documents import allow, document, trust


@dataclass(frozen=True, slots=True)
class Pace:
    """When a function is invoked, and how.

    Attributes:
        name: The schedule's.
        role: The name of the scheduler's role.
        account: Whose schedules may take that role.
        every: From one invocation to the next, in whole minutes.
        event: What the function is given.
        max_age: How long an invocation may be late; it is tried once.
        tags: Of what can have some.
    """

    name: str
    role: str
    account: str
    every: timedelta
    event: Mapping[str, str]
    max_age: timedelta
    tags: Mapping[str, str]


def schedule(name: str, function: lambda_.Function, pace: Pace, parent: Resource) -> None:
    """Invoke a function at a pace.

    Args:
        name: The logical name, which never changes.
    """
    own, minutes = ResourceOptions(parent=parent), int(pace.every / timedelta(minutes=1))
    role = iam.Role(
        f"{name}-schedule",
        name=pace.role,
        assume_role_policy=trust({"Service": "scheduler.amazonaws.com"}, pace.account),
        tags=pace.tags or None,
        opts=own,
    )
    policy = function.arn.apply(lambda arn: document([allow(["lambda:InvokeFunction"], arn)]))
    rights = iam.RolePolicy(f"{name}-schedule", name="rollout", role=role.name, policy=policy, opts=own)
    scheduler.Schedule(
        name,
        name=pace.name,
        description=as_description(pace.tags),  # a schedule has no tags
        schedule_expression=f"rate({minutes} minute{'s' * (minutes > 1)})",
        flexible_time_window={"mode": "OFF"},
        target={
            "arn": function.arn,
            "role_arn": role.arn,
            "input": json.dumps(dict(pace.event)),
            "retry_policy": {
                "maximum_retry_attempts": 0,
                "maximum_event_age_in_seconds": int(pace.max_age.total_seconds()),
            },
        },
        opts=ResourceOptions(parent=parent, depends_on=[rights]),
    )
