"""Who may answer for a route: its own functions, and those of rules that come before its own."""

from __future__ import annotations

from typing import Any

import pytest

from rollout.inventory.fields import LAST
from rollout.inventory.model import LoadBalancer
from rollout_sandbox.load import endpoints_of
from tests.sandbox.data_plane.site import Site
from tests.sandbox.tenant import Tenant, method, path, single
from tests.unit.seed import SEED

GONE = [{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "410"}}]


@pytest.mark.parametrize(
    ("before", "conditions", "others"),
    [
        ("special", [path("/v2/stamps/*/score/0x*")], {"special"}),
        ("", [path("/v2/*")], {""}),
        ("special", [path("/elsewhere/*")], set()),
        ("special", [path("/v2/*"), method("DELETE")], set()),
    ],
)
def test_rules_before_a_routes_own_may_answer(
    tenant: Tenant, before: str, conditions: list[dict[str, Any]], others: set[str]
) -> None:
    site, route = Site(tenant), next(route for route in SEED.routes.values() if "/v2/stamps/*/score/*" in route.path)
    site.url()
    legacy, special = site.served(route.legacy, "special")
    tenant.rule(single(legacy), priority=1, conditions=[path("/v2/other")])
    tenant.rule(single(special) if before else GONE, priority=2, conditions=conditions)
    tenant.rule(single(legacy), priority=3, conditions=[path(*route.path)])
    tenant.rule(single(special), priority=4, conditions=[path("/*")])
    changed = {
        "account": tenant.account,
        "load_balancers": {route.load_balancer: LoadBalancer(name="public")},
        "routes": {"score": route.model_copy(update={"priority": 3})},
        "kept_routes": {},
    }
    found = endpoints_of(SEED.model_copy(update=changed), tenant.sandbox)
    assert {each.others for each in found} == {frozenset(others)}
    assert {each.legacy for each in found} == {route.legacy}


def test_a_rule_of_another_route_to_the_same_group_hides_none_behind_it(tenant: Tenant) -> None:
    site, route = Site(tenant), next(iter(SEED.routes.values()))
    site.url()
    legacy, special = site.served(route.legacy, "special")
    tenant.rule(single(legacy), priority=1, conditions=[path("/site/*")])
    tenant.rule(single(special), priority=2, conditions=[path("/api/*")])
    changed = {
        "account": tenant.account,
        "load_balancers": {route.load_balancer: LoadBalancer(name="public")},
        "routes": {"rest": route.model_copy(update={"path": (), "methods": (), "match": None, "priority": LAST})},
        "kept_routes": {},
    }
    (found,) = endpoints_of(SEED.model_copy(update=changed), tenant.sandbox)
    assert "special" in found.others
