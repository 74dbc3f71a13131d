"""Who may answer for a route: its own functions, and those of rules that come before its own."""

from __future__ import annotations

from typing import Any

import pytest

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
    tenant.rule(single(special) if before else GONE, priority=1, conditions=conditions)
    tenant.rule(single(legacy), priority=2, conditions=[path(*route.path)])
    tenant.rule(single(special), priority=3, conditions=[path("/*")])
    changed = {
        "account": tenant.account,
        "load_balancers": {route.load_balancer: LoadBalancer(name="public")},
        "routes": {"score": route},
        "kept_routes": {},
    }
    found = endpoints_of(SEED.model_copy(update=changed), tenant.sandbox)
    assert {each.others for each in found} == {frozenset(others)}
    assert {each.legacy for each in found} == {route.legacy}
