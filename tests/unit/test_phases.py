"""What each phase wants: splits, header rules, and what its programs are given."""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from rollout.alb.header_rules import with_overrides
from rollout.alb.state import LiveRule
from rollout.alb.weights import ForwardAction, forward_of
from rollout.errors import Drift, Problem
from rollout.inventory.conditions import for_endpoint
from rollout.inventory.functions import Function
from rollout.inventory.header_rules import planned_overrides
from rollout.inventory.model import (
    CANDIDATE_ONLY,
    LEGACY_ONLY,
    OVERRIDE_TAG,
    PREPARED,
    Arn,
    RuleOwnership,
    Split,
)
from rollout.inventory.quantities import Percent
from rollout.inventory.settings import HeaderOverride
from rollout.migration import runner
from rollout.migration.checks.inspection import Inspection
from rollout.migration.context import PhaseContext
from rollout.migration.phases import PHASES, Phase
from rollout.migration.policies import POLICIES
from tests.unit.builders import (
    BALANCER,
    CANDIDATE,
    HOUR,
    LEGACY,
    LEGACY_FORWARD,
    LISTENER,
    environment,
    live,
    places,
    rule_arn,
    rule_inputs,
    state,
    weighted,
)

TEN = Split.at(Percent.of(10))


def test_a_cutover_prepares_what_it_adopts_and_leaves_what_it_holds() -> None:
    start = PhaseContext(
        live({"score": weighted(90, 10), "bulk": LEGACY_FORWARD}),
        routing=(state("score", rule_inputs("score", weighted(90, 10))),),
    )
    after = PHASES["phase2"].target_splits(environment(), start, {})
    assert after == {"score": TEN, "bulk": PREPARED}
    assert PHASES["phase2"].program_input("routing", environment(), start, after).adopt == {"bulk": rule_arn("bulk")}


@pytest.mark.parametrize("phase", ["phase3", "weight", "override", "override-remove"])
def test_no_other_phase_adopts(phase: str) -> None:
    start = PhaseContext(live({"score": weighted(90, 10), "bulk": weighted(90, 10)}), routing=())
    after = dict.fromkeys(("score", "bulk"), TEN)
    assert PHASES[phase].program_input("routing", environment(), start, after).adopt == {}


def test_a_cutover_cut_off_after_the_rule_changed_adopts_it_as_it_is() -> None:
    start = PhaseContext(live({"score": weighted(100, 0), "bulk": LEGACY_FORWARD}), routing=None)
    assert PHASES["phase2"].target_splits(environment(), start, {}) == {"score": PREPARED, "bulk": PREPARED}
    ours = replace(start, legacy=(state("score", rule_inputs("score", LEGACY_FORWARD)),))
    assert PHASES["phase2"].target_splits(environment(), ours, {}) == {"score": PREPARED, "bulk": PREPARED}


@pytest.mark.parametrize(
    ("forward", "then"),
    [
        (weighted(50, 50), Split.at(Percent.of(50))),
        (ForwardAction({LEGACY: 1, CANDIDATE: 0}), PREPARED),
        (ForwardAction({LEGACY: 9, CANDIDATE: 1}), TEN),
        (ForwardAction({LEGACY: 0, CANDIDATE: 1}), Split.at(Percent.of(100))),
    ],
)
def test_a_cutover_adopts_a_live_split_as_it_is(forward: ForwardAction, then: Split) -> None:
    start = PhaseContext(live({"score": forward, "bulk": LEGACY_FORWARD}))
    after = PHASES["phase2"].target_splits(environment(), start, {})
    assert after == {"score": then, "bulk": PREPARED}
    assert forward_of(after["score"], LEGACY, CANDIDATE, HOUR).weights == forward.weights


def test_a_cutover_refuses_a_split_of_a_rule_that_only_our_legacy_stack_holds() -> None:
    held = (state("score", rule_inputs("score", LEGACY_FORWARD)),)
    changed = live({"score": weighted(50, 50), "bulk": LEGACY_FORWARD})
    with pytest.raises(Drift) as caught:
        PHASES["phase2"].target_splits(environment(), PhaseContext(changed, legacy=held), {})
    assert places(caught.value.problems) == [("routes.score", "unknown-forward")]
    both = PhaseContext(changed, legacy=held, routing=held)  # a run that was cut off before legacy let go
    assert PHASES["phase2"].target_splits(environment(), both, {})["score"] == Split.at(Percent.of(50))


@pytest.mark.parametrize(
    "forward",
    [
        ForwardAction({Arn("arn:targetgroup/third/1"): 1}),
        ForwardAction({LEGACY: 1, CANDIDATE: 1, Arn("arn:targetgroup/third/1"): 1}),
        ForwardAction({CANDIDATE: 1}),
        None,
    ],
)
def test_a_cutover_refuses_a_rule_that_already_does_something_else(forward: ForwardAction | None) -> None:
    with pytest.raises(Drift) as caught:
        PHASES["phase2"].target_splits(
            environment(), PhaseContext(live({"score": forward, "bulk": LEGACY_FORWARD})), {}
        )
    assert places(caught.value.problems) == [("routes.score", "unknown-forward")]


@pytest.mark.parametrize(
    ("now", "file", "then"),
    [
        (weighted(100, 0), 0, PREPARED),  # nothing has to go back
        (LEGACY_FORWARD, 0, LEGACY_ONLY),
        (weighted(90, 10), 0, LEGACY_ONLY),  # a cookie outlives a weight of 0
        (LEGACY_FORWARD, 10, TEN),
        (weighted(900, 100), 10, TEN),
    ],
)
def test_phase_3_goes_to_the_files_weight(now: ForwardAction, file: int, then: Split) -> None:
    inventory = environment(weight=file)
    after = PHASES["phase3"].target_splits(inventory, PhaseContext(live({"score": now, "bulk": now})), {})
    assert after == {"score": then, "bulk": then}


def test_a_weight_leaves_routes_alone_that_it_does_not_name() -> None:
    start = PhaseContext(live({"score": weighted(95, 5), "bulk": weighted(50, 50)}))
    after = PHASES["weight"].target_splits(environment(weight=0), start, {"score": Percent.of(10)})
    assert after == {"score": TEN, "bulk": Split.at(Percent.of(50))}


def test_the_weight_0_takes_the_candidate_out() -> None:
    start = PhaseContext(live({"score": weighted(100, 0), "bulk": weighted(50, 50)}))
    after = PHASES["weight"].target_splits(environment(), start, dict.fromkeys(("score", "bulk"), Percent.of(0)))
    assert after == {"score": LEGACY_ONLY, "bulk": LEGACY_ONLY}


def test_legacy_marks_the_rules_that_it_holds_then_lets_go_of_all() -> None:
    start = PhaseContext(
        live({"score": LEGACY_FORWARD, "bulk": LEGACY_FORWARD}),
        legacy=(state("score", rule_inputs("score", LEGACY_FORWARD)),),
    )
    marked = PHASES["phase1"].program_input("legacy", environment(), start, {}).rules
    assert marked == {"score": RuleOwnership.RETAINED, "bulk": RuleOwnership.RELEASED}
    released = PHASES["phase2"].program_input("legacy", environment(), start, {}).rules
    assert set(released.values()) == {RuleOwnership.RELEASED}


def test_legacy_takes_all_rules_back_as_phase_1_left_them_then_owns_them() -> None:
    tags = {"team": "shop", "__defaults": []}
    tagged = state("score", rule_inputs("score", LEGACY_FORWARD, tags=tags), retain=True)
    start = PhaseContext(live({"score": LEGACY_FORWARD, "bulk": weighted(100, 0)}), legacy=(tagged,))
    after = PHASES["undo-phase2"].target_splits(environment(), start, {})
    assert after == {"score": LEGACY_ONLY, "bulk": LEGACY_ONLY}
    given = PHASES["undo-phase2"].program_input("legacy", environment(), start, after)
    assert set(given.rules.values()) == {RuleOwnership.RETAINED}
    assert given.adopt == {"bulk": rule_arn("bulk")}  # score was taken back by a run that was cut off
    assert given.tags == {"score": {"team": "shop"}}
    released = PHASES["undo-phase2"].program_input("routing", environment(), start, after)
    assert set(released.rules.values()) == {RuleOwnership.RELEASED}
    unmarked = PhaseContext(start.live, legacy=(replace(tagged, retain_on_delete=False),))
    again = PHASES["undo-phase2"].program_input("legacy", environment(), unmarked, after).rules
    assert again["score"] == RuleOwnership.OWNED  # phase 1 is undone already
    owned = PHASES["undo-phase1"].program_input("legacy", environment(), start, {})
    assert owned.rules == {"score": RuleOwnership.OWNED, "bulk": RuleOwnership.RELEASED}
    assert owned.adopt == {}


def test_legacy_is_retired_where_the_candidate_has_everything() -> None:
    start = PhaseContext(live({"score": weighted(0, 100), "bulk": ForwardAction({CANDIDATE: 1})}))
    after = PHASES["complete"].target_splits(environment(), start, {})
    assert after == {"score": CANDIDATE_ONLY, "bulk": CANDIDATE_ONLY}
    retired = PHASES["complete"].program_input("legacy", environment(), start, after).rules
    assert set(retired.values()) == {RuleOwnership.RETIRED}
    later = PHASES["phase1"].program_input("legacy", environment(completed=True), start, after).rules
    assert later == retired  # a new build doesn't bring legacy back
    with pytest.raises(Drift):
        PHASES["complete"].target_splits(environment(), PhaseContext(live({"score": weighted(1, 99)})), {})


def test_a_candidate_with_requests_cannot_be_undone() -> None:
    start = PhaseContext(live({"score": weighted(90, 10), "bulk": LEGACY_FORWARD}))
    with pytest.raises(Drift) as caught:
        PHASES["undo-phase2"].target_splits(environment(), start, {})
    assert places(caught.value.problems) == [("routes.score", "unknown-forward")]


def test_the_candidate_is_removed_by_a_program_without_functions() -> None:
    start = PhaseContext(live({"score": LEGACY_FORWARD, "bulk": LEGACY_FORWARD}))
    assert PHASES["phase1"].program_input("candidate", environment(), start, {}).environment.functions
    assert not PHASES["undo-phase1"].program_input("candidate", environment(), start, {}).environment.functions


def test_monitoring_moves_no_requests_and_a_build_leaves_them() -> None:
    start = PhaseContext(live({"score": weighted(90, 10), "bulk": None}))
    for phase in ("monitoring", "monitoring-remove"):
        assert PHASES[phase].target_splits(environment(), start, {}) == {}
    for phase in ("phase1", "undo-phase1"):
        assert PHASES[phase].target_splits(environment(), start, {}) == {"score": TEN}


def test_rules_keep_their_tags_whoever_takes_them() -> None:
    team = {"team": "shop"}
    now = live({"score": weighted(100, 0), "bulk": LEGACY_FORWARD})
    tagged = replace(now, rules=(replace(now.rules[0], tags=team), *now.rules[1:]))
    after = PHASES["undo-phase2"].target_splits(environment(), PhaseContext(tagged), {})
    assert PHASES["undo-phase2"].program_input("legacy", environment(), PhaseContext(tagged), after).tags == {
        "score": team
    }
    inventory = environment(header_override=HeaderOverride())
    made = with_overrides(inventory, tagged, planned_overrides(inventory))
    weight = PHASES["weight"].program_input("routing", inventory, PhaseContext(made), {})
    assert weight.tags.keys() == {"score", *planned_overrides(inventory)}
    again = PHASES["override"].program_input("routing", inventory, PhaseContext(made), {})
    assert again.tags == {"score": team}  # header rules that stay get those that the program gives
    assert again.overrides == planned_overrides(inventory)


def test_the_monitoring_program_makes_something_in_its_own_phase_alone() -> None:
    start = PhaseContext(live({"score": LEGACY_FORWARD, "bulk": LEGACY_FORWARD}))
    made = {
        phase: PHASES[phase].program_input("monitoring", environment(), start, {}).monitored
        for phase in ("monitoring", "monitoring-remove")
    }
    assert made == {"monitoring": True, "monitoring-remove": False}


def test_header_rules_change_by_override_alone() -> None:
    inventory = environment(header_override=HeaderOverride())
    now = live({"score": LEGACY_FORWARD, "bulk": LEGACY_FORWARD})
    planned = planned_overrides(inventory)
    made = with_overrides(inventory, now, planned)
    assert planned
    assert PHASES["override"].header_rules(inventory, now) == planned
    assert PHASES["override-remove"].header_rules(inventory, made) == {}
    for phase in ("phase2", "weight", "complete"):
        assert PHASES[phase].header_rules(inventory, now) == {}
        assert PHASES[phase].header_rules(inventory, made) == planned


def test_a_group_that_is_gone_matches_no_split() -> None:
    now = live({"score": ForwardAction({LEGACY: 1}), "bulk": LEGACY_FORWARD})
    without = type(now)(now.account, now.load_balancers, now.listeners, now.rules, {})
    assert without.splits(environment()) == {}


def unready() -> PhaseContext:
    """No candidate, a header rule that somebody bent, a rule that two stacks hold and that isn't marked."""
    asks = for_endpoint("/score/*", ("GET",))
    bent = LiveRule(rule_arn("h"), LISTENER, 5, asks, LEGACY_FORWARD, tags={OVERRIDE_TAG: "score-override"})
    now = live({"score": LEGACY_FORWARD, "bulk": LEGACY_FORWARD})
    now = replace(now, rules=(*now.rules, bent), target_groups={"old": now.target_groups["old"]})
    held = (state("score", rule_inputs("score", LEGACY_FORWARD)),)
    busy = Problem("legacy has requests", code="legacy-not-idle")
    return PhaseContext(now, legacy=held, routing=held, idle=lambda _: [busy])


@pytest.mark.parametrize(
    ("phase", "codes"),
    [
        ("phase1", ["package-missing", "header-rule-changed"]),
        ("phase2", ["candidate-missing", "rule-not-retained", "header-rule-changed"]),
        ("phase3", ["candidate-missing", "header-rule-changed"]),
        ("weight", ["candidate-missing", "header-rule-changed"]),
        ("override", ["candidate-missing", "no-header-override"]),
        ("override-remove", ["candidate-missing"]),
        ("monitoring", ["candidate-missing"]),
        ("monitoring-remove", []),
        (
            "complete",
            [
                *("candidate-missing", "candidate-below-100", "candidate-below-100"),
                *("rule-managed-by-legacy", "rule-not-managed", "target-group-in-use"),
                *("legacy-not-idle", "header-rule-changed"),
            ],
        ),
        ("undo-phase2", ["header-rule-changed"]),
        ("undo-phase1", ["rule-managed-by-routing", "header-rule-changed"]),
    ],
)
def test_each_phase_says_in_its_order_what_it_needs(phase: str, codes: list[str]) -> None:
    new = Function(runtime="provided.al2023", handler="b", code=Path("gone.zip"), target_groups={"public": ("new",)})
    found = PHASES[phase].preflight(environment(functions={"new": new}), unready())
    assert [problem.code for problem in found] == codes


def test_all_but_what_takes_it_back_leave_a_candidate() -> None:
    context = replace(unready(), live=live({"score": weighted(0, 100), "bulk": weighted(0, 100)}))
    gone = replace(context.live, target_groups={"old": context.live.target_groups["old"]})
    found = {name: phase.verify(environment(), context, gone, {}) for name, phase in PHASES.items()}
    leaving = {name for name, each in found.items() if "candidate-missing" in {problem.code for problem in each}}
    assert PHASES.keys() - leaving == {"undo-phase1", "undo-phase2"}


def test_the_candidate_is_removed_when_no_rule_uses_it() -> None:
    used = Inspection(groups={BALANCER: frozenset({CANDIDATE})})
    refusing = {name for name, phase in PHASES.items() if list(phase.inspect(used, {CANDIDATE}))}
    assert refusing == {"undo-phase1"}


def test_what_is_looked_at_follows_from_the_steps() -> None:
    def those(holds: Callable[[Phase], bool]) -> set[str]:
        return {name for name, phase in PHASES.items() if holds(phase)}

    watching = {
        "monitoring",
        "monitoring-remove",
        "guard-install",
        "guard-remove",
        "controller-install",
        "controller-remove",
        "fleet-install",
        "fleet-remove",
    }
    undoing = {"undo-phase1", "undo-phase2"}
    building = {"phase1", "deploy", "deploy-back"}
    handing_over = {*building, "phase2", "complete", *undoing}
    assert those(lambda phase: phase.hands_over) == handing_over
    assert those(lambda phase: phase.moves_traffic) == PHASES.keys() - handing_over - watching
    assert those(lambda phase: phase.only_watches) == watching
    assert those(lambda phase: phase.undoes) == undoing
    assert those(lambda phase: phase.writes_rules) == PHASES.keys() - watching - undoing - building
    assert those(lambda phase: not phase.needs_targets) == {"phase1", "deploy-back", *undoing}
    assert those(lambda phase: phase.asks_forms) == those(lambda phase: phase.asks_aliases) == building
    assert those(lambda phase: any(step.creates_stack for step in phase.steps)) == {"phase1", "phase2", *watching}
    begin = those(lambda phase: any(step.begins_resources for step in phase.steps))
    assert begin == {*building, "phase2", *watching, "override", "undo-phase2"}
    assert {step.policy for phase in PHASES.values() for step in phase.steps} == POLICIES.keys()


def test_a_rule_that_is_gone_is_not_taken_back() -> None:
    start = PhaseContext(live({"score": LEGACY_FORWARD}))
    given = PHASES["undo-phase2"].program_input("legacy", environment(), start, {})
    assert given.rules == {"score": RuleOwnership.RETAINED, "bulk": RuleOwnership.RELEASED}
    assert given.adopt.keys() == {"score"}


def test_a_build_says_which_groups_begin_to_send_headers_as_lists() -> None:
    now = live({"score": LEGACY_FORWARD, "bulk": LEGACY_FORWARD})

    def warned(*groups: Arn) -> int:
        return len(list(PHASES["phase1"].warnings(environment(), PhaseContext(now, multi_value=frozenset(groups)))))

    assert [warned(), warned(LEGACY), warned(LEGACY, CANDIDATE)] == [0, 1, 0]


def test_header_rules_are_read_back() -> None:
    inventory = environment(header_override=HeaderOverride())
    now = live({"score": LEGACY_FORWARD, "bulk": LEGACY_FORWARD})
    made = with_overrides(inventory, now, planned_overrides(inventory))
    for phase, left, other in (("override", made, now), ("override-remove", now, made)):
        assert list(PHASES[phase].verify(inventory, PhaseContext(now), left, {})) == []
        found = PHASES[phase].verify(inventory, PhaseContext(now), other, {})
        assert {problem.code for problem in found} == {"header-rule-differs"}


def test_phase_3_sets_the_files_weights_and_weight_those_that_are_asked_for() -> None:
    asked = {"score": Percent.of(10)}
    file = dict.fromkeys(("score", "bulk"), Percent.of(30))
    assert PHASES["phase3"].weights(environment(weight=30), asked) == file
    assert PHASES["weight"].weights(environment(weight=30), asked) == asked


def test_what_may_raise_a_weight_gives_way_to_a_rollback() -> None:
    giving_way = {name for name, phase in PHASES.items() if phase.gives_way}
    assert giving_way == {"phase2", "phase3", "weight", "override", "override-remove", "complete"}
    assert {name for name, phase in PHASES.items() if phase.asks_owner} == {"phase2", "complete", "undo-phase2"}
    assert {name for name, phase in PHASES.items() if phase.fits_completed} == {
        *("phase1", "deploy", "deploy-back", "complete", "guard-remove", "controller-remove"),
        *("fleet-install", "fleet-remove"),  # a fleet has no routes
    }


def test_the_runner_knows_no_phase_by_its_name() -> None:
    texts = {
        node.value
        for file in Path(runner.__path__[0]).glob("*.py")
        for node in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(node, ast.Constant)
    }
    assert "rolled-back" in texts
    assert texts & PHASES.keys() == set()
