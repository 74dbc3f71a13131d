"""A short migration in the sandbox, with the real engine and under requests, up to the middle of a ramp's step."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest.mock import patch

from rollout.inventory.quantities import ZERO, Percent
from rollout.migration.glance import Mood
from rollout.reports.glance import glance
from rollout_sandbox import Profile, daemon
from rollout_sandbox.load import Load, endpoints_of
from tests.conftest import STAGES, Team, made_team

RATE, EACH_MINUTE = 150, 90
"""Requests in a second of the wall, and in a minute of AWS."""
QUARTER = Percent.of(25)
SETTINGS = """
[environments.production.analysis]
delay = "1m"
warm-up = "1m"
metrics = ["server-errors", "latency-p50", "latency-p99"]
metric = { server-errors = { harm = { relative = 1, absolute = 3 } } }

[environments.production.cost] # list prices of us-east-1
million-requests = 0.2
logs-gb = 0.5
gb-second = 0.0000166667
gb-second-arm = 0.0000133334
"""


@contextmanager
def migrating() -> Iterator[Team]:
    """A team whose ramp is at 25 %, is baking, and has passed so far."""
    with TemporaryDirectory(prefix="rollout-") as folder, _ada():
        aws = daemon.start(Path(folder) / "aws")
        try:
            team = made_team(aws, Path(folder) / "checkout", whole=False)
            team.set_ramp('steps = [10, 25, 50, 100], bake = ["15m", "1h", "1h", "1h"]')
            team.append(SETTINGS)
            for stage in STAGES.values():
                stage(team)
            _ramps(team)
            yield team
        finally:
            daemon.stop(aws.folder)


def _ramps(team: Team) -> None:
    """Legacy alone for a while, then a ramp, until a person would say at 25 %: fine, and what comes next."""
    for function, median in (("*", 80), ("rust-scorer*", 34)):
        usual, slowest = timedelta(milliseconds=median), timedelta(milliseconds=3 * median)
        profile = Profile(function, account=team.account, latency=usual, latency_p99=slowest, server_errors=Percent(2))
        team.aws.behave(profile)
    with Load(endpoints_of(team.open().inventory, team.aws), RATE, sticky=ZERO) as load:

        def passes(minutes: int) -> None:
            """So many minutes of AWS, each with as many requests, however busy this machine is."""
            for _ in range(minutes):
                load.wait(EACH_MINUTE)
                team.aws.clock.pass_by(seconds=60)

        passes(20)
        for _ in range(40):
            if team.open().ramp(approve=True, once=True).weight == QUARTER:
                break
            passes(4)
        passes(22)
        for _ in range(20):  # a few bad answers late in a step make the judge wait
            found = glance(team.open().reports.overview())
            if found.mood is Mood.FINE:
                break
            passes(2)
    assert (found.mood, team.open().reports.overview().top) == (Mood.FINE, QUARTER), found


@contextmanager
def _ada() -> Iterator[None]:
    """Whoever takes pictures, they name neither them nor their machine."""
    with patch.dict(os.environ, {"GITHUB_ACTOR": "ada"}), patch.object(socket, "gethostname", lambda: "laptop"):
        yield
