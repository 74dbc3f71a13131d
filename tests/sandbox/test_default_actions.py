"""A listener's default action: kept, judged and done as a rule's is."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from tests.sandbox.data_plane.site import Site
from tests.sandbox.tenant import Tenant, refused, single, weighted


def ask(tenant: Tenant, actions: list[dict[str, Any]], made: str, **more: Any) -> dict[str, Any]:
    """A listener with such actions: a new one, or the one that is there."""
    landscape = tenant.landscape
    if made == "modified":
        found = tenant.elb.modify_listener(ListenerArn=landscape.listeners["public"], DefaultActions=actions, **more)
    else:
        (balancer,) = tenant.elb.describe_load_balancers(Names=["public"])["LoadBalancers"]
        arn = balancer["LoadBalancerArn"]
        found = tenant.elb.create_listener(
            LoadBalancerArn=arn, Port=8080, Protocol="HTTP", DefaultActions=actions, **more
        )
    return dict(found["Listeners"][0])


@pytest.mark.parametrize("made", ["created", "modified"])
def test_a_weighted_default_action_is_kept_shown_and_done(tenant: Tenant, made: str) -> None:
    site = Site(tenant)
    one, other = site.served("one", "other")
    listener = ask(tenant, weighted({one: 900, other: 99}, {"Enabled": True, "DurationSeconds": 60}), made)
    (rule,) = tenant.elb.describe_rules(ListenerArn=listener["ListenerArn"])["Rules"]
    wanted = weighted({one: 900, other: 99}, {"Enabled": True, "DurationSeconds": 60})[0]
    assert (rule["IsDefault"], rule["Priority"], rule["Actions"]) == (True, "default", [{"Order": 1, **wanted}])
    (read,) = tenant.elb.describe_listeners(ListenerArns=[listener["ListenerArn"]])["Listeners"]
    assert listener["DefaultActions"] == read["DefaultActions"] == rule["Actions"]
    port = listener["Port"]
    url = tenant.sandbox.url(tenant.account, "us-west-2", "public", port)
    answered = Counter(site.at(url, "/anything").served_by for _ in range(150))
    assert answered["one"] > answered["other"] > 0
    first = site.at(url, "/")
    assert {site.at(url, "/", {"Cookie": first.cookie or ""}).served_by for _ in range(20)} == {first.served_by}


@pytest.mark.parametrize("made", ["created", "modified"])
@pytest.mark.parametrize(
    ("weights", "code"), [((0, 0), "ValidationError"), ((1000, 1), "ValidationError"), ((None, 1), "ValidationError")]
)
def test_its_weights_are_judged_as_a_rules_are(tenant: Tenant, made: str, weights: Any, code: str) -> None:
    one, other = tenant.groups(2)
    with refused(code, ""):
        ask(tenant, weighted({one: weights[0], other: weights[1]}), made)


@pytest.mark.parametrize("made", ["created", "modified"])
def test_sticky_targets_need_a_sticky_default_action(tenant: Tenant, made: str) -> None:
    site = Site(tenant)
    one, sticky = site.addressed("one"), site.addressed("sticky", **{"stickiness.enabled": "true"})
    with refused("InvalidLoadBalancerAction", "You must enable group stickiness"):
        ask(tenant, weighted({one: 1, sticky: 1}), made)
    ask(tenant, weighted({one: 1, sticky: 1}, {"Enabled": True, "DurationSeconds": 60}), made)


def test_a_change_of_something_else_leaves_it(tenant: Tenant) -> None:
    one, other = tenant.groups(2)
    ask(tenant, weighted({one: 1, other: 0}), "modified")
    before = tenant.read({"RuleArn": tenant.default_rule()})
    changed = tenant.elb.modify_listener(ListenerArn=tenant.landscape.listeners["public"], Port=8443)
    assert changed["Listeners"][0]["DefaultActions"] == before["Actions"]
    assert tenant.read({"RuleArn": tenant.default_rule()}) == before


@pytest.mark.parametrize("made", ["created", "modified"])
def test_a_group_of_another_load_balancer_or_none_is_refused(tenant: Tenant, made: str) -> None:
    taken = tenant.group("taken")
    tenant.rule(single(taken), balancer="internal")
    with refused("TargetGroupAssociationLimit", taken):
        ask(tenant, single(taken), made)
    with refused("TargetGroupNotFound", "not found"):
        ask(tenant, single(f"{taken}0"), made)
