"""What the library works on: an account, and an AWS on this machine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Literal, Protocol

from rollout.alb.discovered import Found

Provider = Literal["stand-in", "real"]
"""Which provider plugin talks to a sandbox."""


class AccountDiscovery(Protocol):
    """An account's load balancers in a region, before there is an inventory."""

    def find(self) -> Found:
        """All Application Load Balancers with their listeners, rules and target groups.

        Raises:
            AwsError: AWS refused, or can't be reached.
        """
        ...


class Sandbox(Protocol):
    """An AWS on this machine, whether in this process or in another."""

    @property
    def endpoint(self) -> str:
        """The address of its API."""
        ...

    @property
    def token(self) -> str:
        """What shows that one may ask it."""
        ...

    @property
    def folder(self) -> Path | None:
        """Where it keeps its state; Pulumi's is kept there, too."""
        ...

    @property
    def clock(self) -> WallClock:
        """Its time."""
        ...

    def environ(
        self, account: str, region: str, provider: Provider = "stand-in", roots: Sequence[Path] = ()
    ) -> Mapping[str, str]:
        """The environment variables that send AWS's SDKs and the engine to it, which may read these files then."""
        ...


class WallClock(Protocol):
    """The time of day, which in a sandbox may run faster."""

    def now(self) -> datetime:
        """The time in UTC."""
        ...
