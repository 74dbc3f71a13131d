"""The evidence on a step under load: what the candidate does badly shows, and legacy stays as it is."""

from __future__ import annotations

from datetime import timedelta

import pytest

from rollout.analysis.measuring.evidence import Gathered
from rollout.inventory.quantities import Percent
from rollout_sandbox import Profile
from rollout_sandbox.load import Load, endpoints_of
from tests.conftest import Team

pytestmark = [pytest.mark.engine, pytest.mark.nightly]  # tests/sandbox/data_plane/test_evidence.py has the parts

RATE, SPEED = 60, 30
ROUTES = ("stamp-score", "ceramic-score"), ("embed-score",)


def shares(found: Gathered, metric: str, routes: tuple[str, ...] | None = None) -> tuple[float, float]:
    """The share of events, of legacy and of the candidate."""
    arms = [
        arm
        for stream in found.streams
        if stream.metric == metric and routes in (None, stream.routes)
        for arm in (stream.legacy, stream.candidate)
    ]
    old, new = (
        sum(int(arm.events.sum()) for arm in side) / sum(int(arm.requests.sum()) for arm in side)
        for side in (arms[::2], arms[1::2])
    )
    return old, new


def step(team: Team, load: Load, **candidate: object) -> Gathered:
    """Some minutes of the sandbox with a candidate that behaves so, and what is known of them."""
    usual = timedelta(milliseconds=200)
    for function, how in (("*", {}), ("rust-scorer", candidate)):
        team.aws.behave(Profile(function, account=team.account, **{"latency": usual, **how}))  # type: ignore[arg-type]
    parts = team.open()._container
    start = parts.utc
    load.wait(30 * RATE)  # so many that a tenth of a route's own is never hardly any
    team.aws.clock.pass_by(seconds=300)
    return parts.evidence(team.open().inventory.routes).gather(team.open().traffic.alb_state(), start, parts.utc)


def test_a_step_under_load_shows_what_the_candidate_does(cut_over: Team) -> None:
    cut_over.open().set_weight(50, approve=True)
    cut_over.aws.clock.run_at(SPEED)
    try:
        with Load(endpoints_of(cut_over.open().inventory, cut_over.aws), RATE, sticky=Percent(0)) as load:
            load.wait(2 * RATE)
            well = step(cut_over, load)
            tenth = Percent.of(10)
            ill = step(cut_over, load, latency=timedelta(seconds=1), server_errors=tenth, crashes=tenth)
    finally:
        cut_over.aws.clock.run_at(1)
        cut_over.aws.forget_profiles()
    for metric in ("server-errors", "lambda-errors", "client-errors", "throttles"):
        assert shares(well, metric) == (0, 0)
    for routes in ROUTES:
        old, new = shares(ill, "server-errors", routes)
        assert old == 0
        assert 0.1 < new < 0.35
        assert 0.02 < shares(ill, "lambda-errors", routes)[1] < 0.25
        assert shares(ill, "latency-p50", routes)[1] == shares(ill, "latency-p99", routes)[1] == 1
    assert shares(ill, "throttles") == (0, 0)
    assert (well.unseen, ill.unseen) == ((), ())
