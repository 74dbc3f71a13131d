"""Everything that the phases need, looked at all at once; and what stops a phase before its gate."""

from __future__ import annotations

import json

import pytest

from rollout.errors import PreflightFailed
from rollout.quantities import Percent
from tests.conftest import Team

pytestmark = pytest.mark.engine


def test_a_ready_environment_tells_its_evidence(legacy: Team) -> None:
    before = len(legacy.calls("*"))
    done = legacy.run("preflight", "production")
    assert done.returncode == 0, done.stderr
    assert "3 of 3 at their priorities with the inventory's conditions" in done.stdout
    assert "Pulumi 3." in done.stdout
    assert "can be written to" in done.stdout
    assert "built by phase 1" in done.stdout
    assert "l-passport-v2-rust-scorer: stamp-score, ceramic-score share it: clients that keep cookies" in done.stdout
    assert {call for call in legacy.calls("*")[before:] if not call.startswith("Get")} == set()


def test_everything_wrong_is_told_at_once(cut_over: Team) -> None:
    elb = cut_over.aws.client("elbv2", cut_over.account, "us-west-2")
    functions = cut_over.aws.client("lambda", cut_over.account, "us-west-2")
    live = cut_over.open().live()
    group = live.target_groups["l-passport-v2-rust-scorer"].arn
    (target,) = elb.describe_target_health(TargetGroupArn=group)["TargetHealthDescriptions"]
    elb.deregister_targets(TargetGroupArn=group, Targets=[target["Target"]])
    functions.remove_permission(FunctionName="rust-scorer", StatementId="invoke-from-internal")
    rule = cut_over.rules()["stamp-score"]
    elb.modify_rule(RuleArn=rule, Conditions=[{"Field": "path-pattern", "Values": ["/elsewhere"]}])
    done = cut_over.run("preflight", "production", "--json")
    assert done.returncode == 1
    report, failed = map(json.loads, done.stdout.splitlines())
    said = [f"{p['where']}: {p['what']}" for check in report["checks"] for p in check["problems"]]
    assert any("l-passport-v2-rust-scorer has no registered target" in line for line in said)
    assert any("doesn't let target group l-passport-v2-rust-scorer-int invoke it" in line for line in said)
    (difference,) = [line for line in said if line.startswith("routes.stamp-score:")]
    assert "file GET /v2/stamps/*/score/* · state GET /v2/stamps/*/score/* · live /elsewhere" in difference
    assert failed["exit-code"] == 1


def test_another_account_is_told_beside_what_else_can_be_known(legacy: Team) -> None:
    done = legacy.run("preflight", "production", AWS_ACCESS_KEY_ID="999999999999")
    assert done.returncode == 1
    assert "account 999999999999" in done.stdout
    assert "Pulumi 3." in done.stdout


def test_no_traffic_is_sent_to_a_group_without_a_target_but_taken_away_it_is(cut_over: Team) -> None:
    cut_over.open().set_weight(10, approve=True)
    elb = cut_over.aws.client("elbv2", cut_over.account, "us-west-2")
    group = cut_over.open().live().target_groups["l-passport-v2-rust-scorer"].arn
    (target,) = elb.describe_target_health(TargetGroupArn=group)["TargetHealthDescriptions"]
    elb.deregister_targets(TargetGroupArn=group, Targets=[target["Target"]])
    with pytest.raises(PreflightFailed, match="no registered target"):
        cut_over.open().set_weight(20, approve=True)
    assert cut_over.open().set_weight(0, approve=True).changed


def test_a_rule_that_takes_a_routes_requests_stops_the_way_up_and_not_the_way_back(cut_over: Team) -> None:
    cut_over.open().set_weight(10, approve=True)
    elb, live = cut_over.aws.client("elbv2", cut_over.account, "us-west-2"), cut_over.open().live()
    elb.create_rule(
        ListenerArn=live.listeners["public"],
        Priority=1,
        Conditions=[{"Field": "path-pattern", "Values": ["/v2/stamps/*"]}],
        Actions=[{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "503"}}],
    )
    with pytest.raises(PreflightFailed, match="asked before it"):
        cut_over.open().set_weight(25, approve=True)
    done = cut_over.open().set_weight(5, approve=True)
    assert [warning for warning in done.gate.warnings if "asked before it" in warning]
    assert {split.weight for split in done.after.values()} == {Percent.of(5)}


def test_a_violation_can_be_waived_by_name_and_history_says_so(cut_over: Team) -> None:
    cut_over.edit('architecture = "arm64"', 'architecture = "x86_64"')
    refused = cut_over.run("phase1", "production", "--yes")
    assert refused.returncode == 4, refused.stdout
    assert "update of architectures of Function rust-scorer" in refused.stderr
    assert "--waive Function:rust-scorer" in refused.stderr
    done = cut_over.run("phase1", "production", "--yes", "--waive", "Function:rust-scorer")
    assert done.returncode == 0, done.stderr
    assert "waived: candidate: update of architectures" in done.stdout
    history = (cut_over.aws.folder / "state" / ".pulumi" / "history").rglob("*.history.json")
    assert any(
        "[policy waived: Function:rust-scorer]" in file.read_text() for file in history if cut_over.project in str(file)
    )


def test_a_machine_that_is_ready_passes_the_doctor(team: Team) -> None:
    done = team.run("doctor", "production", PYTHONIOENCODING="ascii")
    assert done.returncode == 0, done.stdout
    assert f"account {team.account}" in done.stdout
    assert "can be written to" in done.stdout
    assert "set LANG" in done.stdout  # and the signs that ASCII lacks stop nothing
    wrong = team.run("doctor", "--json", AWS_ACCESS_KEY_ID="999999999999")
    assert wrong.returncode == 1
    found = {check["name"]: check for check in json.loads(wrong.stdout.splitlines()[0])["checks"]}
    assert team.account in found["credentials"]["problems"][0]["what"]
