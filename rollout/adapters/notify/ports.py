"""The ports that publish notices, and how they say that one failed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Protocol

from rollout.inventory.model import Arn


class NotTold(Exception):
    """A notification failed; the text says why, and has no secret."""


class Unreached(NotTold):
    """The same, but another try may succeed."""


class Lacking(NotTold):
    """The same, and so will every further one: a variable or a package is missing."""


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


class Buses(Protocol):
    """EventBridge, with one environment's credentials."""

    def put(self, bus: Arn, detail: Mapping[str, Any], at: datetime) -> None:
        """Put a notice on an event bus, once.

        Args:
            bus: The event bus, in any region.
            detail: The event's data.
            at: When it happened.

        Raises:
            Unreached: AWS took the call, but not the event, and may take it a moment later.
            NotTold: AWS didn't take the event.
            AwsError: AWS refused the call, or can't be reached.
        """
