"""What the guard's and the controller's function have beside them: a table with their record, and a log."""

from __future__ import annotations

from collections.abc import Mapping

from pulumi import ResourceOptions
from pulumi_aws import cloudwatch, dynamodb

from rollout.guard.table import HASH, RANGE

LOG_RETENTION_DAYS = 90


def record_table(name: str, table: str, tags: Mapping[str, str] | None, opts: ResourceOptions) -> dynamodb.Table:
    """A table that costs nothing at rest.

    Args:
        name: The logical name, which never changes.
        table: Its name on AWS.
    """
    return dynamodb.Table(
        name,
        name=table,
        billing_mode="PAY_PER_REQUEST",
        hash_key=HASH,
        range_key=RANGE,
        attributes=[{"name": HASH, "type": "S"}, {"name": RANGE, "type": "S"}],
        deletion_protection_enabled=False,
        tags=tags,
        opts=opts,
    )


def function_log(
    name: str, function: str, tags: Mapping[str, str] | None, opts: ResourceOptions
) -> cloudwatch.LogGroup:
    """A function's log group.

    Args:
        name: The logical name, which never changes.
        function: The function's name on AWS.
    """
    return cloudwatch.LogGroup(
        name, name=f"/aws/lambda/{function}", retention_in_days=LOG_RETENTION_DAYS, tags=tags, opts=opts
    )
