"""What a rule does before its last action: logins, bearer tokens and transforms, as a load balancer has them."""

from __future__ import annotations

import base64
import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.sandbox.data_plane.site import Site
from tests.sandbox.tenant import Tenant, path, refused

ISSUER = "https://issuer.example"
OIDC = {
    "Issuer": ISSUER,
    "AuthorizationEndpoint": "https://login.example/authorize",
    "TokenEndpoint": "https://login.example/token",
    "UserInfoEndpoint": "https://login.example/user",
    "ClientId": "shop",
    "ClientSecret": "s",
}


@pytest.fixture
def site(tenant: Tenant) -> Site:
    return Site(tenant)


def ruled(site: Site, *before: dict[str, Any], transforms: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    """A rule for /a* whose last action forwards to a function."""
    (group,) = site.served("scorer")
    actions = [*before, {"Type": "forward", "TargetGroupArn": group}]
    for order, action in enumerate(actions, 1):
        action["Order"] = order
    made = site.tenant.elb.create_rule(
        ListenerArn=site.tenant.landscape.listeners["public"],
        Priority=10,
        Conditions=[path("/a*")],
        Actions=actions,
        **({"Transforms": transforms} if transforms else {}),
    )
    return dict(made["Rules"][0])


@pytest.mark.parametrize("kind", ["oidc", "cognito"])
def test_who_is_not_signed_in_is_sent_to_the_login(site: Site, kind: str) -> None:
    cognito = {"UserPoolArn": "arn:aws:cognito-idp:us-west-2:1:userpool/p", "UserPoolClientId": "shop"}
    config = {"AuthenticateOidcConfig": OIDC}
    if kind == "cognito":
        config = {"AuthenticateCognitoConfig": {**cognito, "UserPoolDomain": "shop"}}
    ruled(site, {"Type": f"authenticate-{kind}", **config})
    reply = site.get("/a")
    assert (reply.status, reply.served_by) == (302, None)
    place = urlsplit(reply.header("location") or "")
    wanted = "login.example" if kind == "oidc" else "shop.auth.us-west-2.amazoncognito.com"
    assert (place.hostname, parse_qs(place.query)["client_id"]) == (wanted, ["shop"])


@pytest.mark.parametrize(("otherwise", "status", "by"), [("deny", 401, None), ("allow", 200, "scorer")])
def test_a_rule_may_deny_or_allow_who_is_not_signed_in(site: Site, otherwise: str, status: int, by: str | None) -> None:
    config = {**OIDC, "OnUnauthenticatedRequest": otherwise}
    ruled(site, {"Type": "authenticate-oidc", "AuthenticateOidcConfig": config})
    reply = site.get("/a")
    assert (reply.status, reply.served_by) == (status, by)


def bearer(**claims: object) -> dict[str, str]:
    told = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    return {"Authorization": f"Bearer e30.{told}.sealed"}


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 401),
        ({"Authorization": "Bearer nonsense"}, 401),
        ({"Authorization": "Bearer a.\u00fc.c"}, 401),
        (bearer(iss="https://other.example", exp=4_000_000_000), 401),
        (bearer(iss=ISSUER, exp=1), 401),
        (bearer(iss=ISSUER, exp=4_000_000_000), 200),
    ],
)
def test_a_bearer_token_of_the_issuer_passes(site: Site, headers: dict[str, str], status: int) -> None:
    config = {"JwksEndpoint": "https://issuer.example/keys", "Issuer": ISSUER}
    made = ruled(site, {"Type": "jwt-validation", "JwtValidationConfig": config})
    assert site.get("/a", headers).status == status
    assert site.tenant.read(made)["Actions"][0]["JwtValidationConfig"] == config


def url(regex: str, by: str) -> dict[str, Any]:
    return {"Type": "url-rewrite", "UrlRewriteConfig": {"Rewrites": [{"Regex": regex, "Replace": by}]}}


def test_transforms_are_kept_and_applied(site: Site) -> None:
    wanted = [url("^/a/(.*)$", "/v2/$1")]
    made = ruled(site, transforms=wanted)
    assert (made["Transforms"], site.tenant.read(made)["Transforms"]) == (wanted, wanted)
    assert site.get("/a/scores?x=1").said == {
        "function": "scorer", "method": "GET", "path": "/v2/scores", "query": {"x": "1"}
    }  # fmt: skip


def test_a_change_of_actions_leaves_transforms_and_a_reset_takes_them_away(site: Site) -> None:
    made = ruled(site, transforms=[url("^/a", "/b")])
    elb, arn = site.tenant.elb, made["RuleArn"]
    elb.modify_rule(RuleArn=arn, Actions=made["Actions"])
    assert site.tenant.read(made)["Transforms"] == [url("^/a", "/b")]
    elb.modify_rule(RuleArn=arn, Transforms=[url("^/a", "/c")], Actions=made["Actions"])
    assert site.get("/a").said["path"] == "/c"
    elb.modify_rule(RuleArn=arn, ResetTransforms=True, Actions=made["Actions"])
    assert site.get("/a").said["path"] == "/a"


@pytest.mark.parametrize("wrong", [[url("(", "/")], [url("a", "b"), url("c", "d")], [{"Type": "url-rewrite"}]])
def test_transforms_that_aws_would_not_take_are_refused(site: Site, wrong: list[dict[str, Any]]) -> None:
    with refused("ValidationError", ""):
        ruled(site, transforms=wrong)
    assert len(site.tenant.elb.describe_rules(ListenerArn=site.tenant.landscape.listeners["public"])["Rules"]) == 1


def test_only_functions_have_a_limit_of_a_megabyte(site: Site) -> None:
    (function,) = site.served("scorer")
    vpc = site.tenant.client("ec2").describe_vpcs()["Vpcs"][0]["VpcId"]
    other = site.tenant.elb.create_target_group(Name="others", TargetType="ip", Protocol="HTTP", Port=80, VpcId=vpc)
    group = other["TargetGroups"][0]["TargetGroupArn"]
    site.tenant.register(group, "10.20.1.10")
    site.tenant.rule([{"Type": "forward", "TargetGroupArn": function}], conditions=[path("/f")], priority=1)
    site.tenant.rule([{"Type": "forward", "TargetGroupArn": group}], conditions=[path("/i")], priority=2)
    large = b"x" * (1024 * 1024 + 1)
    assert site.get("/f", method="POST", body=large).status == 413
    assert site.get("/i", method="POST", body=large).status == 200
