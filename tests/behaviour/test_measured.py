"""What a gate and status say of requests, and a candidate target group for each route."""

from __future__ import annotations

import json
from threading import Event

import pytest

from rollout.analysis.measuring.split import SplitVerdict
from rollout.errors import AwsError, UsageError
from rollout.fakes.calls import ApiCall
from rollout.inventory.model import LEGACY_ONLY
from rollout.inventory.quantities import Percent
from rollout.migration.runner import runner
from tests.behaviour.team import InMemoryTeam

GROUPS = '{ public = "l-passport-v2-rust-scorer", internal = "l-passport-v2-rust-scorer-int" }'
MORE = GROUPS.replace('"l-passport-v2-rust-scorer",', '["l-passport-v2-rust-scorer", "l-rust-ceramic-score"],')
DENIED = AwsError(
    "GetMetricData: AccessDenied: not authorized",
    hint="the role lacks a permission: `rollout iam-policy ENV` prints the policies; see docs/security.md",
)


def candidates(team: InMemoryTeam) -> dict[str, set[str]]:
    """The target groups of each route's rule, without the first, legacy's."""
    forwards = team.forwards()
    return {
        name: {arn.split("/")[1] for arn in list(forward.weights)[1:]} for name, forward in forwards.items() if forward
    }


def test_what_the_load_balancers_did_is_held_against_the_weights(cut_over: InMemoryTeam) -> None:
    cut_over.open().set_weight(40, approve=True)
    cut_over.world.serve(cut_over.inventory, {"stamp-score": 150, "ceramic-score": 150})
    status = cut_over.open().status()
    stamps, ceramic, embed = (route.measured for route in status.routes)
    assert stamps is not None
    assert stamps is ceramic
    assert (stamps.routes, stamps.requests) == (("stamp-score", "ceramic-score"), 300)
    assert (stamps.verdict, stamps.expected) == (SplitVerdict.AGREES, Percent.of(40))
    assert stamps.candidate == 120
    assert embed is not None
    assert embed.requests == 0
    text = cut_over.run("status", "production").stdout
    assert f"2 routes: {stamps.share} % (" in text
    assert ", 300 requests)" in text

    plan = cut_over.open().ramp.plan(since="15m")
    assert plan.requests_per_minute == 300 / 15
    assert plan.notes[0] == "embed-score had none: no step passes without requests"
    text = cut_over.run("plan-ramp", "production", "--since", "15m").stdout
    assert "20 requests per minute, errors from 0.1 to 1 %" in text
    assert plan.as_toml("production").splitlines()[1] in text

    gate = cut_over.open().preview("weight", weights={"stamp-score": Percent.of(80)}).gate
    (line, *_) = gate.traffic
    assert line.volume is not None
    assert line.volume.routes == ("stamp-score",)  # though it shares the candidate's group
    assert line.volume.per_minute == pytest.approx(10)  # 150 in a quarter of an hour

    cut_over.open().rollback(reconcile=False)
    (routes,) = {route.measured for route in cut_over.open().status().routes if route.route != "embed-score"}
    assert routes is not None
    assert (routes.verdict, routes.expected) == (SplitVerdict.DISAGREES, Percent(0))
    assert any("lowered in the last 15m" in why for why in routes.why)


def test_a_route_gets_a_target_group_of_its_own_beside_the_one_it_shared(built: InMemoryTeam) -> None:
    shared = built.open().preview("phase2").gate
    built.edit(GROUPS, MORE)
    built.edit(
        'legacy = "l-cc-v1-score-POST-0"\ncandidate = "l-passport-v2-rust-scorer"',
        'legacy = "l-cc-v1-score-POST-0"\ncandidate = "l-rust-ceramic-score"',
    )
    added = built.open().phase1(approve=True)
    assert sorted(change.type.split("/")[-1] for preview in added.gate.previews for change in preview.changes) == [
        "permission:Permission",
        "targetGroup:TargetGroup",
        "targetGroupAttachment:TargetGroupAttachment",
    ]
    built.open().phase2(approve=True)
    raised = built.open().set_weight(10, approve=True)
    assert candidates(built) == {
        "stamp-score": {"l-passport-v2-rust-scorer"},
        "ceramic-score": {"l-rust-ceramic-score"},
        "embed-score": {"l-passport-v2-rust-scorer-int"},
    }
    assert not [warning for warning in (*shared.warnings, *raised.gate.warnings) if "drift" in warning]


def test_the_gate_tells_that_clients_move_between_routes_that_share_a_candidate(cut_over: InMemoryTeam) -> None:
    (told,) = [
        warning
        for warning in cut_over.open()
        .preview("weight", weights=dict.fromkeys(cut_over.inventory.routes, Percent.of(10)))
        .gate.warnings
        if "share its target group" in warning
    ]
    assert "l-passport-v2-rust-scorer (stamp-score, ceramic-score)" in told
    assert "embed-score" not in told  # alone on its balancer


def test_a_gate_opens_without_counts_and_says_why(cut_over: InMemoryTeam, monkeypatch: pytest.MonkeyPatch) -> None:
    calls, over = cut_over.world.metrics.calls, Event()

    def wait(_call: ApiCall) -> None:
        over.wait()

    monkeypatch.setattr(runner, "COUNTING", 0.01)
    calls.refuse("GetMetricData", error=DENIED)
    calls.before(wait, "GetMetricData", skip=1)
    for why in ("AccessDenied", "did not answer"):
        gate = cut_over.open().preview("weight", weights={"stamp-score": Percent.of(80)}).gate
        assert {line.volume for line in gate.traffic} == {None}
        assert why in (gate.uncounted or "")
    over.set()


def test_a_status_without_metrics_says_why_and_is_otherwise_whole(legacy: InMemoryTeam) -> None:
    metrics = legacy.world.metrics.calls
    assert legacy.open().status().not_measured == "CloudWatch has no requests of the last 15m before the current minute"
    metrics.refuse("GetMetricData", error=DENIED)
    refused = legacy.run("status", "production")
    assert refused.returncode == 0
    assert "not measured: GetMetricData: AccessDenied: not authorized; the role lacks a permission" in refused.stdout
    assert "l-passport-v2-stamp-score 1" in refused.stdout  # a pipe has room for all columns
    before = len(metrics.log)
    unasked = json.loads(legacy.run("status", "production", "--no-metrics", "--json").stdout)
    assert unasked["not-measured"] is None
    assert {route["measured"] for route in unasked["routes"]} == {None}
    assert len(metrics.log) == before
    assert {route.live for route in legacy.open().status(since="1h").routes} == {LEGACY_ONLY}


@pytest.mark.parametrize("since", ["5x", "30s", "2d"])
def test_a_time_that_cannot_be_counted_is_a_bad_argument(team: InMemoryTeam, since: str) -> None:
    with pytest.raises(UsageError, match=r"duration|out of range"):
        team.open().status(since=since)
    assert team.run("status", "production", "--since", since).returncode == 2
    assert team.meets.log == []
