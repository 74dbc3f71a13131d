"""Everything that the phases need, looked at all at once; and what stops a phase before its gate."""

from __future__ import annotations

import json

from rollout.errors import PreflightFailed
from rollout.fakes.aws import policy_for
from rollout.inventory.conditions import Condition, ConditionField
from rollout.inventory.model import Arn
from rollout.inventory.quantities import Percent
from tests.behaviour.team import InMemoryTeam
from tests.codes import raises


def without_targets(team: InMemoryTeam, name: str) -> None:
    group = team.open().traffic.alb_state().group_arn(name)
    team.aws.deregister_targets(group, *team.aws.targets[group])


def test_everything_wrong_is_told_at_once(cut_over: InMemoryTeam) -> None:
    aws, live = cut_over.aws, cut_over.open().traffic.alb_state()
    without_targets(cut_over, "l-passport-v2-rust-scorer")
    (function,) = aws.targets[live.group_arn("l-passport-v2-rust-scorer-int")]
    aws.policies[function] = policy_for(live.group_arn("l-passport-v2-rust-scorer"))
    aws.modify_rule(Arn(cut_over.rules()["stamp-score"]), asks=[Condition(ConditionField.PATH, ("/elsewhere",))])
    done = cut_over.run("preflight", "production", "--json")
    assert done.returncode == 1
    report, failed = map(json.loads, done.stdout.splitlines())
    said = [f"{p['where']}: {p['what']}" for check in report["checks"] for p in check["problems"]]
    assert any("l-passport-v2-rust-scorer has no registered target" in line for line in said)
    assert any("doesn't let target group l-passport-v2-rust-scorer-int invoke it" in line for line in said)
    (difference,) = [line for line in said if line.startswith("routes.stamp-score:")]
    assert "file GET /v2/stamps/*/score/* · state GET /v2/stamps/*/score/* · live /elsewhere" in difference
    assert failed["exit-code"] == 1


def test_another_account_is_told_beside_what_else_can_be_known(legacy: InMemoryTeam) -> None:
    legacy.world.actor().account = "999999999999"
    done = legacy.run("preflight", "production")
    assert done.returncode == 1
    assert "account 999999999999" in done.stdout
    assert "Pulumi in memory" in done.stdout


def test_no_traffic_is_sent_to_a_group_without_a_target_but_taken_away_it_is(cut_over: InMemoryTeam) -> None:
    cut_over.open().set_weight(10, approve=True)
    without_targets(cut_over, "l-passport-v2-rust-scorer")
    with raises(PreflightFailed, "no-registered-target"):
        cut_over.open().set_weight(20, approve=True)
    assert cut_over.open().set_weight(0, approve=True).changed


def test_a_rule_that_takes_a_routes_requests_stops_the_way_up_and_not_the_way_back(cut_over: InMemoryTeam) -> None:
    cut_over.open().set_weight(10, approve=True)
    listener = cut_over.open().traffic.alb_state().listeners["public"]
    takes = [Condition(ConditionField.PATH, ("/v2/stamps/*",))]
    cut_over.aws.create_rule(listener, 1, takes, None, action="fixed-response 503")
    with raises(PreflightFailed, "route-unreachable"):
        cut_over.open().set_weight(25, approve=True)
    done = cut_over.open().set_weight(5, approve=True)
    assert [warning for warning in done.gate.warnings if "higher precedence" in warning]
    assert {split.weight for split in done.after.values()} == {Percent.of(5)}


def test_a_violation_can_be_waived_by_name_and_history_says_so(cut_over: InMemoryTeam) -> None:
    cut_over.edit('architecture = "arm64"', 'architecture = "x86_64"')
    refused = cut_over.run("phase1", "production", "--yes")
    assert refused.returncode == 4, refused.stdout
    assert "Function:rust-scorer: update of architectures" in refused.stderr
    assert "--waive Function:rust-scorer" in refused.stderr
    done = cut_over.run("phase1", "production", "--yes", "--waive", "Function:rust-scorer")
    assert done.returncode == 0, done.stderr
    assert "waived: candidate: Function:rust-scorer: update of architectures" in done.stdout
    assert "[policy waived: Function:rust-scorer]" in cut_over.open().history()[-1].message
