"""Requests to rules as teams have them, through phases 1 to 3, weights and a rollback: none lost, none wrong.

A host, a header and a query beside the path; a login; a bearer token and a host rewrite; from functions to containers,
and from containers to a function; the default action; the rest of the inventory as it is. `python benchmarks/shapes.py
20000` sends 20,000 requests instead of 100,000.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from side_by_side import Checkout, seeded

from rollout.inventory.quantities import Percent
from rollout_sandbox.load import Endpoint, Load, Verdict, by_route, endpoints_of, tally

REQUESTS = int(sys.argv[1]) if sys.argv[1:] else 100_000
RATE, USERS = 200, 100
LOGIN = "https://login.example.com"
PLACES = ("Issuer", "AuthorizationEndpoint", "TokenEndpoint", "UserInfoEndpoint")
OIDC = {**{name: f"{LOGIN}/{name}" for name in PLACES}, "ClientId": "shop", "ClientSecret": "shh"}
AUTHENTICATE = {"Type": "authenticate-oidc", "AuthenticateOidcConfig": OIDC}
TOKEN = {"Type": "jwt-validation", "JwtValidationConfig": {"JwksEndpoint": f"{LOGIN}/jwks", "Issuer": LOGIN}}
REWRITE = {"Rewrites": [{"Regex": "^.*$", "Replace": "behind.example.com"}]}
NARROW: list[dict[str, Any]] = [
    {"Field": "path-pattern", "PathPatternConfig": {"Values": ["/v2/stamps/*/score/*"]}},
    {"Field": "host-header", "HostHeaderConfig": {"Values": ["api.example.com", "*.example.org"]}},
    {"Field": "http-header", "HttpHeaderConfig": {"HttpHeaderName": "X-Origin", "Values": ["secret-of-a-cdn"]}},
    {"Field": "query-string", "QueryStringConfig": {"Values": [{"Key": "version", "Value": "2"}]}},
]
BY_DEFAULT = "l-passport-v2-model-score"
DEFAULT_ROUTE = f"""[routes.everything-else]
load-balancer = "public"
priority = "default"
legacy = "{BY_DEFAULT}"
candidate = "l-passport-v2-rust-scorer"

"""


def edit(checkout: Checkout, old: str, new: str) -> None:
    """Change the inventory."""
    file = checkout.folder / "stacks.toml"
    before, found, after = file.read_text().partition(old)
    if not found:
        raise ValueError(f"stacks.toml has no {old!r}")
    file.write_text(before + new + after)


def shape(checkout: Checkout, ports: dict[str, int]) -> None:
    """Have somebody give rules their shapes, and the inventory say so."""
    target = checkout.open()
    account, region = target.inventory.account, target.inventory.region
    elb, live = checkout.sandbox.client("elbv2", account, region), target.traffic.alb_state()
    vpc = elb.describe_load_balancers()["LoadBalancers"][0]["VpcId"]

    def change(route: str, *before: dict[str, Any], **more: Any) -> None:
        rule = live.rule_of(target.inventory.routes[route])
        assert rule is not None  # noqa: S101 - for mypy
        forward = elb.describe_rules(RuleArns=[rule.arn])["Rules"][0]["Actions"][-1]
        actions = [{**action, "Order": n} for n, action in enumerate([*before, forward], 1)]
        elb.modify_rule(RuleArn=rule.arn, **{"Actions": actions, **more})

    groups = {}
    for name, port in ports.items():
        asked = {"Name": name, "TargetType": "ip", "Protocol": "HTTP", "Port": 80, "VpcId": vpc}
        groups[name] = elb.create_target_group(**asked)["TargetGroups"][0]["TargetGroupArn"]
        elb.register_targets(TargetGroupArn=groups[name], Targets=[{"Id": "127.0.0.1", "Port": port}])

    change("stamp-score", Conditions=NARROW)
    change("ceramic-score", TOKEN, Transforms=[{"Type": "host-header-rewrite", "HostHeaderRewriteConfig": REWRITE}])
    change("stamps-bulk-patch", AUTHENTICATE)
    change("embed-score", Actions=[{"Type": "forward", "TargetGroupArn": groups["old-containers"]}])
    default = [{"Type": "forward", "TargetGroupArn": live.group_arn(BY_DEFAULT)}]
    elb.modify_listener(ListenerArn=live.listeners["public"], DefaultActions=default)
    edit(checkout, "[routes.embed-stamps]", DEFAULT_ROUTE + "[routes.embed-stamps]")
    edit(checkout, 'legacy = "programs.legacy:program"', "# nobody's program holds them:")
    edit(checkout, 'path = "/v2/stamps/*/score/*"\nmethods = ["GET"]', 'match = "as-is"')
    edit(checkout, 'legacy = "embed-gs-lambda-target-group"', 'legacy = "old-containers"')
    file = (checkout.folder / "stacks.toml").read_text()
    (section,) = [each for each in file.split("\n\n") if each.startswith("[routes.stamps-bulk-post]")]
    (line,) = [each for each in section.splitlines() if each.startswith("candidate")]
    edit(checkout, section, section.replace(line, 'candidate = { target-group = "new-containers" }'))


def asked(url: str, method: str = "GET", **headers: str) -> HTTPResponse:
    """An answer; redirects aren't followed."""
    place = urlsplit(url)
    connection = HTTPConnection(place.netloc, timeout=10)
    connection.request(method, f"{place.path}?{place.query}", headers=headers)
    return connection.getresponse()


def signed_in(checkout: Checkout, endpoint: Endpoint) -> str:
    """The session cookie of who has signed in at a login."""
    first = asked(endpoint.url + endpoint.path, endpoint.method)
    login = f"{checkout.sandbox.issuer.authorize}?{urlsplit(first.headers['Location']).query}"
    back = urlsplit(asked(login).headers["Location"])
    nonce = "; ".join(each.split(";")[0] for each in first.headers.get_all("Set-Cookie") or ())
    welcome = asked(f"{endpoint.url}{back.path}?{back.query}", Cookie=nonce)
    return "; ".join(each.split(";")[0] for each in welcome.headers.get_all("Set-Cookie") or ())


def opened(checkout: Checkout, endpoints: Sequence[Endpoint]) -> Iterator[Endpoint]:
    """The endpoints, with what lets a client through: a session or a token."""
    for endpoint in endpoints:
        headers = dict(endpoint.headers)
        if endpoint.route == "stamps-bulk-patch":
            headers["Cookie"] = signed_in(checkout, endpoint)
        if endpoint.route == "ceramic-score":
            headers["Authorization"] = f"Bearer {checkout.sandbox.issuer.bearer(iss=LOGIN)}"
        yield replace(endpoint, headers=tuple(headers.items()))


sys.path.insert(0, str(Path(__file__).parent.parent))
from tests.sandbox.load.echo import container  # noqa: E402 - found from here on

with seeded() as checkout, container("new-containers") as new, container("old-containers") as old:
    shape(checkout, {"new-containers": new, "old-containers": old})
    acts = [
        ("as it was", lambda: None),
        ("phase1", lambda: checkout.open().phase1(approve=True)),
        ("phase2", lambda: checkout.open().phase2(approve=True)),
        *(
            (f"weight {n}", lambda n=n: checkout.open().set_weight(Percent.of(n), approve=True, save=False))
            for n in (10, 50, 100, 50)
        ),
        ("rollback", lambda: checkout.open().rollback(save=False)),
        ("undo phase2", lambda: checkout.open().undo("phase2", approve=True)),
    ]
    endpoints = tuple(opened(checkout, endpoints_of(checkout.open().inventory, checkout.sandbox)))
    counted = 0
    print(f"{'step':<14}{'requests':>9}{'lost':>6}{'wrong':>7}  on candidates")
    with Load(endpoints, RATE, users=USERS) as traffic:
        for number, (name, act) in enumerate(acts, 1):
            act()
            traffic.wait(max(RATE, REQUESTS * number // len(acts) - len(traffic.answers)))
            answers = traffic.answers[counted:]
            counted += len(answers)
            found = tally(answers)
            share = sum(answer.on_candidate for answer in answers) / len(answers)
            print(f"{name:<14}{found.requests:>9,}{found.lost:>6}{found.wrong:>7}  {share:.1%}", flush=True)
            bad = (answer for answer in answers if answer.verdict is not Verdict.FINE)
            why = Counter(f"{a.endpoint.route}: HTTP {a.status} by {a.by or 'nobody'} {a.error}" for a in bad)
            for what, count in why.most_common(5):
                print(f"    {count} {what}", flush=True)
    for route, found in sorted(by_route(traffic.answers).items()):
        print(f"{route:<24}{found.requests:>8,} {found.lost} lost, {found.wrong} wrong; {dict(found.by)}")
    every = tally(traffic.answers)
    print(f"{every.requests:,} requests to rules of all shapes: {every.lost} lost, {every.wrong} wrong")
