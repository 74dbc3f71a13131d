from __future__ import annotations

from dataclasses import replace

import pytest

from rollout.changes.plan import Op, StackPreview, change_of, changed_inputs
from tests.unit.builders import CANDIDATE, LEGACY, LEGACY_FORWARD, rule_inputs, state, step, weighted


def test_a_retained_delete_is_told_from_a_real_one() -> None:
    inputs = rule_inputs("score", LEGACY_FORWARD)
    assert step("delete", "score", inputs, None, retain=True).op is Op.RELEASE
    assert step("delete", "score", inputs, None).op is Op.DELETE


def test_a_changed_option_alone_is_a_change_of_the_state() -> None:
    inputs = rule_inputs("score", LEGACY_FORWARD)
    marked = change_of("same", state("score", inputs), state("score", inputs, retain=True))
    assert marked.op is Op.STATE
    assert step("same", "score", inputs, inputs).op is Op.SAME


@pytest.mark.parametrize("op", ["replace", "create-replacement", "delete-replaced", "import-replacement"])
def test_every_part_of_a_replacement_is_one(op: str) -> None:
    inputs = rule_inputs("score", LEGACY_FORWARD)
    assert step(op, "score", inputs, inputs).op is Op.REPLACE


def test_an_unknown_operation_is_no_harmless_one() -> None:
    assert step("teleport", "score", {}, {}).op is Op.OTHER


def test_the_order_of_groups_and_conditions_and_the_bridges_notes_are_no_difference() -> None:
    one = rule_inputs("score", weighted(90, 10), __defaults=[])
    other = rule_inputs("score", weighted(90, 10))
    other["conditions"] = [{**c, "__defaults": []} for c in reversed(other["conditions"])]
    other["actions"][0]["forward"]["targetGroups"].reverse()
    other["actions"][0]["order"] = 1
    assert changed_inputs("aws:lb/listenerRule:ListenerRule", state("score", one), state("score", other)) == ()


def test_a_lone_group_means_the_same_in_both_of_awss_forms() -> None:
    one = rule_inputs("score", LEGACY_FORWARD)
    other = rule_inputs("score", LEGACY_FORWARD, actions=[{"type": "forward", "targetGroupArn": LEGACY}])
    assert changed_inputs("aws:lb/listenerRule:ListenerRule", state("score", one), state("score", other)) == ()


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"actions": rule_inputs("score", weighted(50, 50))["actions"]}, ("actions",)),
        ({"actions": [{"type": "redirect"}]}, ("actions",)),
        ({"conditions": [{"pathPattern": {"values": ["/other"]}}]}, ("conditions",)),
        ({"priority": 11}, ("priority",)),
        ({"tags": {"team": "x"}}, ("tags",)),
        ({"actions": [{"type": "forward", "targetGroupArn": CANDIDATE}], "priority": 9}, ("actions", "priority")),
    ],
)
def test_what_really_differs_is_named(change: dict[str, object], named: tuple[str, ...]) -> None:
    before = rule_inputs("score", LEGACY_FORWARD)
    assert (
        changed_inputs("aws:lb/listenerRule:ListenerRule", state("score", before), state("score", before | change))
        == named
    )


def test_holes_that_a_refresh_left_in_the_inputs_are_no_difference() -> None:
    wanted = rule_inputs("score", weighted(90, 10))
    refreshed = replace(state("score", wanted | {"conditions": [{}, {}]}), outputs=wanted)
    assert changed_inputs("aws:lb/listenerRule:ListenerRule", refreshed, state("score", wanted)) == ()


def test_a_dropped_input_is_a_difference() -> None:
    before, after = {"name": "f", "layers": ["l"]}, {"name": "f"}
    kind = "aws:lambda/function:Function"
    assert changed_inputs(kind, state("f", before, kind), state("f", after, kind)) == ("layers",)


def test_components_and_providers_are_no_resources_on_aws() -> None:
    component = change_of("create", None, replace(state("c", {}, "rollout:index:WeightedRule"), custom=False))
    provider = change_of("create", None, state("default", {}, "pulumi:providers:aws"))
    assert StackPreview("routing", (component, provider)).changes == ()


def test_the_digest_names_exactly_these_changes() -> None:
    before = rule_inputs("score", LEGACY_FORWARD)
    ten = StackPreview("routing", (step("update", "score", before, rule_inputs("score", weighted(90, 10))),))
    again = StackPreview("routing", (step("update", "score", before, rule_inputs("score", weighted(90, 10))),))
    twenty = StackPreview("routing", (step("update", "score", before, rule_inputs("score", weighted(80, 20))),))
    assert ten.digest == again.digest != twenty.digest


def test_what_aws_was_read_to_have_changes_only_if_the_engine_says_so() -> None:
    log_group = "aws:cloudwatch/logGroup:LogGroup"
    old = state("logs", {"name": "logs", "readOnly": "x", "kmsKeyId": "key"}, log_group)
    new = state("logs", {"name": "logs", "retentionInDays": 7}, log_group)
    assert change_of("update", old, new, diffs=["retentionInDays"]).properties == ("retentionInDays",)
    said = change_of("update", old, new, diffs=["retentionInDays", "kmsKeyId"]).properties
    assert said == ("kmsKeyId", "retentionInDays")
    assert "readOnly" in change_of("update", old, new).properties  # the engine says nothing: all of it counts
