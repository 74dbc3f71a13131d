"""What a rule does beside its forward: kept by ModifyRule, and by the lines of the AWS CLI, whatever it is."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from datetime import timedelta
from random import Random
from types import SimpleNamespace
from typing import Any, cast

import botocore.session
import pytest
from botocore.validate import ParamValidator

from rollout.adapters.aws.alb import Elbv2, live_rule
from rollout.alb.extras import Extras, Kept, extras_of
from rollout.alb.forms import AWS
from rollout.alb.state import DEFAULT_PRIORITY
from rollout.alb.weights import ForwardAction, same_forward
from rollout.inventory.model import Arn
from rollout.migration.rollback.by_hand import command_for
from rollout.migration.rollback.targets import Target

RULES = 10_000
SECRET = "the client secret, which AWS tells nobody"
TEXTS = (
    "openid",
    "openid email profile",
    'a "b" \\ c',
    "ä→",
    "x" * 120,
    "https://login.example.com/oauth2/v2.0",
    "$1/é",
)
GROUPS = [Arn(f"arn:aws:elasticloadbalancing:r:1:targetgroup/{name}/1") for name in "abcde"]
ALONE = ForwardAction({GROUPS[0]: 1})
LISTENER = Arn("arn:aws:elasticloadbalancing:r:1:listener/app/a/b/c")


def settings(random: Random, required: tuple[str, ...], optional: tuple[str, ...] = ()) -> dict[str, Any]:
    names = [*required, *random.sample(optional, random.randint(0, len(optional)))]
    return {name: random.choice(TEXTS) for name in names}


def login(random: Random) -> dict[str, Any]:
    found: dict[str, Any] = settings(random, (), ("Scope", "SessionCookieName", "OnUnauthenticatedRequest"))
    if random.random() < 0.5:
        found["SessionTimeout"] = random.randint(1, 604_800)
    if random.random() < 0.5:
        found["AuthenticationRequestExtraParams"] = {random.choice(TEXTS): random.choice(TEXTS) for _ in range(3)}
    return found


def before(random: Random) -> list[dict[str, Any]]:
    match random.randrange(4):
        case 0:
            names = ("Issuer", "AuthorizationEndpoint", "TokenEndpoint", "UserInfoEndpoint", "ClientId")
            config = settings(random, names) | login(random)
            return [{"Type": "authenticate-oidc", "AuthenticateOidcConfig": config}]
        case 1:
            config = settings(random, ("UserPoolArn", "UserPoolClientId", "UserPoolDomain")) | login(random)
            return [{"Type": "authenticate-cognito", "AuthenticateCognitoConfig": config}]
        case 2:
            claims = [
                {"Format": "single-string", "Name": random.choice(TEXTS), "Values": random.sample(TEXTS, 2)}
                for _ in range(random.randint(0, 3))
            ]
            config = settings(random, ("JwksEndpoint", "Issuer")) | ({"AdditionalClaims": claims} if claims else {})
            return [{"Type": "jwt-validation", "JwtValidationConfig": config}]
    return []


def forward(random: Random) -> dict[str, Any]:
    groups = random.sample(GROUPS, random.randint(1, len(GROUPS)))
    sticky: dict[str, Any] = {"Enabled": random.random() < 0.5}
    if sticky["Enabled"] or random.random() < 0.5:
        sticky["DurationSeconds"] = random.randint(1, 604_800)
    config = {
        "TargetGroups": [{"TargetGroupArn": group, "Weight": random.randint(0, 999)} for group in groups],
        "TargetGroupStickinessConfig": sticky,
    }
    alone = {"TargetGroupArn": groups[0]} if len(groups) == 1 else {}
    return {"Type": "forward", **alone, "ForwardConfig": config}


def generated(random: Random, number: int) -> dict[str, Any]:
    """A rule as DescribeRules answers it."""
    actions = [*before(random), forward(random)]
    orders = sorted(random.sample(range(1, 50_001), len(actions))) if random.random() < 0.5 else [1, 2]
    rewrites = {"host-header-rewrite": "HostHeaderRewriteConfig", "url-rewrite": "UrlRewriteConfig"}
    kinds = random.sample(sorted(rewrites), random.randint(0, 2))
    return {
        "RuleArn": f"{LISTENER.replace(':listener/', ':listener-rule/')}/{number}",
        "Priority": str(number + 1),
        "IsDefault": False,
        "Conditions": [{"Field": "path-pattern", "PathPatternConfig": {"Values": [f"/{number}/*"]}}],
        "Actions": [{**action, "Order": order} for action, order in zip(actions, orders, strict=False)],
        "Transforms": [
            {"Type": kind, rewrites[kind]: {"Rewrites": [settings(random, ("Regex", "Replace"))]}} for kind in kinds
        ],
    }


class Api:
    """DescribeRules and ModifyRule as AWS has them: secrets stay inside, and what isn't given stays."""

    def __init__(self, rules: list[dict[str, Any]]) -> None:
        self.rules = {rule["RuleArn"]: rule for rule in rules}
        self.page = {"Rules": rules}
        model = botocore.session.get_session().get_service_model("elbv2")
        self.shape: Any = model.operation_model("ModifyRule").input_shape
        self.calls = 0

    def get_paginator(self, _name: str) -> Any:
        return SimpleNamespace(paginate=lambda **_: [self.page])

    def modify_rule(self, **asked: Any) -> None:
        self.calls += 1
        assert self.calls % 25 or not ParamValidator().validate(asked, self.shape).has_errors()
        assert asked.keys() == {"RuleArn", "Actions"}  # conditions and transforms that aren't given stay
        rule, actions = self.rules[asked["RuleArn"]], asked["Actions"]
        for action in actions:
            if action["Type"] == "authenticate-oidc":
                assert action["AuthenticateOidcConfig"].pop("UseExistingClientSecret") is True
                assert "ClientSecret" not in action["AuthenticateOidcConfig"]
        rule["Actions"] = [{"Order": number, **action} for number, action in enumerate(actions, 1)]


def without_forward(rule: Mapping[str, Any]) -> str:
    """All bytes of a rule but what its forward says; where it stands among its actions is among them."""
    *others, last = rule["Actions"]
    assert last["Type"] == "forward"
    left = {key: value for key, value in last.items() if key not in {"ForwardConfig", "TargetGroupArn"}}
    return json.dumps({**rule, "Actions": [*others, left]}, sort_keys=True)


@pytest.mark.thorough
def test_every_byte_but_the_weights_is_kept() -> None:
    random = Random(19)  # noqa: S311 - the same rules each time
    made = [generated(random, number) for number in range(RULES)]
    kept, api = {rule["RuleArn"]: without_forward(rule) for rule in made}, Api(made)
    client = Elbv2(cast("Any", SimpleNamespace(client=lambda *_, **__: api)))
    wanted = {}
    for rule in client.rules([LISTENER]):
        hour = random.choice((None, timedelta(hours=1)))
        wanted[rule.arn] = ForwardAction({GROUPS[0]: 90, GROUPS[1]: 10}, hour) if hour else ALONE
        assert rule.forward is not None
        client.modify(rule, wanted[rule.arn])
    assert {arn: without_forward(rule) for arn, rule in api.rules.items()} == kept
    for arn, told in api.rules.items():
        now = live_rule(LISTENER, cast("Any", told))
        assert now.forward
        assert same_forward(now.forward, wanted[Arn(arn)])


@pytest.mark.parametrize("is_default", [False, True])
def test_a_line_to_be_copied_keeps_them_too(is_default: bool) -> None:
    random = Random(19)  # noqa: S311 - the same rules each time
    for number in range(300):
        made = generated(random, number) | ({"Priority": "default", "IsDefault": True} if is_default else {})
        rule = live_rule(LISTENER, cast("Any", made))
        assert (rule.priority == DEFAULT_PRIORITY) is is_default
        words = shlex.split(command_for(Target("score", "score", rule, GROUPS[0]), "us-west-2"))
        actions = json.loads(words[-1])
        assert words[-2] == ("--default-actions" if is_default else "--actions")
        assert actions == rule.extras.actions(ALONE)
        assert [action["Type"] for action in actions] == [action["Type"] for action in made["Actions"]]


def test_a_secret_that_an_api_tells_is_neither_kept_nor_shown() -> None:
    config = {"Issuer": "https://login.example.com", "ClientSecret": SECRET}
    actions = [
        {"Type": "authenticate-oidc", "AuthenticateOidcConfig": config},
        AWS.write(ALONE),
    ]
    found = extras_of(actions, ())
    assert found
    assert SECRET not in found.before[0].text
    assert SECRET not in json.dumps(found.actions(ALONE))
    assert "login.example.com" not in f"{found} {found!r}"
    assert hash(found) == hash(extras_of(actions, ()))


@pytest.mark.parametrize(
    "actions",
    [
        [],
        [{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404"}}],
        [{"Type": "jwt-validation"}, AWS.write(ALONE)],  # a botocore that doesn't know more
        [{"Type": "count-visitors", "CountConfig": {}}, AWS.write(ALONE)],
        [AWS.write(ALONE), AWS.write(ALONE)],
    ],
)
def test_what_cannot_be_kept_is_no_forward(actions: list[dict[str, Any]]) -> None:
    assert extras_of(actions, ()) is None
    rule = live_rule(LISTENER, cast("Any", {"RuleArn": "arn:rule", "Priority": "1", "Actions": actions}))
    assert rule.forward is None
    assert rule.not_movable
    assert not rule.extras


@pytest.mark.parametrize(("order", "then"), [(None, 2), (1, 1), (20, 20)])
def test_the_forward_stands_behind_what_is_before_it_where_it_stood(order: int | None, then: int) -> None:
    login = Kept.of({"Type": "jwt-validation", "JwtValidationConfig": {"Issuer": "i"}})
    first, last = Extras((login,), order=order).actions(ALONE)
    assert (first["Type"], last["Order"]) == ("jwt-validation", then)


def test_what_else_a_rule_does_is_in_its_words() -> None:
    made = generated(Random(3), 1)  # noqa: S311 - the same rule each time
    made["Actions"] = [{"Type": "jwt-validation", "JwtValidationConfig": {}}, AWS.write(ALONE)]
    made["Transforms"] = [{"Type": "url-rewrite", "UrlRewriteConfig": {}}]
    said = live_rule(LISTENER, cast("Any", made)).does
    assert said.index("jwt-validation") < said.index("url-rewrite")


def test_a_forward_without_a_group_is_read_as_one() -> None:
    assert AWS.read({"Type": "forward"}) == ForwardAction({})


def test_a_plain_rule_has_none() -> None:
    assert extras_of([AWS.write(ALONE)], ()) == Extras()
    assert not Extras()
