"""The port that publishes notices."""

from __future__ import annotations

from typing import Protocol

from rollout.inventory.model import Arn


class Topics(Protocol):
    """SNS, with one environment's credentials."""

    def publish(self, topic: Arn, subject: str, text: str, data: str) -> None:
        """Publish a message to a topic.

        Args:
            topic: The topic, in any region.
            subject: An e-mail's subject, cut to 99 characters.
            text: The text for e-mail and SMS.
            data: The data for programs.

        Raises:
            AwsError: AWS refused, or can't be reached.
        """
