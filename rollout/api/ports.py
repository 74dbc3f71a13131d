"""The library's ports: an account, and a sandbox."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from rollout.alb.discovered import Found

Provider = Literal["stand-in", "real"]
"""The provider plugin for a sandbox."""


class AccountDiscovery(Protocol):
    """An account's load balancers in a region, before there is an inventory."""

    def find(self) -> Found:
        """All Application Load Balancers with their listeners, rules and target groups.

        Raises:
            AwsError: AWS refused, or can't be reached.
        """


class Sandbox(Protocol):
    """A local AWS, in this process or in another."""

    @property
    def endpoint(self) -> str:
        """The address of its API."""

    @property
    def token(self) -> str:
        """The token for access to it."""

    @property
    def folder(self) -> Path | None:
        """The folder of its state, and of Pulumi's."""

    @property
    def clock(self) -> WallClock:
        """Its time."""

    def environ(
        self, account: str, region: str, provider: Provider = "stand-in", roots: Sequence[Path] = ()
    ) -> Mapping[str, str]:
        """The environment variables that connect AWS's SDKs and the engine to it; it may then read these files."""


class WallClock(Protocol):
    """The time of day, which in a sandbox may run faster."""

    def now(self) -> datetime:
        """The time in UTC."""
