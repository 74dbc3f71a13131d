"""Rules that do more than forward, on the real engine: the provider only reads them, and they keep all of that."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from rollout.inventory.model import LEGACY_ONLY, PREPARED, Split
from rollout.inventory.quantities import Percent
from rollout.state.plan import Op
from tests.conftest import Team
from tests.contract.sites import LOGIN, REWRITE

pytestmark = pytest.mark.engine

TEN = Split.at(Percent.of(10))
TOKEN = {
    "Type": "jwt-validation",
    "Order": 1,
    "JwtValidationConfig": {"JwksEndpoint": "https://login.example.com/jwks", "Issuer": "https://login.example.com"},
}


def live(team: Team, rule: str) -> dict[str, Any]:
    return dict(team.aws.client("elbv2", team.account, "us-west-2").describe_rules(RuleArns=[rule])["Rules"][0])


def beside(rule: Mapping[str, Any]) -> str:
    others = [action for action in rule["Actions"] if action["Type"] != "forward"]
    return json.dumps([others, rule.get("Transforms"), rule["Conditions"], rule["Priority"]], sort_keys=True)


@pytest.mark.parametrize("kind", ["a login", "a token check and a transform"])
def test_adoption_a_weight_and_a_rollback_leave_all_but_the_weights(built: Team, kind: str) -> None:
    team = built
    rule = team.rules()["stamp-score"]
    secret = {"AuthenticateOidcConfig": {**LOGIN["AuthenticateOidcConfig"], "ClientSecret": "shh"}}
    before, transforms = ({**LOGIN, **secret}, []) if kind == "a login" else (TOKEN, [REWRITE])
    actions = [before, {**live(team, rule)["Actions"][-1], "Order": 2}]
    elb = team.aws.client("elbv2", team.account, "us-west-2")
    elb.modify_rule(RuleArn=rule, Actions=actions, **({"Transforms": transforms} if transforms else {}))
    was = beside(live(team, rule))

    adopted = team.open().phase2(approve=True).gate
    assert {change.op for preview in adopted.previews for change in preview.changes if change.rule == rule} == {
        Op.IMPORT,
        Op.RELEASE,
    }
    assert (team.open().status().routes[0].live, beside(live(team, rule))) == (PREPARED, was)
    assert {route.owners for route in team.open().status().routes} == {("routing",)}
    team.open().set_weight(10, approve=True)
    assert ({route.live for route in team.open().status().routes}, beside(live(team, rule))) == ({TEN}, was)
    assert not team.open().set_weight(10, approve=True).changed
    team.open().drift().require()
    assert team.open().rollback().reconciled
    assert ({route.live for route in team.open().status().routes}, beside(live(team, rule))) == ({LEGACY_ONLY}, was)
    with_secrets = [
        action["AuthenticateOidcConfig"]
        for call in team.aws.calls("elasticloadbalancing:ModifyRule", team.account)
        for action in call.parameters["Actions"]
        if action["Type"] == "authenticate-oidc"
    ]
    assert all(config["UseExistingClientSecret"] in {True, "true"} for config in with_secrets[1:])
    assert bool(with_secrets) is (kind == "a login")
