"""What parity needs of AWS."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from rollout.alb.invocation import Invocation


@dataclass(frozen=True, slots=True)
class FunctionCode:
    """What a function runs.

    Attributes:
        digest: Of its code, as Lambda tells it.
        timeout: How long one invocation may take.
        memory: In MB.
        concurrency: How many invocations at once it may have: what is reserved for it, or what the account has left.
    """

    digest: str
    timeout: timedelta
    memory: int
    concurrency: int = 1000


class AskedFunctions(Protocol):
    """Lambda, for one environment."""

    def invoke(self, function: str, event: Mapping[str, object], limit: timedelta) -> Invocation:
        """Invoke a function and wait for what it says; throttled calls are tried again, no others.

        Args:
            function: Its name or ARN.
            event: What it is given.
            limit: How long to wait for it, above 0.

        Raises:
            AwsError: AWS refused, can't be reached, or there was no answer in time.
        """

    def digest(self, function: str) -> str:
        """What a function's code is known by; where an alias divides its requests, of both versions.

        Args:
            function: Its ARN, or an alias's.

        Raises:
            AwsError: AWS refused, or can't be reached.
        """

    def code(self, function: str) -> FunctionCode:
        """What a function runs.

        Args:
            function: Its ARN, or an alias's.

        Raises:
            AwsError: AWS refused, or can't be reached.
        """
