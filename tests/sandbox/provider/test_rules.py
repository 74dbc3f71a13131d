"""Listener rules: weights, stickiness, the two forms of a forward, priorities, and what AWS is sent."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.provider.engine import RULE, UNKNOWN, Engine, Made, bare, failing
from tests.sandbox.provider.samples import PATHS, STICKY, forward, rule
from tests.sandbox.tenant import Tenant, method, path, single, weighted

OFF = {"enabled": False, "duration": 3600}
API_PATHS = [path("/a/*"), method("GET", "POST")]


@pytest.fixture
def inputs(tenant: Tenant) -> dict[str, Any]:
    return rule(tenant)


@pytest.fixture
def one(engine: Engine, inputs: dict[str, Any]) -> Made:
    return engine.make(RULE, inputs)


@pytest.fixture
def groups(inputs: dict[str, Any]) -> tuple[str, str]:
    legacy, candidate = (group["arn"] for group in inputs["actions"][0]["forward"]["targetGroups"])
    return legacy, candidate


def live(tenant: Tenant, one: Made) -> dict[str, Any]:
    return tenant.read({"RuleArn": one.id})


def sent(tenant: Tenant) -> list[tuple[str, dict[str, Any]]]:
    """The changing calls on rules: the action, and what was in it."""
    calls = tenant.sandbox.calls("elasticloadbalancing:*Rule*", tenant.account)
    told = [(call.action.partition(":")[2], dict(call.parameters)) for call in calls]
    return [(action, parameters) for action, parameters in told if not action.startswith("Describe")]


def test_weights_are_kept_even_if_0(tenant: Tenant, one: Made) -> None:
    ((_, created),) = sent(tenant)
    config = created["Actions"][0]["ForwardConfig"]
    assert [group["Weight"] for group in config["TargetGroups"]] == [100, 0]
    assert config["TargetGroupStickinessConfig"] == {"Enabled": True, "DurationSeconds": 3600}
    assert [group["weight"] for group in one.outputs["actions"][0]["forward"]["targetGroups"]] == [100, 0]
    imported = one.engine.import_(RULE, one.id)
    assert imported is not None
    assert [group["weight"] for group in imported.inputs["actions"][0]["forward"]["targetGroups"]] == [100, 0]


def test_weights_change_in_place_with_one_call_of_actions_alone(
    tenant: Tenant, one: Made, inputs: dict[str, Any], groups: tuple[str, str]
) -> None:
    legacy, candidate = groups
    change = {**inputs, "actions": forward({legacy: 60, candidate: 40}, STICKY)}
    found = one.diff(change)
    assert (found.names, found.replaces, found.delete_first) == (["actions"], [], False)
    assert set(found.paths.values()) == {"UPDATE"}
    assert all(path.startswith("actions[0].forward.targetGroups[") for path in found.paths)
    again = one.update(change)
    assert again.id == one.id
    action, given = sent(tenant)[-1]
    assert (action, set(given)) == ("ModifyRule", {"RuleArn", "Actions"})
    assert not again.diff(change).changes


def test_the_order_of_groups_conditions_and_values_says_nothing(
    one: Made, inputs: dict[str, Any], groups: tuple[str, str]
) -> None:
    legacy, candidate = groups
    conditions = [{"httpRequestMethod": {"values": ["POST", "GET"]}}, PATHS[0]]
    turned = {**inputs, "actions": forward({candidate: 0, legacy: 100}, STICKY), "conditions": conditions}
    assert not one.diff(turned).changes


def test_stickiness_that_the_program_drops_is_turned_off(
    tenant: Tenant, one: Made, inputs: dict[str, Any], groups: tuple[str, str]
) -> None:
    dropped = {**inputs, "actions": forward(dict(zip(groups, (100, 0), strict=True)))}
    assert one.diff(dropped).names == ["actions"]
    off = one.update(dropped)
    assert sent(tenant)[-1][1]["Actions"][0]["ForwardConfig"]["TargetGroupStickinessConfig"] == {"Enabled": False}
    assert not off.diff(dropped).changes
    disabled = off.update({**inputs, "actions": forward(dict(zip(groups, (100, 0), strict=True)), OFF)})
    assert disabled.diff(dropped).changes
    disabled.update(dropped)
    assert sent(tenant)[-1][1]["Actions"][0]["ForwardConfig"]["TargetGroupStickinessConfig"] == {"Enabled": False}


def test_a_create_without_stickiness_sends_none(tenant: Tenant, engine: Engine) -> None:
    engine.make(RULE, {**rule(tenant), "actions": forward({tenant.group("alone"): 1})})
    assert "TargetGroupStickinessConfig" not in sent(tenant)[-1][1]["Actions"][0]["ForwardConfig"]


def test_both_forms_of_a_forward_change_into_each_other_in_place(
    tenant: Tenant, one: Made, inputs: dict[str, Any], groups: tuple[str, str]
) -> None:
    legacy, _ = groups
    plain = {**inputs, "actions": [{"type": "forward", "targetGroupArn": legacy}]}
    alone = one.update(plain)
    assert sent(tenant)[-1][1]["Actions"][0].get("TargetGroupArn") == legacy
    assert "forward" not in alone.outputs["actions"][0]
    assert not alone.diff(plain).changes
    back = alone.update(inputs)
    assert (back.id, back.outputs["actions"]) == (one.id, one.outputs["actions"])


def test_the_form_that_the_state_has_is_kept_by_a_refresh(
    tenant: Tenant, engine: Engine, groups: tuple[str, str]
) -> None:
    listener, (legacy, candidate) = tenant.landscape.listeners["internal"], groups
    form = [{"type": "forward", "targetGroupArn": legacy}]
    one = engine.make(RULE, {"listenerArn": listener, "priority": 5, "actions": form, "conditions": PATHS})
    tenant.elb.modify_rule(RuleArn=one.id, Actions=weighted({legacy: 50, candidate: 50}))
    found = one.refresh()
    assert found is not None
    assert found.outputs["actions"][0]["targetGroupArn"] == ""
    assert "forward" not in found.outputs["actions"][0]
    program = {"listenerArn": listener, "priority": 5, "actions": form, "conditions": PATHS}
    assert found.diff(program).names == ["actions"]
    back = found.update(program)
    (told,) = live(tenant, back)["Actions"]
    assert [group["TargetGroupArn"] for group in told["ForwardConfig"]["TargetGroups"]] == [legacy]


def test_a_refresh_tells_each_groups_weight_whatever_their_order(
    tenant: Tenant, one: Made, groups: tuple[str, str]
) -> None:
    legacy, candidate = groups
    more = {"Enabled": True, "DurationSeconds": 3600}
    tenant.elb.modify_rule(RuleArn=one.id, Actions=weighted({candidate: 95, legacy: 5}, more))
    found = one.refresh()
    assert found is not None
    assert bare(found.inputs)["actions"] == forward({legacy: 5, candidate: 95}, STICKY)
    tenant.elb.modify_rule(RuleArn=one.id, Actions=weighted({candidate: 95}, more))
    alone = one.refresh()
    assert alone is not None
    assert bare(alone.inputs)["actions"] == forward({candidate: 95}, STICKY)


def test_drift_is_seen_after_a_refresh_and_undone(
    tenant: Tenant, one: Made, inputs: dict[str, Any], groups: tuple[str, str]
) -> None:
    legacy, candidate = groups
    more = {"Enabled": True, "DurationSeconds": 60}
    tenant.elb.modify_rule(RuleArn=one.id, Actions=weighted({legacy: 5, candidate: 95}, more))
    found = one.refresh()
    assert found is not None
    assert bare(found.inputs)["actions"] == forward({legacy: 5, candidate: 95}, {"enabled": True, "duration": 60})
    assert found.diff(inputs).names == ["actions"]
    found.update(inputs)
    assert tenant.read({"RuleArn": one.id})["Actions"][0]["ForwardConfig"]["TargetGroups"][1]["Weight"] == 0


def test_an_import_tells_both_forms_of_a_single_group(tenant: Tenant, engine: Engine) -> None:
    legacy = tenant.group("legacy")
    made = tenant.rule(single(legacy))
    found = engine.import_(RULE, made["RuleArn"])
    assert found is not None
    (action,) = bare(found.inputs)["actions"]
    assert action["targetGroupArn"] == legacy
    assert action["forward"]["targetGroups"] == [{"arn": legacy}]
    assert (found.inputs["priority"], bare(found.inputs)["conditions"]) == (10, [{"pathPattern": {"values": ["/a"]}}])


def test_an_imported_rule_is_changed_in_place_to_what_the_program_says(
    tenant: Tenant, engine: Engine, inputs: dict[str, Any]
) -> None:
    made = tenant.rule(single(tenant.group("other")), priority=20)
    found = engine.import_(RULE, made["RuleArn"])
    assert found is not None
    difference = found.diff(inputs)
    assert (difference.names, difference.replaces) == (["actions", "conditions"], [])
    again = found.update(inputs)
    assert (again.id, live(tenant, again)["Priority"]) == (made["RuleArn"], "20")
    assert [action for action, _ in sent(tenant)] == ["CreateRule", "ModifyRule"]
    assert not again.diff(inputs).changes


def imported(tenant: Tenant, engine: Engine, inputs: dict[str, Any], group: str) -> tuple[Made, dict[str, Any]]:
    """A rule of a single group that was there before, and a program that gives it by `targetGroupArn`."""
    found = engine.import_(RULE, tenant.rule(single(group), conditions=API_PATHS)["RuleArn"])
    assert found is not None
    return found, {**inputs, "priority": 10, "actions": [{"type": "forward", "targetGroupArn": group}]}


def test_an_imported_rule_is_as_its_program_says_until_it_is_refreshed(
    tenant: Tenant, engine: Engine, inputs: dict[str, Any], groups: tuple[str, str]
) -> None:
    found, program = imported(tenant, engine, inputs, groups[0])
    assert not found.diff(program).changes
    again = found.refresh()
    assert again is not None
    assert again.outputs["actions"][0]["targetGroupArn"] == again.inputs["actions"][0]["targetGroupArn"] == ""
    assert again.diff(program).names == ["actions"]
    same = again.update(program)
    assert not same.diff(program).changes
    assert "forward" not in same.outputs["actions"][0]


@pytest.mark.parametrize("enabled", [True, False])
def test_an_imported_rule_whose_group_keeps_its_clients_differs_from_a_group_by_its_arn(
    tenant: Tenant, engine: Engine, inputs: dict[str, Any], groups: tuple[str, str], *, enabled: bool
) -> None:
    found, program = imported(tenant, engine, inputs, groups[0])
    sticky = {"Enabled": enabled, "DurationSeconds": 3600}
    tenant.elb.modify_rule(RuleArn=found.id, Actions=weighted({groups[0]: 1}, sticky))
    again = engine.import_(RULE, found.id)
    assert again is not None
    assert again.diff(program).names == ["actions"]
    again.update(program)
    assert live(tenant, found)["Actions"][0]["ForwardConfig"]["TargetGroupStickinessConfig"] == {"Enabled": False}


def test_an_imported_rule_differs_from_a_forward_to_the_same_group(
    tenant: Tenant, engine: Engine, inputs: dict[str, Any], groups: tuple[str, str]
) -> None:
    found, program = imported(tenant, engine, inputs, groups[0])
    weighted_form = {**program, "actions": forward({groups[0]: 1})}
    assert found.diff(weighted_form).names == ["actions"]
    assert not found.update(weighted_form).diff(weighted_form).changes


def test_another_group_by_its_arn_alone_is_refused_while_the_state_has_a_forward(
    tenant: Tenant, engine: Engine, inputs: dict[str, Any], groups: tuple[str, str]
) -> None:
    legacy, candidate = groups
    found, program = imported(tenant, engine, inputs, legacy)
    other = {**program, "actions": [{"type": "forward", "targetGroupArn": candidate}]}
    with failing("modifying LB Listener Rule: operation error", "ValidationError"):
        found.update(other)
    told = sent(tenant)[-1][1]["Actions"][0]
    assert told["TargetGroupArn"] == candidate
    assert [group["TargetGroupArn"] for group in told["ForwardConfig"]["TargetGroups"]] == [legacy]
    by_forward = found.update({**other, "actions": forward({candidate: 1})})
    assert live(tenant, by_forward)["Actions"][0]["TargetGroupArn"] == candidate


def test_weights_that_go_leave_no_group_behind(
    tenant: Tenant, one: Made, inputs: dict[str, Any], groups: tuple[str, str]
) -> None:
    one.update({**inputs, "actions": [{"type": "forward", "targetGroupArn": groups[0]}]})
    assert sent(tenant)[-1][1]["Actions"][0]["ForwardConfig"] == {"TargetGroupStickinessConfig": {"Enabled": False}}


def test_a_new_priority_is_set_first_and_alone(
    tenant: Tenant, one: Made, inputs: dict[str, Any], groups: tuple[str, str]
) -> None:
    only = one.update({**inputs, "priority": 21})
    assert sent(tenant)[1:] == [("SetRulePriorities", {"RulePriorities": [{"RuleArn": one.id, "Priority": 21}]})]
    only.update({**inputs, "priority": 22, "actions": forward({groups[0]: 1})})
    assert [action for action, _ in sent(tenant)[2:]] == ["SetRulePriorities", "ModifyRule"]
    assert live(tenant, one)["Priority"] == "22"


def test_without_a_priority_the_next_one_is_taken_and_kept(engine: Engine, one: Made, inputs: dict[str, Any]) -> None:
    unsaid = {key: value for key, value in inputs.items() if key != "priority"}
    second = engine.make(RULE, unsaid)
    assert second.outputs["priority"] == 21
    assert "priority" not in second.inputs
    assert not second.diff(unsaid).changes
    assert not one.diff(unsaid).changes


def test_a_priority_in_use_is_told_as_the_provider_does(one: Made, inputs: dict[str, Any]) -> None:
    with failing(
        "creating ELBv2 Listener Rule: operation error Elastic Load Balancing v2: CreateRule, "
        "https response error StatusCode: 400, RequestID: ",
        "PriorityInUse: Priority '20' is currently in use",
    ):
        one.engine.make(RULE, inputs)


def test_a_change_of_a_rule_that_is_gone_fails(one: Made, inputs: dict[str, Any]) -> None:
    one.delete()
    with failing("modifying LB Listener Rule: operation error", "ModifyRule", "RuleNotFound"):
        one.update({**inputs, "conditions": PATHS[:1]})


def test_another_listener_replaces_the_rule_and_creates_first(
    tenant: Tenant, one: Made, inputs: dict[str, Any]
) -> None:
    found = one.diff({**inputs, "listenerArn": tenant.landscape.listeners["internal"]})
    assert (found.replaces, found.delete_first) == (["listenerArn"], False)
    assert found.paths == {"listenerArn": "UPDATE_REPLACE"}
    unknown = one.diff({**inputs, "listenerArn": UNKNOWN})
    assert (unknown.replaces, unknown.stable) == (["listenerArn"], ["region"])
    assert one.diff(inputs).stable == ["listenerArn", "region"]


@pytest.mark.parametrize("unknown", [UNKNOWN, [UNKNOWN], [{"type": "forward", "targetGroupArn": UNKNOWN}]])
def test_actions_that_are_not_known_yet_are_a_difference(one: Made, inputs: dict[str, Any], unknown: Any) -> None:
    assert one.diff({**inputs, "actions": unknown}).names == ["actions"]


def test_a_preview_knows_no_arn_and_touches_nothing(tenant: Tenant, engine: Engine, inputs: dict[str, Any]) -> None:
    found = engine.preview(RULE, inputs)
    assert (found["arn"], found["priority"]) == (UNKNOWN, 20)
    unsaid = {key: value for key, value in inputs.items() if key != "priority"}
    assert engine.preview(RULE, unsaid)["priority"] == UNKNOWN
    assert sent(tenant) == []


def test_a_preview_of_an_update_touches_nothing(tenant: Tenant, one: Made, inputs: dict[str, Any]) -> None:
    foreseen = one.update({**inputs, "priority": 30}, preview=True)
    assert (foreseen.outputs["priority"], foreseen.outputs["arn"]) == (30, one.id)
    assert [action for action, _ in sent(tenant)] == ["CreateRule"]


@pytest.mark.parametrize(
    ("actions", "text"),
    [
        ([{"type": "forward"}], 'Either "action[0].target_group_arn" or "action[0].forward" must be specified'),
        (
            [{"type": "forward", "targetGroupArn": "arn:aws:a:::d", **forward({"arn:aws:a:::e": 1})[0]}],
            "only if the ARNs match",
        ),
        (
            [{"type": "fixed-response"}],
            'Attribute "action[0].fixed_response" must be specified when "action[0].type" is "fixed-response".',
        ),
        (
            [{"type": "redirect"}],
            'Attribute "action[0].redirect" must be specified when "action[0].type" is "redirect".',
        ),
    ],
)
def test_actions_that_do_not_fit_together_fail_a_preview(
    engine: Engine, one: Made, inputs: dict[str, Any], actions: list[dict[str, Any]], text: str
) -> None:
    with failing(text):
        engine.preview(RULE, {**inputs, "actions": actions})
    with failing(text):
        one.diff({**inputs, "actions": actions})


def test_both_forms_may_be_given_if_they_agree_but_differ_for_ever(
    engine: Engine, inputs: dict[str, Any], groups: tuple[str, str]
) -> None:
    legacy, _ = groups
    both = {**inputs, "actions": [{"type": "forward", "targetGroupArn": legacy, **forward({legacy: 1})[0]}]}
    one = engine.make(RULE, both)
    assert one.outputs["actions"][0]["targetGroupArn"] == ""
    assert one.diff(both).names == ["actions"]
    assert one.update(both).diff(both).names == ["actions"]


def test_every_kind_of_condition_and_action_comes_back(tenant: Tenant, engine: Engine) -> None:
    conditions = [
        {"hostHeader": {"values": ["example.com"]}},
        {"httpHeader": {"httpHeaderName": "X-Of", "values": ["one"]}},
        {"queryStrings": [{"key": "a", "value": "b"}]},
        {"sourceIp": {"values": ["10.0.0.0/8"]}},
    ]
    fixed = {"contentType": "text/plain", "messageBody": "gone", "statusCode": "410"}
    inputs = {
        "listenerArn": tenant.landscape.listeners["public"],
        "priority": 3,
        "conditions": conditions,
        "actions": [{"type": "fixed-response", "fixedResponse": fixed}],
    }
    one = engine.make(RULE, inputs)
    assert not one.diff(inputs).changes
    assert one.outputs["actions"][0]["fixedResponse"] == fixed
    moved = {**inputs, "actions": [{"type": "redirect", "redirect": {"statusCode": "HTTP_301", "path": "/x"}}]}
    found = one.update(moved)
    assert not found.diff(moved).changes
    assert found.outputs["actions"][0]["redirect"]["host"] == "#{host}"


@pytest.mark.parametrize("was", [OFF, {"enabled": True, "duration": 60}])
def test_a_stickiness_that_was_named_and_is_left_out_is_a_difference(
    tenant: Tenant, engine: Engine, was: dict[str, Any]
) -> None:
    legacy, candidate = tenant.groups(2)
    inputs = {**rule(tenant), "actions": forward({legacy: 1, candidate: 1}, was)}
    one = engine.make(RULE, inputs)
    without_it = {**inputs, "actions": forward({legacy: 1, candidate: 1})}
    assert one.diff(without_it).changes
    assert not one.update(without_it).diff(without_it).changes


def test_a_stickiness_that_nobody_named_is_none(tenant: Tenant, engine: Engine) -> None:
    legacy, candidate = tenant.groups(2)
    inputs = {**rule(tenant), "actions": forward({legacy: 1, candidate: 1})}
    assert not engine.make(RULE, inputs).diff(inputs).changes


_AT = "https://login.example.com"
_OIDC = {
    **{name: f"{_AT}/{name}" for name in ("authorizationEndpoint", "issuer", "tokenEndpoint", "userInfoEndpoint")},
    "clientId": "id",
    "clientSecret": "shh",
    "authenticationRequestExtraParams": {"prompt": "login"},
}
_POOL = "arn:aws:cognito-idp:us-west-2:123456789012:userpool/us-west-2_Example"
_COGNITO = {"userPoolArn": _POOL, "userPoolClientId": "id", "userPoolDomain": "shop", "scope": "email"}
_CLAIM = {"format": "single-string", "name": "aud", "values": ["shop"]}
_JWT = {"issuer": _AT, "jwksEndpoint": f"{_AT}/jwks", "additionalClaims": [_CLAIM]}


@pytest.mark.parametrize(
    ("name", "settings"), [("authenticateOidc", _OIDC), ("authenticateCognito", _COGNITO), ("jwtValidation", _JWT)]
)
def test_what_comes_before_a_forward_comes_back(
    tenant: Tenant, engine: Engine, inputs: dict[str, Any], name: str, settings: dict[str, Any]
) -> None:
    kind = {"authenticateOidc": "authenticate-oidc", "authenticateCognito": "authenticate-cognito"}
    before = {"type": kind.get(name, "jwt-validation"), name: settings}
    inputs = {**inputs, "actions": [before, *inputs["actions"]]}
    one = engine.make(RULE, inputs)
    told = one.outputs["actions"][0][name]
    assert {key: told[key] for key in settings} == settings  # a client secret from the state, since AWS tells none
    assert not one.diff(inputs).changes
    refreshed = one.refresh()
    assert refreshed
    assert not refreshed.diff(inputs).changes
    found = engine.import_(RULE, one.id)
    assert found
    assert "shh" not in str(found.outputs)


def test_transforms_that_the_program_leaves_out_are_taken_away(
    tenant: Tenant, engine: Engine, inputs: dict[str, Any]
) -> None:
    """As the real provider does, which is why a rule that has some is only read by rollout."""
    rewrite = {"type": "url-rewrite", "urlRewriteConfig": {"rewrite": {"regex": "^/v1/(.*)", "replace": "/$1"}}}
    one = engine.make(RULE, {**inputs, "transforms": [rewrite]})
    assert one.outputs["transforms"] == [rewrite]
    assert not one.diff({**inputs, "transforms": [rewrite]}).changes
    assert one.diff(inputs).names == ["transforms"]
    one.update(inputs)
    assert not live(tenant, one).get("Transforms")
    assert sent(tenant)[-1][1]["ResetTransforms"] in (True, "true")
