"""Which rule answers: conditions as AWS documents them, order, redirects and fixed responses."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.asking import header, host, query, regex, source
from tests.sandbox.data_plane.site import Site
from tests.sandbox.tenant import Tenant, method, path, single

Conditions = list[dict[str, Any]]


def fixed(body: str, status: int = 200) -> list[dict[str, Any]]:
    config = {"StatusCode": str(status), "ContentType": "text/plain", "MessageBody": body}
    return [{"Type": "fixed-response", "FixedResponseConfig": config}]


@pytest.mark.parametrize(
    ("conditions", "target", "headers", "verb", "matches"),
    [
        ([path("/img/*")], "/img/picture.jpg", {}, "GET", True),
        ([path("/img/*")], "/img/a/b/c", {}, "GET", True),  # `*` crosses slashes
        ([path("/img/*")], "/img/", {}, "GET", True),
        ([path("/img/*")], "/img", {}, "GET", False),
        ([path("/img/*")], "/IMG/a", {}, "GET", False),
        ([path("/img/*")], "/other?x=/img/a", {}, "GET", False),  # the path only
        ([path("/a")], "/a?b=c", {}, "GET", True),
        ([path("/a")], "/a/", {}, "GET", False),
        ([path("/a", "/b")], "/b", {}, "GET", True),
        ([path("/v?/x")], "/v2/x", {}, "GET", True),
        ([path("/v?/x")], "/v22/x", {}, "GET", False),
        ([path("/v?/x")], "/v/x", {}, "GET", False),
        ([path("/a.b+c")], "/a.b+c", {}, "GET", True),
        ([path("/a.b+c")], "/aXbbc", {}, "GET", False),
        ([path("/a?b")], "/a%20b", {}, "GET", False),  # not decoded
        ([method("POST", "PUT")], "/", {}, "PUT", True),
        ([method("POST")], "/", {}, "GET", False),
        ([path("/a"), method("POST")], "/a", {}, "GET", False),  # all conditions
        ([host("*.example.com")], "/", {"Host": "Test.Example.com:443"}, "GET", True),
        ([host("*.example.com")], "/", {"Host": "example.com"}, "GET", False),
        ([header("X-Canary", "yes*")], "/", {"x-canary": "YES please"}, "GET", True),
        ([header("X-Canary", "yes*")], "/", {"x-canary": "no"}, "GET", False),
        ([header("X-Canary", "yes*")], "/", {}, "GET", False),
        ([query(("version", "V1"))], "/?a=b&Version=v1", {}, "GET", True),
        ([query(("version", "v1"))], "/?version=v2", {}, "GET", False),
        ([query((None, "*any*"))], "/?x=many", {}, "GET", True),
        ([query(("a", r"\*"))], "/?a=*", {}, "GET", True),
        ([query(("a", r"\*"))], "/?a=b", {}, "GET", False),
        ([regex("path-pattern", r"^/v\d+/", "x$")], "/v12/a?b", {}, "GET", True),
        ([regex("path-pattern", r"^/v\d+/", "x$")], "/a?x", {}, "GET", False),
        ([regex("path-pattern", "^/V")], "/v", {}, "GET", False),
        ([regex("host-header", r"^a-(.+)\.b$")], "/", {"Host": "A-x.B"}, "GET", True),
        ([regex("host-header", r":8443$")], "/", {"Host": "a.b:8443"}, "GET", True),
        ([regex("host-header", r"^a-(.+)\.b$")], "/", {"Host": "a.b"}, "GET", False),
        ([regex("http-header", "(?i)^yes")], "/", {"X-Canary": "YES"}, "GET", True),
        ([regex("http-header", "^yes")], "/", {"X-Canary": "YES"}, "GET", False),
        ([source("127.0.0.0/8")], "/", {}, "GET", True),
        ([source("10.0.0.0/8")], "/", {}, "GET", False),
    ],
)
def test_a_condition_holds_or_not(
    shared: Site, conditions: Conditions, target: str, headers: dict[str, str], verb: str, *, matches: bool
) -> None:
    rule = shared.tenant.rule(fixed("the rule"), conditions=conditions)
    try:
        assert (shared.get(target, headers, method=verb).body == b"the rule") is matches
    finally:
        shared.tenant.elb.delete_rule(RuleArn=rule["RuleArn"])


def test_the_lowest_priority_number_answers_and_the_default_rule_last(site: Site) -> None:
    tenant = site.tenant
    tenant.rule(fixed("second"), priority=20, conditions=[path("/a/*")])
    first = tenant.rule(fixed("first"), priority=3, conditions=[path("/a/b*")])
    assert site.get("/a/b").body == b"first"
    assert site.get("/a/c").body == b"second"
    default = site.get("/")
    assert (default.status, default.body, default.header("server")) == (404, b"not found", "awselb/2.0")
    tenant.elb.set_rule_priorities(RulePriorities=[{"RuleArn": first["RuleArn"], "Priority": 30}])
    assert site.get("/a/b").body == b"second"


def test_a_redirect_keeps_what_it_leaves_open(site: Site) -> None:
    config = {"Host": "new.#{host}", "Path": "/v2/#{path}", "Query": "#{query}&by=alb", "StatusCode": "HTTP_302"}
    site.tenant.rule([{"Type": "redirect", "RedirectConfig": config}], conditions=[path("/old/*")])
    sent = site.get("/old/a?b=c", {"Host": "example.com"})
    assert (sent.status, sent.header("location")) == (302, "https://new.example.com:443/v2/old/a?b=c&by=alb")
    assert b"<h1>302 Found</h1>" in sent.body


def test_each_load_balancer_has_rules_of_its_own(site: Site) -> None:
    site.tenant.rule(fixed("internal"), balancer="internal", conditions=[path("/a")])
    assert site.get("/a", balancer="internal").body == b"internal"
    assert site.get("/a").status == 404


def test_targets_that_are_no_functions_answer_by_their_groups_name(site: Site, tenant: Tenant) -> None:
    vpc = tenant.client("ec2").describe_vpcs()["Vpcs"][0]["VpcId"]
    made = tenant.elb.create_target_group(Name="registry", TargetType="ip", Protocol="HTTP", Port=80, VpcId=vpc)
    group = made["TargetGroups"][0]["TargetGroupArn"]
    tenant.register(group, "10.0.0.1")
    tenant.rule(single(group), conditions=[path("/a")])
    assert site.get("/a").served_by == "registry"
