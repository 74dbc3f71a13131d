"""What `init` asks of AWS."""

from __future__ import annotations

from typing import Protocol

from rollout.alb.discovered import Found


class Account(Protocol):
    """An account's load balancers in a region, before there is an inventory."""

    def find(self) -> Found:
        """All Application Load Balancers with their listeners, rules and target groups.

        Raises:
            AwsError: AWS refused, or can't be reached.
        """
        ...
