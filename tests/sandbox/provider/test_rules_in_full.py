"""Listener rules with all that a rule may have: steps before the forward, expressions and transforms."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.provider.engine import RULE, Engine, Made, failing
from tests.sandbox.provider.samples import rule
from tests.sandbox.tenant import Tenant

OIDC = {
    "type": "authenticate-oidc",
    "order": 1,
    "authenticateOidc": {
        "issuer": "https://issuer.example",
        "authorizationEndpoint": "https://login.example/authorize",
        "tokenEndpoint": "https://login.example/token",
        "userInfoEndpoint": "https://login.example/user",
        "clientId": "shop",
        "clientSecret": "hush",
        "authenticationRequestExtraParams": {"prompt": "login"},
    },
}
COGNITO = {
    "type": "authenticate-cognito",
    "order": 1,
    "authenticateCognito": {
        "userPoolArn": "arn:aws:cognito-idp:us-west-2:123456789012:userpool/p",
        "userPoolClientId": "shop",
        "userPoolDomain": "shop",
        "sessionTimeout": 600,
    },
}
JWT = {
    "type": "jwt-validation",
    "order": 1,
    "jwtValidation": {
        "issuer": "https://issuer.example",
        "jwksEndpoint": "https://issuer.example/keys",
        "additionalClaims": [{"name": "scope", "format": "single-string", "values": ["shop"]}],
    },
}
URL = {"type": "url-rewrite", "urlRewriteConfig": {"rewrite": {"regex": "^/a", "replace": "/b"}}}
HOST = {"type": "host-header-rewrite", "hostHeaderRewriteConfig": {"rewrite": {"regex": "a", "replace": "b"}}}
EXPRESSIONS = [
    {"hostHeader": {"regexValues": ["^a"]}},
    {"pathPattern": {"regexValues": ["^/a", "^/b"]}},
    {"httpHeader": {"httpHeaderName": "x-a", "regexValues": ["^a"]}},
]


@pytest.fixture
def inputs(tenant: Tenant) -> dict[str, Any]:
    """A rule whose forward comes second."""
    plain = rule(tenant)
    return {**plain, "actions": [{**plain["actions"][0], "order": 2}]}


def after(inputs: dict[str, Any], step: dict[str, Any]) -> dict[str, Any]:
    return {**inputs, "actions": [step, *inputs["actions"]]}


def settled(one: Made | None, inputs: dict[str, Any]) -> Made:
    """A resource that differs from nothing, and that a refresh leaves as it is."""
    assert one is not None
    assert one.diff(inputs).names == []
    again = one.refresh()
    assert again is not None
    assert (again.inputs, again.outputs) == (one.inputs, one.outputs)
    return one


@pytest.mark.parametrize("step", [OIDC, COGNITO, JWT], ids=lambda step: str(step["type"]))
def test_a_step_before_the_forward_is_made_kept_and_imported(
    engine: Engine, tenant: Tenant, inputs: dict[str, Any], step: dict[str, Any]
) -> None:
    wanted = after(inputs, step)
    one = settled(engine.make(RULE, wanted), wanted)
    live = tenant.read({"RuleArn": one.id})["Actions"]
    assert [action["Type"] for action in live] == [step["type"], "forward"]
    imported = engine.import_(RULE, one.id)
    assert imported is not None
    named = next(key for key in step if key not in {"type", "order"})
    told = imported.inputs["actions"][0][named]
    said = {key: told[key] for key in step[named] if key not in {"clientSecret", "additionalClaims"}}
    assert said == {key: step[named][key] for key in said}


def test_the_weights_of_a_rule_with_a_login_change_with_its_secret(
    engine: Engine, tenant: Tenant, inputs: dict[str, Any]
) -> None:
    one = engine.make(RULE, after(inputs, OIDC))
    forward = inputs["actions"][0]
    legacy, candidate = forward["forward"]["targetGroups"]
    groups = [{**legacy, "weight": 9}, {**candidate, "weight": 1}]
    change = after(
        {**inputs, "actions": [{**forward, "forward": {**forward["forward"], "targetGroups": groups}}]}, OIDC
    )
    found = one.diff(change)
    assert found.names == ["actions"]
    assert all(path.startswith("actions[1].forward.") for path in found.paths)
    before = tenant.read({"RuleArn": one.id})["Actions"][0]
    settled(one.update(change), change)
    assert tenant.read({"RuleArn": one.id})["Actions"][0] == before


def test_a_step_needs_its_block(engine: Engine, inputs: dict[str, Any]) -> None:
    one = engine.make(RULE, inputs)
    with failing('"action[0].jwt_validation" must be specified'):
        one.diff(after(inputs, {"type": "jwt-validation", "order": 1}))


def test_expressions_are_made_and_told_again(engine: Engine, tenant: Tenant, inputs: dict[str, Any]) -> None:
    wanted = {**inputs, "conditions": EXPRESSIONS}
    one = settled(engine.make(RULE, wanted), wanted)
    assert {c["Field"] for c in tenant.read({"RuleArn": one.id})["Conditions"]} == {
        "host-header", "http-header", "path-pattern",
    }  # fmt: skip
    change = {**wanted, "conditions": [*EXPRESSIONS[1:], {"hostHeader": {"values": ["a.b"]}}]}
    assert one.diff(change).names == ["conditions"]
    settled(one.update(change), change)


def test_transforms_are_made_changed_and_taken_away(engine: Engine, tenant: Tenant, inputs: dict[str, Any]) -> None:
    wanted = {**inputs, "transforms": [URL, HOST]}
    one = settled(engine.make(RULE, wanted), wanted)
    assert not one.diff({**inputs, "transforms": [HOST, URL]}).changes
    fewer = {**inputs, "transforms": [URL]}
    found = one.diff(fewer)
    assert (found.names, found.replaces) == (["transforms"], [])
    one = settled(one.update(fewer), fewer)
    imported = engine.import_(RULE, one.id)
    assert imported is not None
    (told,) = imported.inputs["transforms"]
    assert told["urlRewriteConfig"]["rewrite"]["replace"] == "/b"
    settled(one.update(inputs), inputs)
    assert tenant.read({"RuleArn": one.id}).get("Transforms", []) == []
