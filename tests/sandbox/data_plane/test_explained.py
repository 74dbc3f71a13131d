"""What `explain` says is what the data plane does: two readers of the same rules, written apart on purpose."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from rollout.adapters.aws.alb import Elbv2
from rollout.adapters.aws.session import Access
from rollout.alb.explain import Explanation, explain
from rollout.alb.state import AlbState
from rollout.alb.weights import alb_weights
from rollout.inventory.conditions import Condition, ConditionField, Conditions, Request
from rollout.inventory.header_rules import planned_overrides
from rollout.inventory.model import Environment, KeptRoute, LoadBalancer, Route
from rollout.inventory.quantities import Percent
from rollout.inventory.settings import HeaderOverride
from tests.sandbox.data_plane.site import Site
from tests.sandbox.tenant import REGION, method, path, single
from tests.unit.seed import SEED

METHODS = ("GET", "GET", "GET", "POST", "POST", "PATCH", "DELETE", "PUT")
PATHS = (
    *("/v2/stamps/7/score/0xA", "/v2/stamps/7/score/0xA/history", "/v2/stamps/7/score/0xA/history/2"),
    *("/v2/stamps/7/score", "/v2/stamps/metadata", "/v2/stamps/0xA", "/V2/stamps/0xA", "/v2/models/score/0xA", "/v2"),
    *("/ceramic-cache/stamps/bulk", "/ceramic-cache/stamps/bulk/", "/ceramic-cache/score/0xA", "/ceramic-cache/score"),
    *("/ceramic-cache/authenticate", "/internal/embed/stamps/0xA", "/internal/embed/validate-api-key"),
    *("/internal/embed/score/7/0xA", "/internal/embed/score/7", "/internal/embed/score//", "/", "/beta/x"),
)
HEADERS = (("X-Rollout", "candidate"), ("x-rollout", "LEGACY"), ("X-Rollout", "other"), ("X-Beta", "yes please"))
QUERIES = ("", "?beta=on", "?BETA=On&x=1", "?beta=on%20", "?other=on", "?literal=*", "?literal=a")
HOSTS = ("", "", "", "", "beta.shop.test", "BETA.shop.test", "shop.test")


def strange() -> Iterator[list[dict[str, Any]]]:
    """Conditions of every other kind, in front of all."""
    yield [{"Field": "host-header", "HostHeaderConfig": {"Values": ["*.shop.test"]}}, path("/v2/*")]
    yield [{"Field": "query-string", "QueryStringConfig": {"Values": [{"Key": "beta", "Value": "o?"}]}}, method("GET")]
    yield [{"Field": "query-string", "QueryStringConfig": {"Values": [{"Value": r"\*"}]}}]
    yield [{"Field": "http-header", "HttpHeaderConfig": {"HttpHeaderName": "x-beta", "Values": ["yes*", "no"]}}]
    yield [{"Field": "source-ip", "SourceIpConfig": {"Values": ["127.0.0.0/8"]}}, path("/beta/*")]
    yield [{"Field": "source-ip", "SourceIpConfig": {"Values": ["10.0.0.0/8"]}}]


def asked(conditions: Conditions | None) -> list[dict[str, Any]]:
    return [AS_AWS[each.field](each) for each in conditions or ()]


AS_AWS: dict[str, Callable[[Condition], dict[str, Any]]] = {
    ConditionField.PATH: lambda each: path(*each.texts),
    ConditionField.METHOD: lambda each: method(*each.texts),
    ConditionField.HEADER: lambda each: {
        "Field": "http-header",
        "HttpHeaderConfig": {"HttpHeaderName": each.name, "Values": list(each.texts)},
    },
}


@pytest.fixture
def inventory(site: Site) -> Environment:
    """The hand-off's, with every rule of it, the header rules and some strange ones on the load balancers."""
    balancers = {"public": LoadBalancer(name="public"), "internal": LoadBalancer(name="internal", listener_port=80)}
    changed = {
        "account": site.tenant.account,
        "load_balancers": balancers,
        "header_override": HeaderOverride(legacy_value="legacy"),
    }
    made = SEED.model_copy(update=changed)
    site.url()
    entries: list[Route | KeptRoute] = [*made.kept_routes.values(), *made.routes.values()]
    names = {name for e in entries for name in (e.legacy, getattr(e, "candidate", e.legacy))}
    groups = dict(zip(sorted(names), site.served(*sorted(names)), strict=True))
    mine, its = alb_weights(Percent.of(40))
    rules: dict[tuple[str, int], tuple[list[dict[str, Any]], list[dict[str, Any]]]] = {}
    for entry in entries:
        place = (entry.load_balancer, entry.priority)
        if isinstance(entry, Route):
            forward = site.forward({groups[entry.legacy]: mine, groups[entry.candidate]: its})
            rules[place] = (asked(entry.conditions), forward)
        else:
            rules[place] = (asked(entry.rule_conditions), single(groups[entry.legacy]))
    for rule in planned_overrides(made).values():
        rules[rule.load_balancer, rule.priority] = (asked(rule.asks), single(groups[rule.target_group]))
    for (balancer, priority), (conditions, forward) in rules.items():
        site.tenant.rule(forward, priority=priority, balancer=balancer, conditions=conditions)
    for number, conditions in enumerate(strange(), 1):
        site.tenant.rule(single(site.served(f"strange-{number}")[0]), priority=number, conditions=conditions)
    return made


def expected(found: Explanation) -> set[str] | set[None]:
    """The functions, called as their groups, that may answer; None for the default rule's 404."""
    assert found.shares or found.action == "fixed-response 404"
    return {share.target_group for share in found.shares if share.weight} or {None}


def test_two_hundred_requests_go_where_explain_says(site: Site, inventory: Environment) -> None:
    endpoint = site.tenant.sandbox.endpoint
    live: AlbState = Elbv2(Access(REGION, endpoint, site.tenant.account, "sandbox")).read(inventory)
    draw, seen = random.Random(5), set()  # noqa: S311 - the same ones each time
    for _ in range(200):
        balancer, verb, target = draw.choice(["public", "public", "internal"]), draw.choice(METHODS), draw.choice(PATHS)
        headers = [header for header in HEADERS if draw.random() < 0.15]
        host, query = draw.choice(HOSTS), draw.choice(QUERIES) if draw.random() < 0.2 else ""
        request = Request.of(verb, target + query, headers, host or "127.0.0.1", "127.0.0.1")
        found = explain(inventory, live, balancer, request)
        sent = [*headers, *([("Host", host)] if host else [])]
        reply = site.get(target + query, sent, method=verb, balancer=balancer)
        assert reply.served_by in expected(found), f"{request} {headers} {host}: {found}"
        assert reply.status == (200 if found.shares else 404)
        seen.add((balancer, found.priority))
    assert len(seen) >= 15  # so many different rules took one
