from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from rollout.alb.weights import ForwardAction
from rollout.errors import EngineError
from rollout.state.plan import (
    LISTENER_RULE,
    SECRET,
    Op,
    ResourceState,
    StackPreview,
    change_of,
    changed_inputs,
    conditions_told,
    forward_in,
    same_conditions,
    states_of,
    without_header_values,
)
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


@pytest.mark.parametrize("op", ["replace", "create-replacement", "delete-replaced"])
def test_every_part_of_a_replacement_is_one(op: str) -> None:
    inputs = rule_inputs("score", LEGACY_FORWARD)
    assert step(op, "score", inputs, inputs).op is Op.REPLACE


def test_what_was_only_read_becomes_a_stacks_own_by_an_import() -> None:
    """The engine's steps, as its events have them: the state of what is read has no inputs."""
    inputs = rule_inputs("score", LEGACY_FORWARD)
    read, own = state("score", {}), state("score", inputs)
    steps = [change_of("import-replacement", None, own), change_of("replace", read, own)]
    steps.append(change_of("discard-replaced", read, None))
    assert [step.op for step in steps] == [Op.IMPORT, Op.SAME, Op.SAME]
    assert change_of("create-replacement", read, own).op is Op.CREATE
    assert [change_of("read", old, read).op for old in (None, read, own)] == [Op.IMPORT, Op.SAME, Op.SAME]
    assert change_of("discard", read, None).op is Op.RELEASE


def test_an_option_of_the_state_that_changes_with_more_is_an_update() -> None:
    old, new = (state("score", rule_inputs("score", LEGACY_FORWARD), retain=retain) for retain in (False, True))
    assert change_of("same", old, new).op is Op.STATE
    assert change_of("update", old, new).op is Op.UPDATE
    assert change_of("refresh", old, new).op is Op.SAME


def test_only_an_update_becomes_a_replacement_by_what_its_diff_holds() -> None:
    kept = state("score", rule_inputs("score", LEGACY_FORWARD))
    assert change_of("update", kept, kept, replaces=True).op is Op.REPLACE
    assert change_of("delete", kept, None, replaces=True).op is Op.DELETE
    assert change_of("import", None, kept, replaces=True).op is Op.IMPORT


def test_an_unknown_operation_is_no_harmless_one() -> None:
    assert step("teleport", "score", {}, {}).op is Op.OTHER


def test_the_order_of_groups_and_conditions_and_the_bridges_notes_are_no_difference() -> None:
    one = rule_inputs("score", weighted(90, 10), __defaults=[])
    other = rule_inputs("score", weighted(90, 10))
    other["conditions"] = [{**c, "__defaults": []} for c in reversed(other["conditions"])]
    other["actions"][0]["forward"]["targetGroups"].reverse()
    one["conditions"][1] = {"httpRequestMethod": {"values": ["GET", "PUT"]}}
    other["conditions"][0] = {"httpRequestMethod": {"values": ["PUT", "GET"]}}
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


def test_the_digest_is_the_same_in_any_order() -> None:
    one, other = (step("create", name, None, rule_inputs(name, LEGACY_FORWARD)) for name in ("score", "bulk"))
    assert StackPreview("routing", (one, other)).digest == StackPreview("routing", (other, one)).digest


@pytest.mark.parametrize("key", ["listenerArn", "priority", "tags", "transforms", "region"])
def test_each_input_of_a_rule_that_aws_has_is_a_difference(key: str) -> None:
    inputs = {**rule_inputs("score", LEGACY_FORWARD), key: {"a": "1"}}
    before, after = state("score", inputs), state("score", {**inputs, key: {"a": "2"}})
    assert changed_inputs("aws:lb/listenerRule:ListenerRule", before, after) == (key,)


def test_what_aws_was_read_to_have_changes_only_if_the_engine_says_so() -> None:
    log_group = "aws:cloudwatch/logGroup:LogGroup"
    old = state("logs", {"name": "logs", "readOnly": "x", "kmsKeyId": "key"}, log_group)
    new = state("logs", {"name": "logs", "retentionInDays": 7}, log_group)
    assert change_of("update", old, new, diffs=["retentionInDays"]).properties == ("retentionInDays",)
    said = change_of("update", old, new, diffs=["retentionInDays", "kmsKeyId"]).properties
    assert said == ("kmsKeyId", "retentionInDays")
    assert "readOnly" in change_of("update", old, new).properties  # the engine says nothing: all of it counts


EXPORTED = {
    "urn": "urn:pulumi:production::shop-routing::aws:lb/listenerRule:ListenerRule::score",
    "type": "aws:lb/listenerRule:ListenerRule",
    "custom": True,
}


def test_an_exported_resource_is_read_with_all_that_it_has() -> None:
    whole = EXPORTED | {
        "id": "arn:rule/score",
        "retainOnDelete": True,
        "inputs": {"priority": 1},
        "outputs": {"arn": "a"},
        "parent": "urn:parent",
        "provider": "urn:provider::id",
        "somethingNew": {},
    }
    (found,) = states_of([whole])
    assert (found.urn, found.type, found.name) == (EXPORTED["urn"], EXPORTED["type"], "score")
    assert (found.id, found.custom, found.retain_on_delete) == ("arn:rule/score", True, True)
    assert (found.inputs, found.outputs) == ({"priority": 1}, {"arn": "a"})
    assert (found.parent, found.provider) == ("urn:parent", "urn:provider::id")
    assert str(found) == "ListenerRule score"


def test_an_exported_component_has_little_and_what_is_to_be_deleted_does_not_count() -> None:
    component = {"urn": "urn:pulumi:production::shop::rollout:index:X::x", "type": "rollout:index:X"}
    (found,) = states_of([component, EXPORTED | {"delete": True}])
    assert found == ResourceState(component["urn"], component["type"], custom=False)
    assert (found.id, found.parent, found.provider, found.retain_on_delete) == ("", "", "", False)


@pytest.mark.parametrize("bad", [{"type": "t"}, EXPORTED | {"inputs": 3}, EXPORTED | {"retainOnDelete": "yes"}])
def test_a_state_of_another_shape_is_no_empty_one(bad: dict[str, object]) -> None:
    with pytest.raises(EngineError) as caught:
        states_of([bad])
    assert caught.value.code == "state-unreadable"


def test_operations_have_the_words_that_json_shows() -> None:
    assert {op.value for op in Op} == {
        *("same", "create", "update", "replace", "delete", "release", "import", "state", "other"),
    }
    inputs = rule_inputs("score", LEGACY_FORWARD)
    for op in ("create", "import"):
        assert step(op, "score", None, inputs).op is Op(op)
    for op in ("refresh", "read"):
        assert step(op, "score", inputs, inputs).op is Op.SAME
    assert step("discard-replaced", "score", inputs, None).op is Op.REPLACE


def test_an_update_without_a_difference_in_its_inputs_names_what_the_engine_says() -> None:
    kind = "aws:lambda/function:Function"
    same = state("f", {"name": "f"}, kind)
    assert change_of("update", same, same, diffs=["b", "a"]).properties == ("a", "b")
    assert change_of("update", same, same).properties == ("something unknown",)
    rule = state("score", rule_inputs("score", LEGACY_FORWARD))
    assert change_of("update", rule, rule, diffs=["actions"]).properties == ()


def test_a_step_without_any_state_is_about_nothing() -> None:
    nothing = change_of("create", None, None)
    assert (nothing.urn, nothing.type, nothing.rule, nothing.is_real) == ("", "", "", False)


def test_a_rule_is_known_by_its_id_before_and_after() -> None:
    inputs = rule_inputs("score", LEGACY_FORWARD)
    assert step("delete", "score", inputs, None).rule == "arn:rule/score"
    assert step("import", "score", None, inputs).rule == "arn:rule/score"


def test_what_is_unchanged_is_counted_without_components() -> None:
    inputs = rule_inputs("score", LEGACY_FORWARD)
    component = change_of("same", *[replace(state("c", {}, "rollout:index:WeightedRule"), custom=False)] * 2)
    preview = StackPreview(
        "routing", (step("same", "score", inputs, inputs), component, step("delete", "b", inputs, None))
    )
    assert (preview.unchanged, len(preview.changes)) == (1, 1)
    assert StackPreview("routing", preview.steps[:2]).unchanged == 1


def test_the_digest_does_not_hang_on_names_that_the_provider_made_up() -> None:
    def digest(name: str, *defaults: str) -> str:
        inputs = {"name": name, "role": "r", "__defaults": list(defaults)}
        return StackPreview(
            "candidate", (change_of("create", None, state("p", inputs, "aws:iam/rolePolicy:P")),)
        ).digest

    assert digest("p-0a1b2c3", "name") == digest("p-4d5e6f7", "name")
    assert digest("p-0a1b2c3") != digest("p-4d5e6f7")  # a program chose them
    assert digest("p-default", "name") != digest("q-default", "name")


def test_the_digest_does_not_hang_on_what_stays() -> None:
    inputs = rule_inputs("score", LEGACY_FORWARD)
    change = step("create", "bulk", None, inputs)
    with_rest = StackPreview("routing", (step("same", "score", inputs, inputs), change))
    assert StackPreview("routing", (change,)).digest == with_rest.digest
    assert len(with_rest.digest) == 12


RULE = "aws:lb/listenerRule:ListenerRule"


def named(old: dict[str, object], new: dict[str, object], *diffs: str, **outputs: object) -> tuple[str, ...]:
    before = replace(state("score", old), outputs=outputs) if outputs else state("score", old)
    return changed_inputs(RULE, before, state("score", new), diffs)


def test_states_of_an_older_provider_have_no_region_and_no_tags() -> None:
    wanted = rule_inputs("score", LEGACY_FORWARD, tags={})
    older = {key: value for key, value in wanted.items() if key not in ("region", "tags")}
    assert named(older, wanted) == ()
    assert named(wanted, wanted | {"region": "eu-west-1"}) == ("region",)
    assert named(older, wanted | {"tags": {"a": "b"}}) == ("tags",)


def test_an_input_that_the_state_knows_by_reading_is_no_difference() -> None:
    kind = "aws:lambda/function:Function"
    old = replace(state("f", {"name": "f"}, kind), outputs={"timeout": 3, "memorySize": 128})
    new = state("f", {"name": "f", "timeout": 3, "memorySize": 256}, kind)
    assert changed_inputs(kind, old, new) == ("memorySize",)


def test_the_engines_paths_name_the_inputs_at_their_top() -> None:
    kind = "aws:lambda/function:Function"
    old, new = state("f", {"tags": {"a": "b"}, "layers": ["l"], "role": "r"}, kind), state("f", {}, kind)
    assert changed_inputs(kind, old, new, ["tags.a", "layers[0]"]) == ("layers", "tags")


def test_a_rule_whose_action_is_not_one_forward_always_counts() -> None:
    wanted = rule_inputs("score", LEGACY_FORWARD)
    odd = wanted | {"actions": [{"type": "redirect"}]}
    assert named(odd, odd) == ("actions",)


def test_conditions_of_any_kind_are_compared_and_empty_ones_say_nothing() -> None:
    header = {"httpHeader": {"httpHeaderName": "X-A", "values": ["a", "b"]}}
    one = rule_inputs("score", LEGACY_FORWARD, conditions=[{"pathPattern": {}, **header}])
    other = rule_inputs(
        "score", LEGACY_FORWARD, conditions=[{"httpHeader": {"httpHeaderName": "X-A", "values": ["b", "a"]}}]
    )
    assert named(one, other) == ()
    by_expression = rule_inputs(
        "score", LEGACY_FORWARD, conditions=[{"httpHeader": {"httpHeaderName": "X-A", "regexValues": ["a"]}}]
    )
    assert named(by_expression, by_expression) == ()
    assert named(one, by_expression) == ("conditions",)


def test_after_a_refresh_a_rule_is_what_its_outputs_say() -> None:
    wanted = rule_inputs("score", weighted(90, 10))
    outputs = rule_inputs("score", weighted(50, 50))
    assert named(wanted, wanted, **outputs) == ("actions",)
    assert named(wanted, wanted, arn="arn:rule/score") == ()


@pytest.mark.parametrize(
    ("actions", "forward"),
    [
        ([], None),
        ([{"type": "redirect"}], None),
        ([{"type": "authenticate-oidc"}, {"type": "forward", "targetGroupArn": LEGACY}], LEGACY_FORWARD),
        ([{"type": "forward", "targetGroupArn": LEGACY}, {"type": "redirect"}], None),
        ([{"type": "forward", "targetGroupArn": LEGACY}], LEGACY_FORWARD),
        ([{"type": "forward", "forward": {"targetGroups": [{"arn": LEGACY, "weight": 7}]}}], LEGACY_FORWARD),
        (
            [{"type": "forward", "forward": {"targetGroups": [{"arn": LEGACY}, {"arn": CANDIDATE, "weight": "3"}]}}],
            ForwardAction({LEGACY: 1, CANDIDATE: 3}),
        ),
        (
            [
                {
                    "type": "forward",
                    "targetGroupArn": LEGACY,
                    "forward": {"stickiness": {"enabled": True, "duration": 60}},
                }
            ],
            ForwardAction({LEGACY: 1}, timedelta(minutes=1)),
        ),
        (
            [
                {
                    "type": "forward",
                    "targetGroupArn": LEGACY,
                    "forward": {"stickiness": {"enabled": False, "duration": 60}},
                }
            ],
            LEGACY_FORWARD,
        ),
        (
            [{"type": "forward", "targetGroupArn": LEGACY, "forward": {"stickiness": {"enabled": True}}}],
            ForwardAction({LEGACY: 1}, timedelta(0)),
        ),
    ],
)
def test_a_forward_action_is_read_in_each_of_its_forms(
    actions: list[dict[str, object]], forward: ForwardAction | None
) -> None:
    assert forward_in({"actions": actions}) == forward
    assert forward_in({}) is None


def test_conditions_are_told_by_their_values_and_others_by_their_kind() -> None:
    both = rule_inputs("score", LEGACY_FORWARD)
    both["conditions"] += [{"hostHeader": {"values": ["shop.test"]}}, {"sourceIp": {}}]
    assert conditions_told(both) == "GET /score/* host shop.test"
    several = {"conditions": [{"httpRequestMethod": {"values": ["PUT", "GET"]}}]}
    assert conditions_told(several) == "GET|PUT"
    assert conditions_told({}) == conditions_told({"conditions": [{}]}) == "no conditions"


def test_a_rules_header_values_are_shown_to_nobody() -> None:
    header = {"httpHeader": {"httpHeaderName": "X-Key", "values": ["s3cret"], "regexValues": ["s3.*"]}}
    shown = without_header_values({"conditions": [header, {"pathPattern": {"values": ["/a"]}}], "priority": 1})
    assert shown == {
        "conditions": [
            {"httpHeader": {"httpHeaderName": "X-Key", "values": "**********", "regexValues": "**********"}},
            {"pathPattern": {"values": ["/a"]}},
        ],
        "priority": 1,
    }


HIDDEN_ONES = {"conditions": SECRET}


@pytest.mark.parametrize(("diffs", "named_ones"), [(["actions"], ()), (["conditions[1].httpHeader"], ("conditions",))])
def test_of_conditions_that_the_engine_hides_its_own_diff_tells(diffs: list[str], named_ones: tuple[str, ...]) -> None:
    wanted = rule_inputs("score", LEGACY_FORWARD)
    old, new = state("score", wanted | HIDDEN_ONES), state("score", wanted | HIDDEN_ONES)
    assert changed_inputs(LISTENER_RULE, old, new, diffs) == named_ones
    assert same_conditions(wanted, wanted | HIDDEN_ONES)


def test_of_a_headers_hidden_values_everything_else_is_compared() -> None:
    def asked(path: str, values: object) -> dict[str, object]:
        header = {"httpHeader": {"httpHeaderName": "X-A", "values": values}}
        return rule_inputs("score", LEGACY_FORWARD, conditions=[{"pathPattern": {"values": [path]}}, header])

    assert same_conditions(asked("/a", ["s3cr3t"]), asked("/a", SECRET))
    assert not same_conditions(asked("/b", ["s3cr3t"]), asked("/a", SECRET))
    assert not same_conditions(asked("/a", ["s3cr3t"]), asked("/a", ["other"]))


def test_what_a_state_has_of_hidden_conditions_is_told_as_not_shown() -> None:
    assert without_header_values({"priority": 1} | HIDDEN_ONES) == {"priority": 1, "conditions": "**********"}
    assert conditions_told(HIDDEN_ONES) == "(not shown)"
