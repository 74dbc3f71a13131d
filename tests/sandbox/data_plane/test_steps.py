"""What a rule does before its last action: logins, bearer tokens and transforms, as a load balancer has them."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from http.client import HTTPConnection
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from joserfc import jwt
from joserfc.jwk import RSAKey

from rollout_sandbox import Sandbox
from tests.loopback import answering
from tests.sandbox.data_plane.site import Reply, Site
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


def signed_in(site: Site, asked: Reply, **more: str) -> Reply:
    """What the load balancer says to who comes back from the sandbox's own login."""
    place = urlsplit(asked.header("location") or "")
    query = parse_qs(place.query) | {name: [value] for name, value in more.items()}
    login = urlsplit(site.tenant.sandbox.issuer.authorize)
    connection = HTTPConnection(login.netloc, timeout=10)
    connection.request("GET", f"{login.path}?{urlencode(query, doseq=True)}")
    back = urlsplit(connection.getresponse().headers["Location"])
    connection.close()
    return site.get(f"{back.path}?{back.query}", {"Cookie": asked.cookie or ""})


def events(site: Site) -> list[dict[str, Any]]:
    """What functions get from now on."""
    got: list[dict[str, Any]] = []

    def handler(event: dict[str, Any], _context: Any) -> dict[str, Any]:
        got.append(event)
        return {"statusCode": 200, "headers": {"x-served-by": "scorer"}}

    assert isinstance(site.tenant.sandbox, Sandbox)
    site.tenant.sandbox.handle(handler, account=site.tenant.account)
    return got


def test_who_signs_in_gets_a_session_and_the_target_learns_who_it_is(site: Site) -> None:
    ruled(site, {"Type": "authenticate-oidc", "AuthenticateOidcConfig": {**OIDC, "SessionCookieName": "shop"}})
    got = events(site)
    welcome = signed_in(site, site.get("/a?b=c"), login_hint="ann")
    assert (welcome.status, welcome.header("location")) == (302, f"{site.url()}/a?b=c")
    assert (welcome.cookie or "").startswith("shop-0=")
    assert site.get("/a", {"Cookie": welcome.cookie or ""}).served_by == "scorer"
    assert got[0]["headers"]["x-amzn-oidc-identity"] == "ann"
    assert got[0]["headers"]["x-amzn-oidc-data"].count(".") == 2


def test_only_the_session_that_a_rule_gave_opens_it(site: Site) -> None:
    made = ruled(site, {"Type": "authenticate-oidc", "AuthenticateOidcConfig": {**OIDC, "SessionTimeout": 60}})
    cookie = (signed_in(site, site.get("/a")).cookie or "").split(";")[0]
    assert site.get("/a", {"Cookie": cookie}).status == 200
    for forged in f"{cookie[:-8]}AAAAAAAA", "", "AWSELBAuthSessionCookie-0=x":
        assert site.get("/a", {"Cookie": forged}).status == 302
    others = {**OIDC, "ClientId": "other", "UseExistingClientSecret": True}
    del others["ClientSecret"]
    login = {"Type": "authenticate-oidc", "Order": 1, "AuthenticateOidcConfig": others}
    site.tenant.elb.modify_rule(RuleArn=made["RuleArn"], Actions=[login, made["Actions"][1]])
    assert site.get("/a", {"Cookie": cookie}).status == 302


def test_a_session_ends(site: Site) -> None:
    ruled(site, {"Type": "authenticate-oidc", "AuthenticateOidcConfig": {**OIDC, "SessionTimeout": 60}})
    cookie = signed_in(site, site.get("/a")).cookie or ""
    site.tenant.sandbox.clock.pass_by(seconds=61)
    assert site.get("/a", {"Cookie": cookie}).status == 302


def test_who_comes_back_with_nothing_good_is_turned_away(site: Site) -> None:
    ruled(site, {"Type": "authenticate-oidc", "AuthenticateOidcConfig": OIDC})
    asked = site.get("/a")
    state = parse_qs(urlsplit(asked.header("location") or "").query)["state"][0]
    cookie = {"Cookie": asked.cookie or ""}
    assert site.get("/oauth2/idpresponse?code=x", cookie).status == 401
    assert site.get(f"/oauth2/idpresponse?code=x&state={state}", cookie).status == 401
    assert site.get(f"/oauth2/idpresponse?code=x&state={state}").status == 401
    assert site.get(f"/oauth2/idpresponse?error=denied&state={state}", cookie).status == 561


def jwt_rule(site: Site, *claims: dict[str, Any], keys: str = "https://issuer.example/keys") -> dict[str, Any]:
    more = {"AdditionalClaims": list(claims)} if claims else {}
    config = {"JwksEndpoint": keys, "Issuer": ISSUER, **more}
    return ruled(site, {"Type": "jwt-validation", "JwtValidationConfig": config})


@pytest.mark.parametrize(
    ("claims", "status"),
    [
        ({"iss": ISSUER}, 200),
        ({"iss": "https://other.example"}, 401),
        ({"iss": ISSUER, "exp": 1}, 401),
        ({"iss": ISSUER, "exp": None}, 401),
        ({"iss": ISSUER, "nbf": 4_000_000_000}, 401),
        ({"iss": ISSUER, "iat": 4_000_000_000}, 401),
    ],
    ids=str,
)
def test_a_bearer_token_of_the_issuer_passes(site: Site, claims: dict[str, Any], status: int) -> None:
    jwt_rule(site)
    token = site.tenant.sandbox.issuer.bearer(**claims)
    assert site.get("/a", {"Authorization": f"Bearer {token}"}).status == status


def test_a_token_that_nobody_signed_does_not_pass(site: Site) -> None:
    jwt_rule(site)
    head, claims, seal = site.tenant.sandbox.issuer.bearer(iss=ISSUER).split(".")
    nobody = base64.urlsafe_b64encode(b'{"alg":"none"}').decode().rstrip("=")
    for token in (f"{head}.{claims}.{seal[:-8]}AAAAAAAA", f"{nobody}.{claims}.", "nonsense", "a.\u00fc.c"):
        assert site.get("/a", {"Authorization": f"Bearer {token}"}).status == 401
    assert site.get("/a").status == 401
    assert site.get("/a", {"Authorization": f"Basic {head}.{claims}.{seal}"}).status == 401


@pytest.mark.parametrize(
    ("how", "values", "good", "bad"),
    [
        ("single-string", ["shop"], "shop", "shops"),
        ("string-array", ["a", "b"], ["c", "b", "a"], ["a"]),
        ("space-separated-values", ["a", "b"], "c b a", "ab"),
    ],
)
def test_claims_that_a_rule_adds_are_asked_for(site: Site, how: str, values: list[str], good: Any, bad: Any) -> None:
    made = jwt_rule(site, {"Name": "scope", "Format": how, "Values": values})
    assert made["Actions"][0]["JwtValidationConfig"]["AdditionalClaims"][0]["Values"] == values
    for scope, status in ({"scope": good}, 200), ({"scope": bad}, 401), ({}, 401):
        token = site.tenant.sandbox.issuer.bearer(iss=ISSUER, **scope)
        assert site.get("/a", {"Authorization": f"Bearer {token}"}).status == status


def test_keys_are_fetched_from_this_machine(site: Site, keys_served: tuple[str, dict[str, Any]]) -> None:
    place, published = keys_served
    jwt_rule(site, keys=place)
    own = RSAKey.generate_key(2048, auto_kid=True)
    claims = {"iss": ISSUER, "exp": 4_000_000_000}
    bearer = {"Authorization": f"Bearer {jwt.encode({'alg': 'RS256', 'kid': own.kid}, claims, own)}"}
    assert site.get("/a", bearer).status == 500
    published["keys"] = [own.as_dict(private=False)]
    assert site.get("/a", bearer).status == 200
    token = site.tenant.sandbox.issuer.bearer(iss=ISSUER)
    assert site.get("/a", {"Authorization": f"Bearer {token}"}).status == 401


@pytest.fixture
def keys_served() -> Iterator[tuple[str, dict[str, Any]]]:
    """A JWKS endpoint, and what it publishes."""
    published: dict[str, Any] = {}

    with answering(lambda _: (200, {}, json.dumps(published).encode())) as address:
        yield f"{address}/keys", published


def url(regex: str, by: str) -> dict[str, Any]:
    return {"Type": "url-rewrite", "UrlRewriteConfig": {"Rewrites": [{"Regex": regex, "Replace": by}]}}


def test_transforms_are_kept_and_applied(site: Site) -> None:
    wanted = [url("^/a/(.*)$", "/v2/$1")]
    made = ruled(site, transforms=wanted)
    assert (made["Transforms"], site.tenant.read(made)["Transforms"]) == (wanted, wanted)
    assert site.get("/a/scores?x=1").said == {
        "method": "GET", "path": "/v2/scores", "query": {"x": "1"}
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


def host(regex: str, by: str) -> dict[str, Any]:
    config = {"Rewrites": [{"Regex": regex, "Replace": by}]}
    return {"Type": "host-header-rewrite", "HostHeaderRewriteConfig": config}


def test_hosts_are_rewritten_and_what_does_not_fit_stays(site: Site) -> None:
    ruled(site, transforms=[host(r"^my-(.+)\.com$", "in.$1.net"), url("^/b", "/c")])
    got = events(site)
    for name in ("my-shop.com", "other.com"):
        site.get("/a", {"Host": name})
    assert [(each["headers"]["host"], each["path"]) for each in got] == [("in.shop.net", "/a"), ("other.com", "/a")]


@pytest.mark.parametrize("failing", [url("^/a", "/$2"), url("^/a", "b"), host(".*", ""), host(".*", "a b")], ids=str)
def test_a_rewrite_that_fails_is_the_load_balancers_error(site: Site, failing: dict[str, Any]) -> None:
    ruled(site, transforms=[failing])
    assert (site.get("/a").status, site.metric("HTTPCode_ELB_500_Count")) == (500, [1.0])


def test_transforms_alone_may_change_but_not_of_a_default_rule(site: Site) -> None:
    made = ruled(site)
    site.tenant.elb.modify_rule(RuleArn=made["RuleArn"], Transforms=[url("^/a", "/b")])
    assert site.get("/a").said["path"] == "/b"
    with refused("OperationNotPermitted", "cannot be modified"):
        site.tenant.elb.modify_rule(RuleArn=site.tenant.default_rule(), Transforms=[url("^/a", "/b")])


@pytest.mark.parametrize(
    "wrong",
    [
        [url("(", "/")],
        [url("(?=a)", "/")],
        [url("a" * 1025, "/")],
        [url("a", "b" * 1025)],
        [url("a", "b"), url("c", "d")],
        [{"Type": "url-rewrite"}],
        [{**url("a", "b"), "HostHeaderRewriteConfig": {"Rewrites": []}}],
        [{**url("a", "b"), "Type": "host-header-rewrite"}],
    ],
    ids=lambda wrong: str(wrong)[:80],
)
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
