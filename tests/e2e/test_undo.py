"""Phases taken back on the real engine: to the letter, without a lost request, and out of order not at all."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from rollout.changes.plan import Op
from rollout.errors import GateRefused, PreflightFailed, UsageError
from rollout.model import LEGACY_ONLY
from rollout.sandbox.load import Load, Verdict, endpoints_of
from tests.conftest import Team

pytestmark = pytest.mark.engine

RATE = 100


def held(team: Team) -> set[tuple[str, ...] | None]:
    return {route.owners for route in team.open().status().routes}


def changing(team: Team) -> list[str]:
    return [call for call in team.calls("*") if not call.startswith(("Get", "List", "Describe"))]


def test_phase_2_and_phase_1_are_undone_to_the_letter_under_traffic(legacy: Team) -> None:
    rules, before = legacy.rules(), legacy.open().live().rules
    with Load(endpoints_of(legacy.open().inventory, legacy.aws), RATE, users=20, visits=200) as load:
        load.wait(RATE)
        legacy.open().phase1(approve=True)
        legacy.open().phase2(approve=True)
        legacy.open().set_weight(50, approve=True)
        load.wait(RATE)
        legacy.open().rollback()
        back = load.now

        calls = len(legacy.calls())
        gate = legacy.open().undo("phase2", approve=True).gate
        assert {preview.stack: {change.op for change in preview.changes} for preview in gate.previews} == {
            "legacy": {Op.IMPORT},
            "routing": {Op.RELEASE},
        }
        assert legacy.calls()[calls:] == []  # the rules are as legacy leaves them already
        assert held(legacy) == {("legacy",)}
        assert legacy.open().status().phase == "phase1"

        legacy.open().undo("phase1", approve=True)
        assert legacy.open().status().phase == "not begun"
        load.wait(RATE)
        answers = load.answers
    assert [answer for answer in answers if answer.verdict is not Verdict.FINE] == []
    assert [answer for answer in answers if answer.started > back and answer.on_candidate] == []
    assert legacy.rules() == rules
    assert [rule.conditions for rule in legacy.open().live().rules] == [rule.conditions for rule in before]
    functions = legacy.aws.client("lambda", legacy.account, "us-west-2").list_functions()["Functions"]
    assert "rust-scorer" not in {function["FunctionName"] for function in functions}

    for phase in ("phase2", "phase1"):
        assert not legacy.open().undo(phase, approve=True).changed
    legacy.open().phase1(approve=True)
    legacy.open().phase2(approve=True)  # and the whole way again
    assert held(legacy) == {("routing",)}
    assert legacy.rules() == rules


def test_nothing_is_undone_out_of_order_and_a_prepared_candidate_goes_in_place(
    legacy: Team, no: Callable[[object], bool]
) -> None:
    team, rule = legacy, legacy.rules()["stamp-score"]
    elb = team.aws.client("elbv2", team.account, "us-west-2")
    elb.add_tags(ResourceArns=[rule], Tags=[{"Key": "team", "Value": "identity"}])
    team.open().phase1(approve=True)
    team.open().phase2(approve=True)
    team.edit("[stickiness]", "[header-override]\n\n[stickiness]")
    team.open().set_weight(10, routes=["stamp-score"], approve=True)
    team.open().override(approve=True)

    earlier = changing(team)
    with pytest.raises(PreflightFailed) as caught:
        team.open().undo("phase2", approve=True)
    (header, weight) = caught.value.problems
    assert "rollout override production --remove" in str(header)
    assert weight.where == "routes.stamp-score"
    assert "rollout rollback production" in str(weight)
    with pytest.raises(PreflightFailed, match="rollout undo phase2 production"):
        team.open().undo("phase1", approve=True)
    with pytest.raises(UsageError, match="phase3 can't be undone"):
        team.open().undo("phase3", approve=True)  # type: ignore[arg-type]
    assert changing(team) == earlier

    team.open().override(remove=True, approve=True)
    team.open().set_weight(0, routes=["stamp-score"], approve=True)
    for approve in (no, None):
        with pytest.raises(GateRefused, match="nothing was changed"):
            team.open().undo("phase2", approve=approve)
    calls = len(team.calls())
    done = team.run("undo", "phase2", "production", "--yes")
    assert done.returncode == 0, done.stderr
    assert team.calls()[calls:] == ["ModifyRule"] * 2  # the two that were prepared
    assert {route.live for route in team.open().status().routes} == {LEGACY_ONLY}

    assert "log groups are deleted" in team.run("preview", "undo-phase1", "production").stdout
    assert team.run("undo", "phase1", "production").returncode == GateRefused.exit_code
    team.open().phase1(approve=True)
    team.open().undo("phase1", approve=True)
    (told,) = elb.describe_tags(ResourceArns=[rule])["TagDescriptions"]
    assert told["Tags"] == [{"Key": "team", "Value": "identity"}]


def test_a_candidate_that_another_rule_uses_is_not_deleted(legacy: Team) -> None:
    legacy.open().phase1(approve=True)
    live = legacy.open().live()
    group, listener = live.group_arn("l-passport-v2-rust-scorer"), live.listeners["public"]
    legacy.aws.client("elbv2", legacy.account, "us-west-2").create_rule(
        ListenerArn=listener,
        Priority=7,
        Conditions=[{"Field": "path-pattern", "Values": ["/beta"]}],
        Actions=[{"Type": "forward", "TargetGroupArn": group}],
    )
    with pytest.raises(PreflightFailed, match="l-passport-v2-rust-scorer still"):
        legacy.open().undo("phase1", approve=True)
    assert legacy.open().status().phase == "phase1"
