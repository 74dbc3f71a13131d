"""The main job through the library: forward, back, again, out of order, declined, and beside somebody else."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from rollout import PhaseResult
from rollout.alb.weights import ForwardAction
from rollout.errors import Drift, GateRefused, PreflightFailed
from rollout.inventory.model import LEGACY_ONLY, PREPARED, Arn, Split
from rollout.inventory.quantities import Percent
from rollout.migration import events
from rollout.migration.gates import Gate
from rollout.state.plan import Op
from tests.behaviour.team import InMemoryTeam
from tests.codes import raises


def splits(team: InMemoryTeam) -> set[Split | None]:
    return {route.live for route in team.open().status().routes}


def test_the_whole_inventory_from_the_legacy_stack_to_a_rollback(whole: InMemoryTeam) -> None:
    before, kept = whole.rules(), whole.open().traffic.alb_state().rules
    assert splits(whole) == {LEGACY_ONLY}

    done = whole.open().phase1(approve=True)
    assert {change.op for preview in done.gate.previews for change in preview.changes} == {Op.STATE, Op.CREATE}
    assert whole.open().status().phase == "phase1"

    earlier = len(whole.calls())
    whole.open().phase2(approve=True)
    assert whole.calls()[earlier:] == ["ModifyRule"] * 8
    assert splits(whole) == {PREPARED}
    assert whole.rules() == before
    assert {route.owners for route in whole.open().status().routes} == {("routing",)}

    assert not whole.open().phase3(approve=True).changed  # the file says 0, and so it is
    raised = whole.open().set_weight(10, approve=True)
    assert raised.changed
    assert splits(whole) == {Split.at(Percent.of(10))}
    assert whole.open().inventory.weight == Percent.of(10)  # saved

    back = whole.open().rollback()
    assert back.reconciled
    assert len(back.moved) == 8
    assert splits(whole) == {LEGACY_ONLY}
    assert whole.open().inventory.weight == Percent.of(0)

    now = whole.open().traffic.alb_state().rules
    assert whole.rules() == before
    untouched = {rule.arn for rule in kept} - set(before.values())
    assert [rule for rule in now if rule.arn in untouched] == [rule for rule in kept if rule.arn in untouched]


def test_running_a_phase_again_changes_nothing_and_says_so(cut_over: InMemoryTeam) -> None:
    cut_over.open().set_weight(25, approve=True)
    calls = cut_over.calls("*")
    target = cut_over.open()
    again: tuple[Callable[[], PhaseResult], ...] = (
        lambda: target.phase1(approve=True),
        lambda: target.phase2(approve=True),
        lambda: target.phase3(approve=True),
        lambda: target.set_weight(25, approve=True),
    )
    for run in again:
        cut_over.events.clear()
        assert not run().changed
        assert isinstance(cut_over.events[-1], events.NothingToDo | events.WeightSaved)
    assert cut_over.calls("*") == calls


def test_an_environment_at_100_goes_there(legacy: InMemoryTeam) -> None:
    legacy.edit("weight = 0", "weight = 100")
    for phase in ("phase1", "phase2", "phase3"):
        getattr(legacy.open(), phase)(approve=True)
    assert splits(legacy) == {Split.at(Percent.of(100))}


def test_single_routes_go_their_own_way(cut_over: InMemoryTeam) -> None:
    cut_over.open().set_weight(5, approve=True)
    cut_over.open().set_weight("33.3", routes=["embed-score"], approve=True)
    target = cut_over.open()
    live = {route.route: str(route.live) for route in target.status().routes}
    assert live["embed-score"] == "33.3 %"
    assert set(live.values()) == {"33.3 %", "5 %"}
    assert target.inventory.desired_weight("embed-score") == Percent.of("33.3")
    target.rollback(routes=["embed-score"])
    assert {r.route for r in cut_over.open().status().routes if r.live == LEGACY_ONLY} == {"embed-score"}


def test_the_weight_0_takes_the_candidate_and_stickiness_out(cut_over: InMemoryTeam) -> None:
    cut_over.open().set_weight(10, approve=True)
    cut_over.open().set_weight(0, approve=True)
    for forward in cut_over.forwards().values():
        assert forward is not None
        assert len(forward.weights) == 1
        assert forward.stickiness is None


def test_a_declined_gate_changes_nothing(legacy: InMemoryTeam, no: Callable[[object], bool]) -> None:
    calls = legacy.calls("*")
    for approve in (no, None):
        with raises(GateRefused, "gate-declined" if approve else "approval-required"):
            legacy.open().phase1(approve=approve)
    assert legacy.calls("*") == calls
    assert legacy.open().status().phase == "not begun"


def test_the_gate_says_what_happens_to_whom(cut_over: InMemoryTeam) -> None:
    seen: list[Gate] = []

    def look(gate: Gate) -> bool:
        seen.append(gate)
        return True

    cut_over.open().set_weight(10, routes=["ceramic-score"], approve=look)
    (first, *rest) = seen[0].traffic
    assert (first.route, str(first.before), str(first.after)) == ("ceramic-score", "0 %", "10 %")
    assert not any(line.changes for line in rest)
    assert [change.properties for change in seen[0].previews[0].changes] == [("actions",)]


@pytest.mark.parametrize(("phase", "first"), [("phase2", "phase1"), ("phase3", "phase1")])
def test_a_phase_out_of_order_says_what_comes_first(legacy: InMemoryTeam, phase: str, first: str) -> None:
    with pytest.raises(PreflightFailed) as caught:
        getattr(legacy.open(), phase)(approve=True)
    assert f"rollout {first} production" in str(caught.value)


def test_a_weight_before_the_cutover_asks_for_it(legacy: InMemoryTeam) -> None:
    legacy.open().phase1(approve=True)
    with pytest.raises(PreflightFailed, match="phase2"):
        legacy.open().set_weight(10, approve=True)


def test_somebody_elses_change_stops_a_weight_and_can_be_accepted(cut_over: InMemoryTeam) -> None:
    cut_over.open().set_weight(10, approve=True)
    rule = cut_over.rules()["stamp-score"]
    forward = cut_over.forwards()["stamp-score"]
    assert forward is not None
    cut_over.aws.modify_rule(Arn(rule), forward=ForwardAction(dict.fromkeys(forward.weights, 50)))
    with pytest.raises(Drift) as caught:
        cut_over.open().set_weight(25, approve=True)
    assert [problem.where for problem in caught.value.problems] == ["routes.stamp-score"]
    assert "50 %" in str(next(r.live for r in cut_over.open().status().routes if r.route == "stamp-score"))
    accepted = cut_over.open().set_weight(25, approve=True, accept_live=True)
    assert splits(cut_over) == {Split.at(Percent.of(25))}
    (told,) = accepted.gate.drift or ()
    assert told.startswith("routes.stamp-score: live ")
    assert "recorded" in told
    assert cut_over.open().preview("weight", weights={"stamp-score": Percent.of(30)}).gate.drift == ()


def test_a_preview_changes_nothing(legacy: InMemoryTeam) -> None:
    calls = legacy.calls("*")
    shown = legacy.open().preview("phase1")
    assert not shown.changed
    assert shown.gate.previews[1].changes
    assert legacy.calls("*") == calls


def test_tags_of_a_rule_stay_through_its_adoption(legacy: InMemoryTeam) -> None:
    rule = Arn(legacy.rules()["stamp-score"])
    legacy.aws.set_tags(rule, {"team": "identity"})
    legacy.open().phase1(approve=True)
    legacy.open().phase2(approve=True)
    legacy.open().set_weight(10, approve=True)
    assert legacy.aws.rules[rule].tags == {"team": "identity"}
