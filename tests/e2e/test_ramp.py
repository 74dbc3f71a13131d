"""Ramps on the real engine, under real requests, by a clock that runs fast."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from rollout.analysis.verdicts import Verdict
from rollout.errors import AnalysisFailed
from rollout.inventory.quantities import Percent
from rollout.migration import events
from rollout_sandbox import Profile
from rollout_sandbox.daemon import SandboxInfo
from rollout_sandbox.load import Load, Population, endpoints_of, tally
from tests.conftest import Prepared, Team

pytestmark = pytest.mark.engine

RATE = 100
QUARTER, HALF, WHOLE = (Percent.of(n) for n in (25, 50, 100))
COARSE = "{ harm = { relative = 1, absolute = 3 } }"


@pytest.fixture
def ramping(prepared: Prepared, fast_aws: SandboxInfo, tmp_path: Path) -> Iterator[Team]:
    """A team after phase 2, with a ramp of minutes and a judge for few requests."""
    team = prepared.team(tmp_path / "checkout", "phase2", aws=fast_aws)
    team.set_ramp('steps = [25, 50, 100], bake = "3m"')
    team.append(
        '[environments.production.analysis]\ndelay = "1m"\nwarm-up = "1m"\n'
        'metrics = ["server-errors", "latency-p50"]\n'
        f"metric = {{ server-errors = {COARSE} }}"
    )
    yield team
    team.aws.forget_profiles()


@contextmanager
def traffic(team: Team) -> Iterator[Load]:
    with Load(endpoints_of(team.open().inventory, team.aws), RATE) as load:
        load.wait(RATE // 2)
        yield load


def weights(team: Team) -> set[Percent | None]:
    return {route.live.weight if route.live else None for route in team.open().status(since=None).routes}


def slow(team: Team, function: str, median: timedelta) -> None:
    team.aws.behave(Profile(function, account=team.account, latency=median, latency_p99=1.5 * median))


def reasons_of(told: Sequence[events.Event]) -> list[events.Judged]:
    """The judgement before each rise but the first, which needs none."""
    both = [event for event in told if isinstance(event, events.Judged | events.RampRaised)]
    pairs = [(why, then) for why, then in pairwise(both) if isinstance(then, events.RampRaised)]
    return [why for why, _ in pairs if isinstance(why, events.Judged)]


def test_a_good_candidate_goes_to_100_by_single_looks_and_stays_there(ramping: Team) -> None:
    slow(ramping, "*", timedelta(seconds=2))
    with traffic(ramping) as load:
        for _ in range(300):
            if (result := ramping.open().ramp(approve=True, once=True)).state == "finished":
                break
            load.wait(RATE)
        told = load.answers
    assert result.state == "finished", result
    assert weights(ramping) == {WHOLE}
    raised = [event for event in ramping.events if isinstance(event, events.RampRaised)]
    assert [event.weight for event in raised] == [QUARTER, HALF, WHOLE]
    assert [why.judgement.verdict for why in reasons_of(ramping.events)] == [Verdict.PASS] * 2
    assert tally(told).lost == 0
    assert ramping.open().inventory.weight == WHOLE  # saved
    again = len(ramping.calls())
    assert ramping.open().ramp(approve=True, once=True).state == "finished"
    assert len(ramping.calls()) == again


def test_a_candidate_that_fails_goes_back_with_exit_code_6_until_somebody_says_so(ramping: Team) -> None:
    ramping.aws.behave(Profile("rust-scorer*", account=ramping.account, server_errors=Percent.of(30)))
    with traffic(ramping) as load:
        done = ramping.run("ramp", "production", "--yes", "--json")
        bad = tally(load.answers).lost
    told = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 6, done.stdout + done.stderr
    (failed,) = [event for event in told if event["event"] == "ramp-failed"]
    assert failed["outcome"] == "rolled back"
    assert "5xx" in failed["sentence"]
    assert 0 < bad < 60 * RATE
    assert weights(ramping) == {Percent(0)}
    calls = len(ramping.calls())
    again = ramping.run("ramp", "production", "--once", "--yes")
    assert again.returncode == 6
    assert "[ramp-failed]" in again.stderr
    assert len(ramping.calls()) == calls


def test_a_candidate_that_is_slower_goes_back(ramping: Team) -> None:
    slow(ramping, "*", timedelta(seconds=2))
    slow(ramping, "rust-scorer*", timedelta(seconds=4))
    with traffic(ramping), pytest.raises(AnalysisFailed, match="p50"):
        ramping.open().ramp(approve=True)
    assert weights(ramping) == {Percent(0)}


@pytest.mark.parametrize("event", [pytest.param("step-started", marks=pytest.mark.nightly), "ramp-raised"])
def test_killed_at_an_event_the_next_look_goes_on(ramping: Team, event: str) -> None:
    process = subprocess.Popen(
        ramping.command("ramp", "production", "--once", "--yes", "--json"),
        cwd=ramping.folder,
        env={**os.environ, "ROLLOUT_SANDBOX": str(ramping.aws.folder)},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    for line in process.stdout:
        if json.loads(line)["event"] == event:
            process.send_signal(signal.SIGKILL)
            break
    process.wait()
    assert process.returncode == -signal.SIGKILL
    process.stdout.close()
    for _ in range(2):
        result = ramping.open().ramp(approve=True, once=True)
    assert result.state == "waiting"
    assert result.weight == QUARTER
    assert weights(ramping) == {QUARTER}


def test_of_two_looks_at_once_one_raises(ramping: Team) -> None:
    with ThreadPoolExecutor(2) as pool:
        looks = [pool.submit(ramping.run, "ramp", "production", "--once", "--yes") for _ in range(2)]
        codes = {look.result().returncode for look in looks}
    assert codes <= {0, 5}, [look.result().stderr for look in looks]
    if 0 not in codes:  # by a clock that runs fast neither waits for the other's lock for long
        ramping.open().ramp(approve=True, once=True)
    assert weights(ramping) == {QUARTER}
    assert ramping.open().ramp(approve=True, once=True).state == "waiting"


@pytest.mark.nightly
def test_by_clients_few_heavy_ones_of_whom_each_fails_in_its_own_way_stop_no_good_candidate(ramping: Team) -> None:
    ramping.edit('metrics = ["server-errors", "latency-p50"]', 'metrics = ["server-errors"]\nunit = "clients"')
    ramping.edit("absolute = 3", "absolute = 10")
    ramping.aws.behave(Profile("*", account=ramping.account, server_errors=Percent.of(1), errors_by_client=2))
    crowd = Population(5000, heavy=Percent(1), retries=2)
    with Load(endpoints_of(ramping.open().inventory, ramping.aws), RATE, population=crowd, sticky=WHOLE) as load:
        for _ in range(60):
            load.wait(RATE)
            if ramping.open().ramp(approve=True, once=True).weight > QUARTER:
                break
    assert weights(ramping) == {HALF}
    (why,) = reasons_of(ramping.events)
    assert {finding.unit for finding in why.judgement.findings} == {"clients"}
