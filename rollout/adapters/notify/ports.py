"""What notices are published to."""

from __future__ import annotations

from typing import Protocol

from rollout.inventory.model import Arn


class Topics(Protocol):
    """SNS, with one environment's credentials."""

    def publish(self, topic: Arn, subject: str, text: str, data: str) -> None:
        """Send a message to all who subscribed to a topic.

        Args:
            topic: The topic, of any region.
            subject: An e-mail's subject; 99 characters of it are kept.
            text: What people get, by e-mail and SMS.
            data: What programs get.

        Raises:
            AwsError: AWS refused, or can't be reached.
        """
        ...
