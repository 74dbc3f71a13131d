"""What AWS takes in a rule's actions, and how it gives them back."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.tenant import Tenant, refused, single, weighted

OFF = {"Enabled": False}


@pytest.mark.parametrize("weights", [(0, 999), (999, 0), (1, 0), (500, 499)])
def test_weights_from_0_to_999_are_kept(tenant: Tenant, weights: tuple[int, int]) -> None:
    groups = tenant.groups(2)
    rule = tenant.rule(weighted(dict(zip(groups, weights, strict=True))))
    forward = tenant.read(rule)["Actions"][0]["ForwardConfig"]
    assert [group["Weight"] for group in forward["TargetGroups"]] == list(weights)


@pytest.mark.parametrize("weight", [1000, -1])
def test_other_weights_are_refused(tenant: Tenant, weight: int) -> None:
    one, other = tenant.groups(2)
    with refused("ValidationError", "The weight for each target group must be between 0 and 999, inclusive"):
        tenant.rule(weighted({one: 1, other: weight}))


def test_a_refused_change_leaves_the_rule_alone(tenant: Tenant) -> None:
    one, other = tenant.groups(2)
    rule = tenant.rule(weighted({one: 100, other: 0}))
    before = tenant.read(rule)
    with refused("ValidationError", "between 0 and 999"):
        tenant.elb.modify_rule(RuleArn=rule["RuleArn"], Actions=weighted({one: 0, other: 1000}))
    assert tenant.read(rule) == before


def test_several_groups_need_weights(tenant: Tenant) -> None:
    one, other = tenant.groups(2)
    with refused("ValidationError", "You must specify a weight for each target group"):
        tenant.rule(weighted({one: 1, other: None}))


def test_the_weights_cannot_all_be_0(tenant: Tenant) -> None:
    one, other = tenant.groups(2)
    with refused("ValidationError", "can't all be 0"):
        tenant.rule(weighted({one: 0, other: 0}))


def test_an_action_has_at_most_five_groups(tenant: Tenant) -> None:
    groups = tenant.groups(6)
    tenant.rule(weighted(dict.fromkeys(groups[:5], 1)))
    with refused("InvalidLoadBalancerAction", "at most '5' target groups"):
        tenant.rule(weighted(dict.fromkeys(groups, 1)), priority=11)


def test_a_rule_has_one_action_that_answers(tenant: Tenant) -> None:
    group = tenant.group("group")
    with refused("TooManyActions", "limit on the number of actions"):
        tenant.rule([*single(group), *single(group)])


@pytest.mark.parametrize("seconds", [1, 604_800])
def test_stickiness_within_its_range_is_kept(tenant: Tenant, seconds: int) -> None:
    one, other = tenant.groups(2)
    on = {"Enabled": True, "DurationSeconds": seconds}
    rule = tenant.rule(weighted({one: 1, other: 1}, on))
    assert tenant.read(rule)["Actions"][0]["ForwardConfig"]["TargetGroupStickinessConfig"] == on


@pytest.mark.parametrize("seconds", [0, 604_801])
def test_stickiness_out_of_its_range_is_refused(tenant: Tenant, seconds: int) -> None:
    one, other = tenant.groups(2)
    with refused("ValidationError", "between 1 and 604800 seconds"):
        tenant.rule(weighted({one: 1, other: 1}, {"Enabled": True, "DurationSeconds": seconds}))


def test_stickiness_needs_a_duration(tenant: Tenant) -> None:
    one, other = tenant.groups(2)
    with refused("ValidationError", "A duration must be specified"):
        tenant.rule(weighted({one: 1, other: 1}, {"Enabled": True}))


@pytest.mark.parametrize("form", ["arn", "forward", "both"])
def test_a_single_group_reads_the_same_in_every_form(tenant: Tenant, form: str) -> None:
    group = tenant.group("group")
    forms: dict[str, dict[str, Any]] = {"arn": single(group)[0], "forward": weighted({group: None})[0]}
    forms["both"] = forms["arn"] | forms["forward"]
    rule = tenant.rule([forms[form]])
    assert tenant.read(rule)["Actions"] == [
        {
            "Type": "forward",
            "Order": 1,
            "TargetGroupArn": group,
            "ForwardConfig": {
                "TargetGroups": [{"TargetGroupArn": group, "Weight": 1}],
                "TargetGroupStickinessConfig": OFF,
            },
        }
    ]


def test_several_groups_read_without_a_single_arn(tenant: Tenant) -> None:
    one, other = tenant.groups(2)
    action = tenant.read(tenant.rule(weighted({one: 100, other: 0})))["Actions"][0]
    assert "TargetGroupArn" not in action
    assert action["ForwardConfig"]["TargetGroupStickinessConfig"] == OFF


def test_an_arn_beside_other_groups_is_refused(tenant: Tenant) -> None:
    one, other = tenant.groups(2)
    for weights in ({one: 1, other: 1}, {other: 1}):
        with refused("ValidationError", "only one target group, and it must be the same"):
            tenant.rule([single(one)[0] | weighted(weights)[0]])


def test_a_forward_needs_a_group(tenant: Tenant) -> None:
    with refused("ValidationError", "A target group must be specified"):
        tenant.rule([{"Type": "forward"}])


def test_a_group_that_is_not_there_is_refused(tenant: Tenant) -> None:
    group = tenant.group("group")
    with refused("TargetGroupNotFound", "not found"):
        tenant.rule(single(f"{group}0"))
    rule = tenant.rule(single(group))
    with refused("TargetGroupNotFound", "not found"):
        tenant.elb.modify_rule(RuleArn=rule["RuleArn"], Actions=single(f"{group}0"))


OIDC = {
    "Issuer": "https://issuer.example",
    "AuthorizationEndpoint": "https://login.example/authorize",
    "TokenEndpoint": "https://login.example/token",
    "UserInfoEndpoint": "https://login.example/user",
    "ClientId": "shop",
}
COGNITO = {"UserPoolArn": "arn:aws:cognito-idp:us-west-2:1:userpool/p", "UserPoolClientId": "c", "UserPoolDomain": "d"}
JWT = {"JwksEndpoint": "https://issuer.example/keys", "Issuer": "https://issuer.example"}
SHOWN = {
    "OnUnauthenticatedRequest": "authenticate",
    "Scope": "openid",
    "SessionCookieName": "AWSELBAuthSessionCookie",
    "SessionTimeout": 604_800,
}


def login(order: int = 1, **more: Any) -> dict[str, Any]:
    return {"Type": "authenticate-oidc", "Order": order, "AuthenticateOidcConfig": {**OIDC, **more}}


def claim(name: str = "scope", how: str = "single-string", *values: str) -> dict[str, Any]:
    return {"AdditionalClaims": [{"Name": name, "Format": how, "Values": list(values) or ["a"]}]}


def token(**more: Any) -> dict[str, Any]:
    return {"Type": "jwt-validation", "Order": 1, "JwtValidationConfig": {**JWT, **more}}


def then(group: str, order: int = 9) -> dict[str, Any]:
    return {**single(group)[0], "Order": order}


def test_a_secret_is_never_given_back_or_written_down(tenant: Tenant) -> None:
    group = tenant.group("group")
    rule = tenant.rule([login(ClientSecret="hush"), then(group)])
    assert rule["Actions"] == tenant.read(rule)["Actions"]
    assert rule["Actions"][0]["AuthenticateOidcConfig"] == {**OIDC, **SHOWN}
    assert [action["Order"] for action in rule["Actions"]] == [1, 9]
    assert "hush" not in str(tenant.sandbox.calls("*", tenant.account))


def test_a_change_needs_the_secret_or_keeps_it(tenant: Tenant) -> None:
    group, other = tenant.group("group"), tenant.group("other")
    rule = tenant.rule([login(ClientSecret="s"), then(group)])
    asked = tenant.read(rule)["Actions"][0]

    def change(**more: Any) -> None:
        step = {**asked, "AuthenticateOidcConfig": {**asked["AuthenticateOidcConfig"], **more}}
        tenant.elb.modify_rule(RuleArn=rule["RuleArn"], Actions=[step, then(other)])

    with refused("InvalidLoadBalancerAction", "specify a client secret"):
        change()
    with refused("InvalidLoadBalancerAction", "cannot both specify a client secret and set UseExisting"):
        change(ClientSecret="t", UseExistingClientSecret=True)
    change(UseExistingClientSecret=True)
    assert tenant.read(rule)["Actions"] == [asked, {**tenant.read(rule)["Actions"][1], "TargetGroupArn": other}]
    plain = tenant.rule(single(group), priority=11)
    with refused("InvalidLoadBalancerAction", "no existing client secret"):
        kept = [login(UseExistingClientSecret=True), then(group)]
        tenant.elb.modify_rule(RuleArn=plain["RuleArn"], Actions=kept)


@pytest.mark.parametrize("step", [login(ClientSecret="s"), token()], ids=lambda step: str(step["Type"]))
def test_steps_before_the_last_action_are_for_https_alone(tenant: Tenant, step: dict[str, Any]) -> None:
    group = tenant.group("group")
    with refused("InvalidLoadBalancerAction", "only on HTTPS listeners"):
        tenant.rule([step, then(group)], balancer="internal")


def test_actions_are_in_their_order_and_the_last_one_answers(tenant: Tenant) -> None:
    group = tenant.group("group")
    cognito = {"Type": "authenticate-cognito", "Order": 7, "AuthenticateCognitoConfig": COGNITO}
    rule = tenant.rule([then(group), cognito])
    assert [action["Type"] for action in rule["Actions"]] == ["authenticate-cognito", "forward"]
    for wrong in [then(group, 1), login(2, ClientSecret="s")], [login(ClientSecret="s")]:
        with refused("InvalidLoadBalancerAction", "The last action"):
            tenant.rule(wrong, priority=11)
    for wrong in (
        [login(1, ClientSecret="s"), then(group, 1)],
        [{**login(ClientSecret="s"), "Order": 1}, *single(group)],
    ):
        with refused("ValidationError", "order"):
            tenant.rule(wrong, priority=11)
    with refused("TooManyActions", "limit"):
        tenant.rule([login(1, ClientSecret="s"), login(2, ClientSecret="s"), then(group)], priority=11)


@pytest.mark.parametrize(
    "wrong",
    [
        {"Type": "authenticate-oidc"},
        login(ClientSecret="s", AuthorizationEndpoint="http://login.example/authorize"),
        login(ClientSecret="s", Issuer="issuer.example"),
        login(ClientSecret="s", SessionTimeout=604_801),
        login(ClientSecret="s", AuthenticationRequestExtraParams={str(each): "a" for each in range(11)}),
        token(JwksEndpoint="http://issuer.example/keys"),
        token(Issuer="a" * 257),
        token(**claim("iss")),
        token(**claim("a", "single-string", "b", "c")),
        token(**claim("a", "space-separated-values", "b c")),
        token(**claim("a", "string-array", *"abcdefghijk")),
    ],
    ids=lambda wrong: str(wrong)[:120],
)
def test_steps_that_aws_would_not_take_are_refused(tenant: Tenant, wrong: dict[str, Any]) -> None:
    with refused("ValidationError", ""):
        tenant.rule([{"Order": 1, **wrong}, then(tenant.group("group"))])
