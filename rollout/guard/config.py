"""What an installed guard knows of its environment: `guard.json` in its archive."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from rollout.guard.plain import dumps, loads

HOLD, ROLLBACK = "hold", "rollback"
FILE = "guard.json"


@dataclass(frozen=True, slots=True)
class Silence:
    """The alarm on missing heartbeats.

    Attributes:
        act: `hold` tells people, `rollback` takes traffic back.
    """

    alarm: str
    act: str = HOLD


@dataclass(frozen=True, slots=True)
class GuardedRoute:
    """A route as it was when the guard was installed.

    Attributes:
        rule: The ARN of its rule.
        conditions: The rule's, as DescribeRules gives them, without the values of headers.
        legacy: The ARN of legacy's target group.
        candidate: The ARN of the candidate's.
    """

    rule: str
    conditions: tuple[Any, ...]
    legacy: str
    candidate: str


@dataclass(frozen=True, slots=True)
class GuardConfig:
    """Which alarms take which routes back.

    Attributes:
        title: How the names of the environment's resources begin.
        table: The name of the DynamoDB table.
        topics: The ARNs of SNS topics that are told.
        alarms: The routes that each alarm takes back, by its name.
    """

    environment: str
    title: str
    table: str
    silence: Silence
    topics: tuple[str, ...] = ()
    alarms: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    routes: Mapping[str, GuardedRoute] = field(default_factory=dict)

    def routes_of(self, alarm: str) -> tuple[str, ...]:
        """The routes that an alarm takes back; none if it isn't one of ours."""
        if alarm == self.silence.alarm:
            return tuple(self.routes)
        return tuple(name for name in self.alarms.get(alarm, ()) if name in self.routes)


def write_config(config: GuardConfig) -> str:
    """`guard.json`."""
    return dumps(config)


def read_config(text: str) -> GuardConfig:
    """Of `guard.json`.

    Raises:
        Garbled: It is something else.
    """
    return loads(GuardConfig, text)


def digest(config: GuardConfig) -> str:
    """What tells an installed configuration from another."""
    return sha256(write_config(config).encode()).hexdigest()[:16]
