"""Clients that keep cookies and use several routes drift to a candidate target group that the routes share.

A cookie to a shared candidate holds on each route, for good; one to a legacy group counts on that group's route only,
and elsewhere the weights decide anew. So each change of route is one more chance to meet the candidate, and none to
leave it.
"""

from __future__ import annotations

from collections import defaultdict
from itertools import pairwise

from rollout.inventory.quantities import ALL_TENTHS, Percent
from rollout_sandbox.load import Answer, Endpoint, Load, binomial_interval
from tests.sandbox.tenant import Tenant, path, weighted

WEIGHT = Percent.of(10)
ROUTES, VISITS, REQUESTS = 5, 20, 2000
STICKY = {"Enabled": True, "DurationSeconds": 3600}


def serve(tenant: Tenant, name: str, function: str) -> str:
    """A target group with a function in it."""
    group = tenant.group(name)
    tenant.permit(function, group, sid=name)
    tenant.register(group, function)
    return group


def users_over_routes(tenant: Tenant, *, own_candidates: bool) -> list[list[Answer]]:
    """Each user's answers, over routes at the same weight that share a candidate group or have their own."""
    function = tenant.function("candidate")
    legacy = [serve(tenant, f"legacy-{n}", tenant.function(f"legacy-{n}")) for n in range(ROUTES)]
    made = [serve(tenant, f"candidate-{n}", function) for n in range(ROUTES if own_candidates else 1)]
    url = tenant.url("public")
    endpoints = []
    for n, group in enumerate(legacy):
        tenant.rule(
            weighted({group: 90, made[n % len(made)]: 10}, STICKY), priority=10 + n, conditions=[path(f"/route-{n}")]
        )
        endpoints.append(Endpoint(str(n), "public", url, "GET", f"/route-{n}", f"legacy-{n}", "candidate"))
    with Load(endpoints, 500, sticky=Percent.of(100), users=50, visits=VISITS) as load:
        load.wait(REQUESTS)
    users = defaultdict(list)
    for answer in load.answers:
        assert answer.by in answer.endpoint.answerers, answer
        users[answer.user].append(answer)
    pairs = [pair for theirs in users.values() for pair in pairwise(theirs)]
    assert [pair for pair in pairs if pair[0].endpoint == pair[1].endpoint and pair[0].by != pair[1].by] == []
    return list(users.values())


def at_each_change(users: list[list[Answer]]) -> dict[int, list[bool]]:
    """By the number of changes of route so far, who was on the candidate right after the last of them."""
    found = defaultdict(list)
    for answers in users:
        found[0].append(answers[0].on_candidate)
        changes = 0
        for one, then in pairwise(answers):
            if one.endpoint != then.endpoint:
                changes += 1
                found[changes].append(then.on_candidate)
    return found


def test_a_shared_candidate_group_gathers_them(tenant: Tenant) -> None:
    found = at_each_change(users_over_routes(tenant, own_candidates=False))
    assert max(found) > 10
    for changes, on_candidate in found.items():
        expected = Percent(round((1 - (1 - WEIGHT.share) ** (changes + 1)) * ALL_TENTHS))
        assert sum(on_candidate) in binomial_interval(len(on_candidate), expected), changes


def test_a_candidate_group_for_each_route_keeps_the_weight(tenant: Tenant) -> None:
    found = at_each_change(users_over_routes(tenant, own_candidates=True))
    on_candidate = [each for later in found.values() for each in later]
    assert len(on_candidate) > REQUESTS // 2
    assert sum(on_candidate) in binomial_interval(len(on_candidate), WEIGHT)
