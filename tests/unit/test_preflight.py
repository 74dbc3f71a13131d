from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from rollout.inventory.conditions import Condition, ConditionField, for_endpoint
from rollout.inventory.functions import Function
from rollout.migration.checks.preflight import (
    adoption_problems,
    candidate_problems,
    code_problems,
    handover_problems,
    live_problems,
)
from rollout.state.plan import StackPreview
from tests.unit.builders import LEGACY_FORWARD, environment, live, places, rule_inputs, state, step

NOW = live({"score": LEGACY_FORWARD, "bulk": LEGACY_FORWARD})


def test_aws_as_the_inventory_says_is_fine() -> None:
    assert list(live_problems(environment(), NOW)) == []
    assert list(candidate_problems(environment(), NOW)) == []


def test_all_that_is_missing_is_told_at_once() -> None:
    bare = replace(NOW, load_balancers={}, listeners={}, rules=(), target_groups={})
    assert places(live_problems(environment(), bare)) == [
        ("load-balancers.public", "load-balancer-missing"),
        ("routes.score.legacy", "target-group-missing"),
        ("routes.bulk.legacy", "target-group-missing"),
    ]


def test_a_listener_on_another_port_is_told() -> None:
    found = live_problems(environment(), replace(NOW, listeners={}, rules=()))
    assert places(found) == [("load-balancers.public", "listener-missing")]


def test_a_rule_with_other_conditions_is_told_with_both() -> None:
    rules = tuple(
        replace(rule, asks=for_endpoint("/score/*", ())) if rule.priority == 10 else rule for rule in NOW.rules
    )
    (problem,) = live_problems(environment(), replace(NOW, rules=rules))
    assert (problem.where, problem.code) == ("routes.score", "wrong-conditions")
    hosted = tuple(replace(rule, asks=(*rule.asks, Condition(ConditionField.HOST, ("a.test",)))) for rule in NOW.rules)
    assert "file GET /score/* · live /score/*" in problem.what
    inputs = rule_inputs("score", LEGACY_FORWARD)
    (problem,) = live_problems(environment(), replace(NOW, rules=rules), (state("score", inputs),))
    assert "file GET /score/* · state GET /score/* · live /score/*" in problem.what
    assert len(list(live_problems(environment(), replace(NOW, rules=hosted)))) == 2


def test_a_missing_rule_is_told_with_its_priority() -> None:
    (problem,) = live_problems(environment(), replace(NOW, rules=NOW.rules[1:]))
    assert (problem.where, problem.code) == ("routes.score", "rule-missing")
    assert "at priority 10" in problem.what


def test_a_candidate_group_that_is_not_there_asks_for_phase_1() -> None:
    groups = {"old": NOW.target_groups["old"]}
    (problem,) = candidate_problems(environment(), replace(NOW, target_groups=groups))
    assert problem.code == "candidate-missing"
    assert "rollout phase1 production" in (problem.hint or "")


def test_a_deployment_package_that_is_not_there_is_told(tmp_path: Path) -> None:
    function = Function(runtime="provided.al2023", handler="b", code=Path("x.zip"), target_groups={"public": ("new",)})
    inventory = environment(root=tmp_path, functions={"new": function})
    (problem,) = code_problems(inventory)
    assert (problem.where, problem.code) == ("functions.new.code", "package-missing")
    (tmp_path / "x.zip").write_bytes(b"")
    assert list(code_problems(inventory)) == []


def test_an_unmarked_rule_asks_for_phase_1() -> None:
    inputs = rule_inputs("score", LEGACY_FORWARD)
    found = handover_problems(environment(), NOW, (state("score", inputs),))
    assert places(found) == [("routes.score", "rule-not-retained")]
    assert list(handover_problems(environment(), NOW, (state("score", inputs, retain=True),))) == []


def test_a_rule_that_routing_does_not_hold_asks_for_phase_2() -> None:
    (none,) = adoption_problems(environment(), NOW, None)
    assert none.code == "rule-not-managed"
    assert "rollout phase2 production" in (none.hint or "")
    created = StackPreview("routing", (step("create", "bulk", None, rule_inputs("bulk", LEGACY_FORWARD)),))
    (one,) = adoption_problems(environment(), NOW, created)
    assert one.code == "rule-not-managed"
    assert "bulk" in one.what


def test_a_rule_that_somebody_made_in_place_of_the_recorded_one_asks_for_phase_2() -> None:
    inputs = rule_inputs("bulk", LEGACY_FORWARD)
    preview = StackPreview("routing", (step("same", "bulk", inputs, inputs),))
    assert list(adoption_problems(environment(), NOW, preview)) == []
    (one,) = adoption_problems(environment(), replace(NOW, rules=()), preview)
    assert one.code == "rule-not-managed"
    assert "bulk" in one.what


def test_a_rule_that_was_renumbered_is_told_with_where_it_is() -> None:
    away = tuple(replace(rule, priority=15) if rule.priority == 10 else rule for rule in NOW.rules)
    (problem,) = live_problems(environment(), replace(NOW, rules=away))
    assert (problem.where, problem.code) == ("routes.score", "rule-renumbered")
    assert "priority = 15" in (problem.hint or "")
    swapped = tuple(replace(rule, priority=30 - rule.priority) for rule in NOW.rules)
    assert places(live_problems(environment(), replace(NOW, rules=swapped))) == [
        ("routes.score", "rule-renumbered"),
        ("routes.bulk", "rule-renumbered"),
    ]
