from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from rollout.alb.extras import Extras, Kept
from rollout.alb.weights import ForwardAction
from rollout.inventory.conditions import for_endpoint
from rollout.inventory.model import PREPARED, Arn, Split
from rollout.inventory.quantities import Percent
from rollout.migration.checks.compare import stale_rules, unlike_wanted
from rollout.state.plan import StackPreview, forward_in
from tests.unit.builders import HOUR, LEGACY, LEGACY_FORWARD, environment, live, rule_inputs, step, weighted

TEN = Split.at(Percent.of(10))
LOGIN, REWRITE = Kept("authenticate-oidc", "{}"), Kept("url-rewrite", "{}")


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


@pytest.mark.parametrize("transforms", [None, [], [{"type": "url-rewrite"}]])
def test_a_rule_that_does_more_or_less_than_recorded_is_told(transforms: list[dict[str, str]] | None) -> None:
    inputs = rule_inputs("score", weighted(90, 10)) | ({} if transforms is None else {"transforms": transforms})
    states = StackPreview("routing", (step("same", "score", inputs, inputs),))
    plain = live({"score": weighted(90, 10)})
    for kept, more in (((LOGIN,), ()), ((), (REWRITE,)), ((), ())):
        extras = Extras(before=kept, transforms=more)
        now = replace(plain, rules=tuple(replace(rule, extras=extras) for rule in plain.rules))
        found = stale_rules(environment(), now, states, {"score": TEN})
        is_seen = bool(kept) or (transforms is not None and len(transforms) != len(more))
        assert [problem and problem.code for problem in found.values()] == ["extras-changed"] * is_seen


def test_of_a_rule_whose_actions_the_state_hides_nothing_is_said() -> None:
    """A secret in one of them hides all, as a stack's own login has one."""
    hidden = {**rule_inputs("score", LEGACY_FORWARD), "actions": {"ciphertext": "v1:x"}}
    states = StackPreview("routing", (step("same", "score", hidden, hidden),))
    assert stale_rules(environment(), live({"score": weighted(90, 10)}), states, {"score": TEN}) == {}
    assert forward_in(hidden) is None


def differences(now: ForwardAction, **changed: Any) -> list[str]:
    before = live({"score": weighted(95, 5), "bulk": LEGACY_FORWARD})
    after = live({"score": now, "bulk": LEGACY_FORWARD})
    rules = tuple(replace(rule, **changed) if rule.priority == 10 else rule for rule in after.rules)
    found = list(unlike_wanted(environment(), before, replace(after, rules=rules), {"score": TEN}))
    assert {problem.where for problem in found} <= {"routes.score"}
    return [problem.code for problem in found]


def test_what_a_rule_lost_beside_its_forward_is_told() -> None:
    assert differences(weighted(90, 10), extras=Extras(transforms=(REWRITE,))) == ["extras-changed"]


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
