"""The measured split in status, and a candidate target group for each route."""

from __future__ import annotations

import json
from datetime import timedelta
from http import HTTPStatus
from http.client import HTTPConnection
from urllib.parse import urlsplit

import pytest

from rollout.errors import UsageError
from rollout.measuring.split import Verdict
from rollout.metrics import MINUTE
from rollout.model import LEGACY_ONLY
from rollout.quantities import Percent
from rollout.sandbox import Fault
from rollout.sandbox.daemon import SandboxInfo
from tests.conftest import Team

pytestmark = pytest.mark.engine

GROUPS = '{ public = "l-passport-v2-rust-scorer", internal = "l-passport-v2-rust-scorer-int" }'
MORE = GROUPS.replace('"l-passport-v2-rust-scorer",', '["l-passport-v2-rust-scorer", "l-rust-ceramic-score"],')


def candidates(team: Team) -> dict[str, set[str]]:
    """The target groups of each route's rule, without the first, legacy's."""
    forwards = team.forwards()
    return {
        name: {arn.split("/")[1] for arn in list(forward.weights)[1:]} for name, forward in forwards.items() if forward
    }


def ask(team: Team, method: str, path: str, times: int) -> None:
    """Send requests without cookies to the public load balancer."""
    address = urlsplit(team.aws.url(team.account, "us-west-2", "passport-public", 443))
    connection = HTTPConnection(address.netloc, timeout=30)
    for _ in range(times):
        connection.request(method, path)
        answer = connection.getresponse()
        answer.read()
        assert answer.status == HTTPStatus.OK
    connection.close()


def let_the_minute_end(aws: SandboxInfo) -> None:
    """CloudWatch's minute, by the sandbox's own clock."""
    aws.clock.pass_by(seconds=MINUTE.total_seconds())


def test_what_the_load_balancers_did_is_held_against_the_weights(cut_over: Team) -> None:
    cut_over.open().set_weight(40, approve=True)
    ask(cut_over, "GET", "/v2/stamps/1/score/0xA", 150)
    ask(cut_over, "POST", "/ceramic-cache/score/0xA", 150)
    let_the_minute_end(cut_over.aws)
    status = cut_over.open().status()
    stamps, ceramic, embed = (route.measured for route in status.routes)
    assert stamps is not None
    assert stamps is ceramic
    assert (stamps.routes, stamps.requests) == (("stamp-score", "ceramic-score"), 300)
    assert (stamps.verdict, stamps.expected) == (Verdict.AGREES, Percent.of(40))
    assert 60 < stamps.candidate < 180
    assert embed is not None
    assert embed.requests == 0
    text = cut_over.run("status", "production").stdout
    assert f"2 routes: {stamps.share} % (" in text
    assert ", 300 requests)" in text

    plan = cut_over.open().plan_ramp(since="15m")
    assert plan.requests_per_minute == 300 / 15
    assert plan.notes[0] == "embed-score had none: no step passes as long as that is so"
    text = cut_over.run("plan-ramp", "production", "--since", "15m").stdout
    assert "20 requests a minute, errors from 0.1 to 1 %" in text
    assert plan.as_toml("production").splitlines()[1] in text

    gate = cut_over.open().preview("weight", weights={"stamp-score": Percent.of(80)}).gate
    (line, *_) = gate.traffic
    assert line.volume is not None
    assert line.volume.routes == ("stamp-score",)  # though it shares the candidate's group
    assert 5 < line.volume.per_minute < 15  # 150 in a quarter of an hour, as weights and legacy's counts let guess

    cut_over.open().rollback(reconcile=False)
    (routes,) = {route.measured for route in cut_over.open().status().routes if route.route != "embed-score"}
    assert routes is not None
    assert (routes.verdict, routes.expected) == (Verdict.DISAGREES, Percent(0))
    assert "if the weight was lowered in the last 15m, requests from before count too" in routes.why


def test_a_route_gets_a_target_group_of_its_own_beside_the_one_it_shared(legacy: Team) -> None:
    legacy.open().phase1(approve=True)
    shared = legacy.open().preview("phase2").gate
    legacy.edit(GROUPS, MORE)
    legacy.edit(
        'legacy = "l-cc-v1-score-POST-0"\ncandidate = "l-passport-v2-rust-scorer"',
        'legacy = "l-cc-v1-score-POST-0"\ncandidate = "l-rust-ceramic-score"',
    )
    added = legacy.open().phase1(approve=True)
    assert sorted(change.type.split("/")[-1] for preview in added.gate.previews for change in preview.changes) == [
        "permission:Permission",
        "targetGroup:TargetGroup",
        "targetGroupAttachment:TargetGroupAttachment",
    ]
    legacy.open().phase2(approve=True)
    raised = legacy.open().set_weight(10, approve=True)
    assert candidates(legacy) == {
        "stamp-score": {"l-passport-v2-rust-scorer"},
        "ceramic-score": {"l-rust-ceramic-score"},
        "embed-score": {"l-passport-v2-rust-scorer-int"},
    }
    assert not [warning for warning in (*shared.warnings, *raised.gate.warnings) if "drift" in warning]


def test_the_gate_tells_that_clients_drift_between_routes_that_share_a_candidate(cut_over: Team) -> None:
    (told,) = [
        warning
        for warning in cut_over.open()
        .preview("weight", weights=dict.fromkeys(cut_over.open().inventory.routes, Percent.of(10)))
        .gate.warnings
        if "drift" in warning
    ]
    assert "l-passport-v2-rust-scorer (stamp-score, ceramic-score)" in told
    assert "embed-score" not in told  # alone on its balancer


@pytest.mark.parametrize(
    ("fault", "why"),
    [
        (Fault("cloudwatch:GetMetricData", code="AccessDenied", message="not authorized", status=403), "AccessDenied"),
        (Fault("cloudwatch:GetMetricData", code=None, delay=timedelta(seconds=60)), "hasn't answered in time"),
    ],
    ids=["denied", "slow"],
)
def test_a_gate_opens_without_counts_and_says_why(cut_over: Team, fault: Fault, why: str) -> None:
    cut_over.aws.faults.add(fault)
    gate = cut_over.open().preview("weight", weights={"stamp-score": Percent.of(80)}).gate
    assert {line.volume for line in gate.traffic} == {None}
    assert why in gate.uncounted


def test_a_status_without_metrics_says_why_and_is_otherwise_whole(legacy: Team) -> None:
    asked = "cloudwatch:GetMetricData"
    assert legacy.open().status().not_measured == "CloudWatch has no requests of the last 15m"
    legacy.aws.faults.add(Fault(asked, code="AccessDenied", message="not authorized", status=403))
    refused = legacy.run("status", "production")
    assert refused.returncode == 0
    assert "not measured: GetMetricData: AccessDenied: not authorized; the role lacks a permission" in refused.stdout
    assert "l-passport-v2-stamp-score 1" in refused.stdout  # a pipe has room for all columns
    before = len(legacy.aws.calls(asked, legacy.account))
    unasked = json.loads(legacy.run("status", "production", "--no-metrics", "--json").stdout)
    assert unasked["not-measured"] is None
    assert {route["measured"] for route in unasked["routes"]} == {None}
    assert len(legacy.aws.calls(asked, legacy.account)) == before
    assert {route.live for route in legacy.open().status(since="1h").routes} == {LEGACY_ONLY}


@pytest.mark.parametrize("since", ["5x", "30s", "2d"])
def test_a_time_that_cannot_be_counted_is_a_bad_argument(team: Team, since: str) -> None:
    with pytest.raises(UsageError, match=r"duration|out of range"):
        team.open().status(since=since)
    assert team.run("status", "production", "--since", since).returncode == 2
    assert team.calls("*") == []
