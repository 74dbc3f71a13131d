"""The controller's record in DynamoDB, over botocore."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from rollout.adapters.aws.session import Access
from rollout.adapters.aws.shared_item import DynamoItem
from rollout.adapters.shared_state import CONTROLLER, SharedState
from rollout.ramp.controlled import Controlled, table_name


class AwsController(SharedState[Controlled]):
    """The `Controller` port over botocore.

    Args:
        title: How the names of the environment's resources begin.
        time: The time of a sandbox, which isn't that of its answers; None on AWS.
    """

    def __init__(self, access: Access, title: str, time: Callable[[], datetime] | None = None) -> None:
        super().__init__(CONTROLLER, DynamoItem(access, table_name(title), time))
