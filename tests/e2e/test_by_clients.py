"""Ramps judged by clients, under the worst traffic for a judge: few of them make half of the requests.

Heavy clients have cookies, their own rates of errors and their own latency, so that a judge of requests would take
them for a fault. On the real engine, under real requests, with access logs in the sandbox's S3.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from rollout.analysis.verdicts import Verdict
from rollout.errors import AnalysisFailed
from rollout.inventory.quantities import Percent
from rollout.migration import events
from rollout_sandbox import LogFault, Profile
from rollout_sandbox.daemon import SandboxInfo
from rollout_sandbox.load import Load, Population, endpoints_of
from tests.conftest import Prepared, Team

pytestmark = pytest.mark.engine

RATE = 250
ALL = Percent.of(100)
COARSE = "{ harm = { relative = 1, absolute = 8 } }"  # for a few hundred clients


@pytest.fixture
def ramping(prepared: Prepared, fast_aws: SandboxInfo, tmp_path: Path) -> Iterator[Team]:
    """A team after phase 2, with a ramp of minutes and a judge for few clients."""
    team = prepared.team(tmp_path / "checkout", "phase2", aws=fast_aws)
    team.set_ramp('steps = [25, 100], bake = "5m"')
    team.append(
        '[environments.production.analysis]\nunit = "clients"\ndelay = "1m"\nwarm-up = "1m"\n'
        'metrics = ["client-errors", "lambda-errors", "latency-p50"]\n'
        "false-alarms = 0.05\nmissed = 0.2\n"
        f"metric = {{ client-errors = {COARSE}, lambda-errors = {COARSE} }}"
    )
    behave(team, "*", crashes=Percent.of(0.5))
    yield team
    team.aws.forget_profiles()
    team.aws.faults.clear()


def behave(team: Team, function: str, *, crashes: Percent) -> None:
    profile = Profile(
        function,
        account=team.account,
        crashes=crashes,
        client_errors=Percent.of(2),
        errors_by_client=2.0,
        latency=timedelta(seconds=2),
        latency_by_client=0.3,
    )
    team.aws.behave(profile)


@contextmanager
def traffic(team: Team) -> Iterator[Load]:
    endpoints = [each for each in endpoints_of(team.open().inventory, team.aws) if each.candidate]
    with Load(endpoints, RATE, sticky=ALL, population=Population(100_000)) as load:
        load.wait(RATE // 2)
        yield load


def weights(team: Team) -> set[Percent | None]:
    return {route.live.weight if route.live else None for route in team.open().status(since=None).routes}


def judged(team: Team) -> list[events.Judged]:
    return [event for event in team.events if isinstance(event, events.Judged)]


def test_a_good_candidate_goes_to_100(ramping: Team) -> None:
    with traffic(ramping):
        result = ramping.open().ramp(approve=True)
    assert result.state == "finished"
    assert weights(ramping) == {ALL}
    passed = next(each.judgement for each in judged(ramping) if each.judgement.verdict is Verdict.PASS)
    assert {finding.unit for finding in passed.findings} == {"clients"}


def test_a_bad_one_is_taken_back(ramping: Team) -> None:
    behave(ramping, "rust-scorer*", crashes=Percent.of(9))  # too few for what CloudWatch's counts are asked about
    with traffic(ramping), pytest.raises(AnalysisFailed, match="clients"):
        ramping.open().ramp(approve=True)
    assert weights(ramping) == {Percent(0)}


def test_no_verdict_where_lines_and_counts_do_not_agree(ramping: Team) -> None:
    ramping.aws.faults.add(LogFault("lost", times=1000))
    with traffic(ramping) as load:
        ramping.open().ramp(approve=True, once=True)
        load.wait(14 * RATE)  # in which a candidate as good as this passes if its logs come
        result = ramping.open().ramp(approve=True, once=True)
    assert result.state == "waiting"
    assert weights(ramping) == {Percent.of(25)}
    assert not {each.judgement.verdict for each in judged(ramping)} & {Verdict.PASS, Verdict.FAIL}
