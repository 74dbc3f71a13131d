"""A route of two listeners, moved by the engine under traffic on both: one weight, nothing lost, and all goes back."""

from __future__ import annotations

import pytest

from rollout.inventory.quantities import Percent
from rollout_sandbox.load import Verdict, binomial_interval, by_route, tally
from tests.behaviour.test_other_owners import PROGRAM
from tests.conftest import Team
from tests.e2e.test_traffic import RATE, between, traffic_of
from tests.sandbox.tenant import method, path, single

pytestmark = pytest.mark.engine

NAMES = ("stamp-score-80", "stamp-score-443")


def served_on_both(team: Team) -> None:
    """Nobody's stack holds a rule, and a second listener has one for the same requests, at another priority."""
    live, elb = team.open().traffic.alb_state(), team.aws.client("elbv2", team.account, "us-west-2")
    route = team.open().inventory.routes["stamp-score"]
    listener = elb.create_listener(
        LoadBalancerArn=live.load_balancers["public"],
        Port=80,
        Protocol="HTTP",
        DefaultActions=[{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404"}}],
    )["Listeners"][0]["ListenerArn"]
    elb.create_rule(
        ListenerArn=listener,
        Priority=7,
        Conditions=[path(*route.path), method(*route.methods)],
        Actions=single(live.group_arn(route.legacy)),
    )
    team.edit(PROGRAM, "")
    team.edit(f"priority = {route.priority}\n", f"priority = {{ 80 = 7, 443 = {route.priority} }}\n")


def test_both_listeners_get_one_weight_and_go_back_together(legacy: Team) -> None:
    served_on_both(legacy)
    with traffic_of(legacy) as traffic:
        legacy.open().phase1(approve=True)
        legacy.open().phase2(approve=True)
        raised = traffic.now
        legacy.open().set_weight(50, routes=["stamp-score"], approve=True)
        since = traffic.now
        traffic.wait(8 * RATE)
        steady = between(traffic.answers, since, traffic.now)
        legacy.open().drift().require()
        assert legacy.open().rollback(routes=["stamp-score"]).reconciled
        back = traffic.now
        traffic.wait(2 * RATE)
        answers = traffic.answers

    assert [answer for answer in answers if answer.verdict is not Verdict.FINE] == []
    own = [answer for answer in answers if answer.endpoint.route in NAMES]
    assert not any(answer.on_candidate for answer in (*between(own, own[0].started, raised), *between(own, back)))
    for name in NAMES:
        found = tally([answer for answer in steady if answer.endpoint.route == name])
        assert found.fresh_on_candidate in binomial_interval(found.fresh, Percent.of(50)), name
    assert {"passport-v2-stamp-score", "rust-scorer"} == set(by_route(steady)[NAMES[0]].by)
