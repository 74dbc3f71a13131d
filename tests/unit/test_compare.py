from __future__ import annotations

from dataclasses import replace
from typing import Any

from rollout.alb.weights import ForwardAction
from rollout.inventory.conditions import for_endpoint
from rollout.inventory.model import PREPARED, Arn, Split
from rollout.inventory.quantities import Percent
from rollout.migration.checks.compare import stale_rules, unlike_wanted
from rollout.state.plan import StackPreview
from tests.unit.builders import HOUR, LEGACY, LEGACY_FORWARD, environment, live, rule_inputs, step, weighted

TEN = Split.at(Percent.of(10))


def preview(recorded: ForwardAction, wanted: ForwardAction) -> StackPreview:
    return StackPreview(
        "routing", (step("update", "score", rule_inputs("score", recorded), rule_inputs("score", wanted)),)
    )


def test_a_state_that_says_what_is_live_is_fresh() -> None:
    now = live({"score": weighted(95, 5)})
    assert stale_rules(environment(), now, preview(weighted(95, 5), weighted(90, 10)), {"score": TEN}) == {}


def test_a_rule_changed_by_hand_is_told_three_ways() -> None:
    now = live({"score": weighted(50, 50)})
    problem = stale_rules(environment(), now, preview(weighted(95, 5), weighted(90, 10)), {"score": TEN})["score"]
    assert problem is not None
    assert (problem.where, problem.code) == ("routes.score", "rule-changed")
    for said in ("live old 50, new 50", "recorded old 95, new 5", "wanted old 90, new 10"):
        assert said in problem.what


def test_a_rule_that_is_live_as_wanted_only_needs_its_state_tidied() -> None:
    now = live({"score": weighted(90, 10)})
    assert stale_rules(environment(), now, preview(weighted(95, 5), weighted(90, 10)), {"score": TEN}) == {
        "score": None
    }


def test_a_rule_that_is_only_now_adopted_has_no_record() -> None:
    imported = step("import", "score", None, rule_inputs("score", LEGACY_FORWARD))
    updated = step("update", "score", rule_inputs("score", LEGACY_FORWARD), rule_inputs("score", weighted(100, 0)))
    both = StackPreview("routing", (imported, updated))
    assert stale_rules(environment(), live({"score": weighted(1, 1)}), both, {"score": PREPARED}) == {}


def differences(now: ForwardAction, **changed: Any) -> list[str]:
    before = live({"score": weighted(95, 5), "bulk": LEGACY_FORWARD})
    after = live({"score": now, "bulk": LEGACY_FORWARD})
    rules = tuple(replace(rule, **changed) if rule.priority == 10 else rule for rule in after.rules)
    found = list(unlike_wanted(environment(), before, replace(after, rules=rules), {"score": TEN}))
    assert {problem.where for problem in found} <= {"routes.score"}
    return [problem.code for problem in found]


def test_read_back_as_wanted() -> None:
    assert differences(weighted(90, 10)) == []


def test_read_back_with_anything_else_is_told() -> None:
    assert differences(weighted(95, 5)) == ["wrong-forward"]
    assert differences(ForwardAction(weighted(90, 10).weights, HOUR * 2)) == ["wrong-forward"]
    assert differences(weighted(90, 10), arn=Arn("arn:rule/new")) == ["rule-replaced"]
    assert differences(weighted(90, 10), asks=for_endpoint("/*", ())) == ["wrong-conditions"]


def test_a_route_that_is_not_named_must_be_as_it_was() -> None:
    before = live({"score": LEGACY_FORWARD, "bulk": weighted(50, 50)})
    after = live({"score": LEGACY_FORWARD, "bulk": ForwardAction({LEGACY: 1})})
    assert [p.where for p in unlike_wanted(environment(), before, after, {})] == ["routes.bulk"]
