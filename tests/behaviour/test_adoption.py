"""Rules that divide requests before rollout holds them: somebody else's, or rollout's own whose state is lost."""

from __future__ import annotations

import pytest

from rollout.alb.weights import ForwardAction
from rollout.errors import Drift, PreflightFailed
from rollout.inventory.model import LEGACY_ONLY, PREPARED, Arn, Split
from rollout.inventory.quantities import Percent
from tests.behaviour.team import InMemoryTeam

HALF = Split.at(Percent.of(50))


def divide(team: InMemoryTeam, route: str, legacy: int, candidate: int) -> None:
    """Have somebody set a rule's weights by hand, without stickiness."""
    live, entry = team.open().traffic.alb_state(), team.inventory.routes[route]
    forward = ForwardAction({live.group_arn(entry.legacy): legacy, live.group_arn(entry.candidate): candidate})
    team.aws.modify_rule(Arn(team.rules()[route]), forward=forward)


def nobody_holds_the_rules(team: InMemoryTeam) -> None:
    """A team whose rules no state of ours holds, with candidate groups that are there."""
    team.edit('legacy = "programs.legacy:program"', '# legacy = "programs.legacy:program"')
    team.world.backend.stacks.clear()


@pytest.mark.parametrize(
    ("weights", "share"),
    [((1, 0), PREPARED), ((90, 10), Split.at(Percent.of(10))), ((2, 1), Split.at(Percent.of(33.3)))],
)
def test_a_live_split_is_adopted_as_it_is(built: InMemoryTeam, weights: tuple[int, int], share: Split) -> None:
    nobody_holds_the_rules(built)
    divide(built, "stamp-score", *weights)
    report = built.open().preflight()
    (looked,) = [check for check in report.checks if check.name == "forwards"]
    assert [(note.where, note.code) for note in looked.notes] == [("routes.stamp-score", "rule-divides-already")]
    assert not looked.problems

    result = built.open().phase2(approve=True)
    assert not any("new build" in warning for warning in result.gate.warnings)
    assert result.after["stamp-score"] == share
    forward = built.forwards()["stamp-score"]
    assert forward is not None
    assert tuple(forward.weights.values()) == weights
    assert built.owners() == {("routing",)}
    (line,) = [line for line in result.gate.traffic if line.route == "stamp-score"]
    assert (line.moves, line.note.endswith("stickiness 1h")) == (False, True)

    built.open().set_weight(25, routes=["stamp-score"], approve=True)
    assert built.splits()["stamp-score"] == Split.at(Percent.of(25))


def test_another_route_keeps_its_odd_weights_when_one_moves(built: InMemoryTeam) -> None:
    nobody_holds_the_rules(built)
    divide(built, "stamp-score", 2, 1)
    built.open().phase2(approve=True)
    built.open().set_weight(10, routes=["ceramic-score"], approve=True)
    forward = built.forwards()["stamp-score"]
    assert forward is not None
    assert tuple(forward.weights.values()) == (2, 1)
    assert not built.open().drift(ignore_file=True).problems


def test_what_preflight_refuses_phase_2_refuses_and_says_how_to_go_on(built: InMemoryTeam) -> None:
    nobody_holds_the_rules(built)
    live, entry = built.open().traffic.alb_state(), built.inventory.routes["stamp-score"]
    alone = ForwardAction({live.group_arn(entry.candidate): 1})
    built.aws.modify_rule(Arn(built.rules()["stamp-score"]), forward=alone)
    found = [problem.code for problem in built.open().preflight().problems]
    assert found == ["unknown-forward"]
    with pytest.raises(Drift) as caught:
        built.open().phase2(approve=True)
    (problem,) = caught.value.problems
    assert (problem.where, problem.code) == ("routes.stamp-score", "unknown-forward")
    assert "name that as legacy" in (problem.hint or "")


def test_a_state_that_is_lost_halfway_is_seen_and_adopted_again(cut_over: InMemoryTeam) -> None:
    cut_over.open().set_weight(50, approve=True)
    before = cut_over.forwards()
    nobody_holds_the_rules(cut_over)
    report = cut_over.open().drift()
    assert {problem.code for problem in report.problems} == {"rule-not-managed"}
    assert len(report.problems) == len(cut_over.inventory.routes)
    assert cut_over.run("drift", "production").returncode == 7

    calls = len(cut_over.calls())
    cut_over.open().phase2(approve=True)
    assert cut_over.forwards() == before
    assert cut_over.calls()[calls:] == []  # nothing to change: it is adopted and no more
    assert not cut_over.open().drift().problems
    cut_over.open().set_weight(60, approve=True)
    cut_over.open().rollback()
    assert set(cut_over.splits().values()) == {LEGACY_ONLY}


def test_a_state_that_is_lost_after_a_rollback_leaves_nothing_to_say(cut_over: InMemoryTeam) -> None:
    cut_over.open().set_weight(50, approve=True)
    cut_over.open().rollback()
    nobody_holds_the_rules(cut_over)
    assert not cut_over.open().drift().problems
    cut_over.open().phase2(approve=True)
    assert set(cut_over.splits().values()) == {PREPARED}


def test_a_lost_state_of_a_completed_environment_is_told_with_a_way_that_is_possible(cut_over: InMemoryTeam) -> None:
    cut_over.open().set_weight(100, approve=True)
    cut_over.edit("[environments.production]", "[environments.production]\ncompleted = true")
    nobody_holds_the_rules(cut_over)
    problems = cut_over.open().drift().problems
    assert {problem.code for problem in problems} == {"rule-not-managed"}
    assert all("phase2" not in (problem.hint or "") for problem in problems)


@pytest.mark.parametrize("variable", ["CI", "TF_BUILD", "JENKINS_URL"])
def test_a_state_in_a_folder_is_warned_of_in_ci(
    legacy: InMemoryTeam, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    def warned() -> list[bool]:
        gate = legacy.open().preview("phase1").gate
        notes = [note.code for check in legacy.open().preflight().checks for note in check.notes]
        return ["state-not-kept" in notes, any("s3://" in warning for warning in gate.warnings)]

    assert warned() == [False, False]
    monkeypatch.setenv(variable, "true")
    assert warned() == [True, True]
    legacy.edit("[environments.production]", '[environments.production]\nbackend = "s3://bucket/rollout"')
    assert warned() == [False, False]
    legacy.edit('"s3://bucket/rollout"', '"file:///srv/state"')
    assert warned() == [True, True]
    monkeypatch.setenv(variable, "false")
    assert warned() == [False, False]


def test_stickiness_can_be_off(built: InMemoryTeam) -> None:
    built.edit('duration = "1h"', "enabled = false")
    gate = built.open().phase2(approve=True).gate
    assert not any("cookies" in warning for warning in gate.warnings)
    forwards = built.forwards()
    assert {forward and forward.stickiness for forward in forwards.values()} == {None}
    built.open().set_weight(50, approve=True)
    assert {forward and forward.stickiness for forward in built.forwards().values()} == {None}
    assert not built.open().drift().problems
    gate = built.open().preview("weight", weights=dict.fromkeys(built.inventory.routes, Percent.of(10))).gate
    assert not any("cookie" in text for text in (*gate.warnings, *(line.note for line in gate.traffic)))
    (looked,) = [check for check in built.open().preflight().checks if check.name == "stickiness"]
    assert (looked.evidence.startswith("off"), looked.notes) == (True, ())


def test_the_gate_of_phase_2_says_that_answers_get_cookies(built: InMemoryTeam) -> None:
    gate = built.open().phase2(approve=True).gate
    assert any("AWSALBTG" in warning and "enabled = false" in warning for warning in gate.warnings)


@pytest.mark.parametrize(("before", "after"), [("1h", "5m"), (None, "1h"), ("1h", None)])
def test_stickiness_changes_with_phase_3_and_is_read_back(
    built: InMemoryTeam, before: str | None, after: str | None
) -> None:
    def table(duration: str | None) -> str:
        return f'duration = "{duration}"' if duration else "enabled = false"

    if before != "1h":
        built.edit('duration = "1h"', table(before))
    built.open().phase2(approve=True)
    built.open().set_weight(50, approve=True)
    built.edit(table(before), table(after))
    assert {problem.code for problem in built.open().drift().problems} == {"weight-not-applied"}
    result = built.open().phase3(approve=True)
    assert set(result.after.values()) == {HALF}
    assert any("stickiness" in line.note for line in result.gate.traffic)
    assert {forward and forward.stickiness for forward in built.forwards().values()} == {
        built.inventory.stickiness.kept_for
    }
    with pytest.raises(PreflightFailed):
        built.open().undo("phase2", approve=True)  # all else goes on as it did


def test_a_candidate_that_somebody_else_built_and_that_serves_is_no_problem_of_preflight(built: InMemoryTeam) -> None:
    nobody_holds_the_rules(built)
    for key in list(built.aws.resources):
        built.aws.resources[key] = {**built.aws.resources[key], "tags": {}, "tagsAll": {}}
    report = built.open().preflight()
    assert {problem.code for problem in report.problems} == {"name-taken"}
    for route in built.inventory.routes:
        divide(built, route, 90, 10)
    assert not built.open().preflight().problems
    built.open().phase2(approve=True)
    assert set(built.splits().values()) == {Split.at(Percent.of(10))}
