"""Two ramps in the sandbox, under traffic and with a clock that runs fast: one that fails, and one that doesn't."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from rollout.inventory.model import Environment
from rollout.inventory.quantities import Percent
from rollout.inventory.ramp_settings import Analysis, Ramp
from rollout.migration.events import Event, Listener, RampRaised, RouteRolledBack
from rollout_sandbox.data_plane.profiles import Profile

if TYPE_CHECKING:
    from rollout_sandbox.load import Load
    from rollout_sandbox.server import Sandbox

SPEED = 60.0
"""Seconds of AWS a second of the wall: a minute of CloudWatch's goes by in one."""
RATE = 200
"""Requests a second of the wall, over all routes and load balancers."""
BROKEN = Percent(100)
"""The share of the candidate's answers that are errors once it breaks."""


def shortened(environment: Environment) -> Environment:
    """An inventory whose ramp can be watched: minutes instead of hours, and a coarser judge, since requests are few."""
    ramp = Ramp.model_validate({"steps": [10, 25, 50, 100], "bake": "5m"})
    coarse = {"harm": {"relative": 1, "absolute": 2}}
    metrics = ["server-errors", "lambda-errors"]
    analysis = Analysis.model_validate({"metrics": metrics, "delay": "1m", "metric": dict.fromkeys(metrics, coarse)})
    return environment.model_copy(update={"ramp": ramp, "analysis": analysis})


@dataclass
class Breakage:
    """A candidate that breaks once a ramp comes to a weight, and what users have of it; a listener of events.

    Attributes:
        aws: The sandbox.
        load: Who asks.
        function: A pattern of the candidate's functions.
        at: The weight.
        then: The next listener.
        bad: How many requests were answered badly.
        lasting: How long it was until the last route was back on legacy, by AWS's clock.
    """

    aws: Sandbox
    load: Load
    function: str
    at: Percent
    then: Listener
    bad: int = 0
    lasting: timedelta | None = None
    _since: tuple[datetime, int] | None = None

    def __call__(self, event: Event) -> None:
        """Break, or count."""
        if isinstance(event, RampRaised) and event.weight == self.at and self._since is None:
            self._since = self.aws.clock.now(), len(self.load.answers)
            self.aws.behave(Profile(self.function, server_errors=BROKEN))
        elif isinstance(event, RouteRolledBack) and self._since is not None:
            self.lasting = self.aws.clock.now() - self._since[0]
            self.bad = sum(answer.status >= 500 for answer in self.load.answers[self._since[1] :])  # noqa: PLR2004
        self.then(event)


@contextmanager
def crowd(environment: Environment, aws: Sandbox, speed: float = SPEED) -> Iterator[Load]:
    """Clients of all routes, and a clock that runs fast, as long as the block lasts."""
    from rollout_sandbox.load import Load, endpoints_of  # noqa: PLC0415 - aiohttp takes a while to import

    with Load(endpoints_of(environment, aws), RATE) as load:
        aws.clock.run_at(speed)
        try:
            yield load
        finally:
            aws.clock.run_at(1)
            aws.forget_profiles()
