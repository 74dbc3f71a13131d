"""A candidate that breaks while nobody runs rollout: the guard in the account takes traffic back, by an alarm."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from rollout.inventory.quantities import ZERO
from rollout_sandbox.data_plane.profiles import Profile
from rollout_sandbox.ramp_story import BROKEN

if TYPE_CHECKING:
    from rollout.api.environment import EnvironmentRollout
    from rollout_sandbox.load import Load
    from rollout_sandbox.server import Sandbox

SPEED = 30.0
"""Slower than a ramp's: the alarms need fifty requests a minute on each side."""
LONGEST, PAUSE = 60.0, 0.3


@dataclass(frozen=True)
class TakenBack:
    """What users had of it.

    Attributes:
        bad: How many requests were answered badly.
        lasting: How long it was until all traffic was back, by AWS's clock; None if it never was.
    """

    bad: int
    lasting: timedelta | None


def break_unwatched(target: EnvironmentRollout, load: Load, aws: Sandbox, function: str) -> TakenBack:
    """Break the candidate, and do nothing but look.

    Args:
        function: A pattern of the candidate's functions.
    """
    answered, since, end = len(load.answers), aws.clock.now(), time.monotonic() + LONGEST
    aws.behave(Profile(function, server_errors=BROKEN))
    lasting = None
    while lasting is None and time.monotonic() < end:
        time.sleep(PAUSE)
        if all(split.weight == ZERO for split in target.traffic.alb_state().splits(target.inventory).values()):
            lasting = aws.clock.now() - since
    return TakenBack(sum(answer.status >= 500 for answer in load.answers[answered:]), lasting)  # noqa: PLR2004
