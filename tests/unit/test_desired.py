from __future__ import annotations

from dataclasses import replace

import pytest

from rollout.alb.header_rules import with_overrides
from rollout.alb.weights import Forward, forward_of
from rollout.errors import Drift
from rollout.inventory.header_rules import planned_overrides
from rollout.inventory.model import CANDIDATE_ONLY, LEGACY_ONLY, PREPARED, Arn, HeaderOverride, RuleOwnership, Split
from rollout.inventory.quantities import Percent
from rollout.migration.desired import Start, overrides_after, program_input, splits_after
from rollout.migration.phases import PHASES
from tests.unit.builders import (
    CANDIDATE,
    HOUR,
    LEGACY,
    LEGACY_FORWARD,
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
    start = Start(
        live({"score": weighted(90, 10), "bulk": LEGACY_FORWARD}),
        routing=(state("score", rule_inputs("score", weighted(90, 10))),),
    )
    after = splits_after(PHASES["phase2"], environment(), start, {})
    assert after == {"score": TEN, "bulk": PREPARED}
    assert program_input(PHASES["phase2"], "routing", environment(), start, after).adopt == {"bulk": rule_arn("bulk")}


def test_a_cutover_cut_off_after_the_rule_changed_adopts_it_as_it_is() -> None:
    start = Start(live({"score": weighted(100, 0), "bulk": LEGACY_FORWARD}), routing=None)
    assert splits_after(PHASES["phase2"], environment(), start, {}) == {"score": PREPARED, "bulk": PREPARED}


@pytest.mark.parametrize(
    ("forward", "then"),
    [
        (weighted(50, 50), Split.at(Percent.of(50))),
        (Forward({LEGACY: 1, CANDIDATE: 0}), PREPARED),
        (Forward({LEGACY: 9, CANDIDATE: 1}), TEN),
        (Forward({LEGACY: 0, CANDIDATE: 1}), Split.at(Percent.of(100))),
    ],
)
def test_a_cutover_adopts_a_live_split_as_it_is(forward: Forward, then: Split) -> None:
    start = Start(live({"score": forward, "bulk": LEGACY_FORWARD}))
    after = splits_after(PHASES["phase2"], environment(), start, {})
    assert after == {"score": then, "bulk": PREPARED}
    assert forward_of(after["score"], LEGACY, CANDIDATE, HOUR).weights == forward.weights


def test_a_cutover_refuses_a_split_of_a_rule_that_only_our_legacy_stack_holds() -> None:
    held = (state("score", rule_inputs("score", LEGACY_FORWARD)),)
    changed = live({"score": weighted(50, 50), "bulk": LEGACY_FORWARD})
    with pytest.raises(Drift) as caught:
        splits_after(PHASES["phase2"], environment(), Start(changed, legacy=held), {})
    assert places(caught.value.problems) == [("routes.score", "unknown-forward")]
    both = Start(changed, legacy=held, routing=held)  # a run that was cut off before legacy let go
    assert splits_after(PHASES["phase2"], environment(), both, {})["score"] == Split.at(Percent.of(50))


@pytest.mark.parametrize(
    "forward",
    [
        Forward({Arn("arn:targetgroup/third/1"): 1}),
        Forward({LEGACY: 1, CANDIDATE: 1, Arn("arn:targetgroup/third/1"): 1}),
        Forward({CANDIDATE: 1}),
        None,
    ],
)
def test_a_cutover_refuses_a_rule_that_already_does_something_else(forward: Forward | None) -> None:
    with pytest.raises(Drift) as caught:
        splits_after(PHASES["phase2"], environment(), Start(live({"score": forward, "bulk": LEGACY_FORWARD})), {})
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
def test_phase_3_goes_to_the_files_weight(now: Forward, file: int, then: Split) -> None:
    inventory = environment(weight=file)
    after = splits_after(PHASES["phase3"], inventory, Start(live({"score": now, "bulk": now})), {})
    assert after == {"score": then, "bulk": then}


def test_a_weight_leaves_routes_alone_that_it_does_not_name() -> None:
    start = Start(live({"score": weighted(95, 5), "bulk": weighted(50, 50)}))
    after = splits_after(PHASES["weight"], environment(weight=0), start, {"score": Percent.of(10)})
    assert after == {"score": TEN, "bulk": Split.at(Percent.of(50))}


def test_the_weight_0_takes_the_candidate_out() -> None:
    start = Start(live({"score": weighted(100, 0), "bulk": weighted(50, 50)}))
    after = splits_after(PHASES["weight"], environment(), start, dict.fromkeys(("score", "bulk"), Percent.of(0)))
    assert after == {"score": LEGACY_ONLY, "bulk": LEGACY_ONLY}


def test_legacy_marks_the_rules_that_it_holds_then_lets_go_of_all() -> None:
    start = Start(
        live({"score": LEGACY_FORWARD, "bulk": LEGACY_FORWARD}),
        legacy=(state("score", rule_inputs("score", LEGACY_FORWARD)),),
    )
    marked = program_input(PHASES["phase1"], "legacy", environment(), start, {}).rules
    assert marked == {"score": RuleOwnership.RETAINED, "bulk": RuleOwnership.RELEASED}
    released = program_input(PHASES["phase2"], "legacy", environment(), start, {}).rules
    assert set(released.values()) == {RuleOwnership.RELEASED}


def test_legacy_takes_all_rules_back_as_phase_1_left_them_then_owns_them() -> None:
    tags = {"team": "shop", "__defaults": []}
    tagged = state("score", rule_inputs("score", LEGACY_FORWARD, tags=tags), retain=True)
    start = Start(live({"score": LEGACY_FORWARD, "bulk": weighted(100, 0)}), legacy=(tagged,))
    after = splits_after(PHASES["undo-phase2"], environment(), start, {})
    assert after == {"score": LEGACY_ONLY, "bulk": LEGACY_ONLY}
    given = program_input(PHASES["undo-phase2"], "legacy", environment(), start, after)
    assert set(given.rules.values()) == {RuleOwnership.RETAINED}
    assert given.adopt == {"bulk": rule_arn("bulk")}  # score was taken back by a run that was cut off
    assert given.tags == {"score": {"team": "shop"}}
    released = program_input(PHASES["undo-phase2"], "routing", environment(), start, after)
    assert set(released.rules.values()) == {RuleOwnership.RELEASED}
    unmarked = Start(start.live, legacy=(replace(tagged, retain_on_delete=False),))
    again = program_input(PHASES["undo-phase2"], "legacy", environment(), unmarked, after).rules
    assert again["score"] == RuleOwnership.OWNED  # phase 1 is undone already
    owned = program_input(PHASES["undo-phase1"], "legacy", environment(), start, {})
    assert owned.rules == {"score": RuleOwnership.OWNED, "bulk": RuleOwnership.RELEASED}
    assert owned.adopt == {}


def test_legacy_is_retired_where_the_candidate_has_everything() -> None:
    start = Start(live({"score": weighted(0, 100), "bulk": Forward({CANDIDATE: 1})}))
    after = splits_after(PHASES["complete"], environment(), start, {})
    assert after == {"score": CANDIDATE_ONLY, "bulk": CANDIDATE_ONLY}
    retired = program_input(PHASES["complete"], "legacy", environment(), start, after).rules
    assert set(retired.values()) == {RuleOwnership.RETIRED}
    later = program_input(PHASES["phase1"], "legacy", environment(completed=True), start, after).rules
    assert later == retired  # a new build doesn't bring legacy back
    with pytest.raises(Drift):
        splits_after(PHASES["complete"], environment(), Start(live({"score": weighted(1, 99)})), {})


def test_a_candidate_with_requests_cannot_be_undone() -> None:
    start = Start(live({"score": weighted(90, 10), "bulk": LEGACY_FORWARD}))
    with pytest.raises(Drift) as caught:
        splits_after(PHASES["undo-phase2"], environment(), start, {})
    assert places(caught.value.problems) == [("routes.score", "unknown-forward")]


def test_the_candidate_is_removed_by_a_program_without_functions() -> None:
    start = Start(live({"score": LEGACY_FORWARD, "bulk": LEGACY_FORWARD}))
    assert program_input(PHASES["phase1"], "candidate", environment(), start, {}).environment.functions
    assert not program_input(PHASES["undo-phase1"], "candidate", environment(), start, {}).environment.functions


def test_monitoring_moves_no_requests_and_a_build_leaves_them() -> None:
    start = Start(live({"score": weighted(90, 10), "bulk": None}))
    for phase in ("monitoring", "monitoring-remove"):
        assert splits_after(PHASES[phase], environment(), start, {}) == {}
    for phase in ("phase1", "undo-phase1"):
        assert splits_after(PHASES[phase], environment(), start, {}) == {"score": TEN}


def test_rules_keep_their_tags_whoever_takes_them() -> None:
    team = {"team": "shop"}
    now = live({"score": weighted(100, 0), "bulk": LEGACY_FORWARD})
    tagged = replace(now, rules=(replace(now.rules[0], tags=team), *now.rules[1:]))
    after = splits_after(PHASES["undo-phase2"], environment(), Start(tagged), {})
    assert program_input(PHASES["undo-phase2"], "legacy", environment(), Start(tagged), after).tags == {"score": team}
    inventory = environment(header_override=HeaderOverride())
    made = with_overrides(inventory, tagged, planned_overrides(inventory))
    weight = program_input(PHASES["weight"], "routing", inventory, Start(made), {})
    assert weight.tags.keys() == {"score", *planned_overrides(inventory)}
    again = program_input(PHASES["override"], "routing", inventory, Start(made), {})
    assert again.tags == {"score": team}  # header rules that stay get those that the program gives
    assert again.overrides == planned_overrides(inventory)


def test_the_monitoring_program_makes_something_in_its_own_phase_alone() -> None:
    start = Start(live({"score": LEGACY_FORWARD, "bulk": LEGACY_FORWARD}))
    made = {
        phase: program_input(PHASES[phase], "monitoring", environment(), start, {}).monitored
        for phase in ("monitoring", "monitoring-remove")
    }
    assert made == {"monitoring": True, "monitoring-remove": False}


def test_header_rules_change_by_override_alone() -> None:
    inventory = environment(header_override=HeaderOverride())
    now = live({"score": LEGACY_FORWARD, "bulk": LEGACY_FORWARD})
    planned = planned_overrides(inventory)
    made = with_overrides(inventory, now, planned)
    assert planned
    assert overrides_after(PHASES["override"], inventory, now) == planned
    assert overrides_after(PHASES["override-remove"], inventory, made) == {}
    for phase in ("phase2", "weight", "complete"):
        assert overrides_after(PHASES[phase], inventory, now) == {}
        assert overrides_after(PHASES[phase], inventory, made) == planned


def test_a_group_that_is_gone_matches_no_split() -> None:
    now = live({"score": Forward({LEGACY: 1}), "bulk": LEGACY_FORWARD})
    without = type(now)(now.account, now.load_balancers, now.listeners, now.rules, {})
    assert without.splits(environment()) == {}
