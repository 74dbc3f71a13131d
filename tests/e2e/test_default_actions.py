"""A listener's default action, moved by the engine under traffic: nothing is lost while its rule comes and goes."""

from __future__ import annotations

import pytest

from rollout.inventory.quantities import Percent
from rollout_sandbox.load import Verdict, binomial_interval, by_route, tally
from tests.behaviour.test_default_actions import EVERYTHING, ROUTE, as_default
from tests.behaviour.test_other_owners import PROGRAM
from tests.conftest import Team
from tests.e2e.test_traffic import RATE, between, traffic_of
from tests.sandbox.tenant import single

pytestmark = pytest.mark.engine

DELETE = {
    "Sid": "DeleteDefaultRules",
    "Effect": "Allow",
    "Action": ["elasticloadbalancing:DeleteRule"],
    "Resource": "arn:aws:elasticloadbalancing:us-west-2:*:listener-rule/app/passport-public/*",
    "Condition": {"StringEquals": {"aws:ResourceTag/rollout:stack": "routing"}},
}
"""What docs/security.md wants beside the policy where phase 2 is undone."""
OLD, NEW = "passport-v2-stamp-score", "rust-scorer"


def serves_by_default(team: Team) -> None:
    """Nobody's stack holds a rule, and a listener's default action serves what no rule takes."""
    live, elb = team.open().traffic.alb_state(), team.aws.client("elbv2", team.account, "us-west-2")
    route = team.open().inventory.routes[ROUTE]
    elb.delete_rule(RuleArn=team.rules()[ROUTE])
    elb.modify_listener(
        ListenerArn=live.listeners[route.load_balancer], DefaultActions=single(live.group_arn(route.legacy))
    )
    team.edit(PROGRAM, "")
    team.file.write_text(as_default(team.file.read_text()))


def test_a_default_action_moves_and_comes_back_without_a_gap(legacy: Team) -> None:
    team = legacy
    serves_by_default(team)
    before, policy = team.open().traffic.alb_state().defaults, team.open().iam_policy("operate")
    with traffic_of(team) as traffic:
        team.aws.enforce(team.account, policy)
        team.open().phase1(approve=True)
        team.open().phase2(approve=True)
        rule = team.open().traffic.alb_state().rule_of(team.open().inventory.routes[ROUTE])
        traffic.wait(RATE)
        raised = traffic.now
        team.open().set_weight(50, approve=True)
        since = traffic.now
        traffic.wait(6 * RATE)
        steady = between(traffic.answers, since, traffic.now)
        team.open().drift(ignore_file=True).require()
        assert team.open().rollback().reconciled
        back = traffic.now
        traffic.wait(2 * RATE)
        team.aws.enforce(team.account, {**policy, "Statement": [*policy["Statement"], DELETE]})
        team.open().undo("phase2", approve=True)
        team.aws.enforce(team.account, None)
        traffic.wait(2 * RATE)
        answers = traffic.answers

    assert rule is not None
    assert (rule.asks, rule.is_default) == (EVERYTHING, False)
    assert [answer for answer in answers if answer.verdict is not Verdict.FINE] == []
    assert not any(
        answer.on_candidate for answer in (*between(answers, answers[0].started, raised), *between(answers, back))
    )
    found = tally([answer for answer in steady if answer.endpoint.route == ROUTE])
    assert found.fresh_on_candidate in binomial_interval(found.fresh, Percent.of(50))
    assert set(by_route(steady)[ROUTE].by) == {OLD, NEW}
    now = team.open().traffic.alb_state()
    assert now.defaults == before
    assert rule.arn not in {each.arn for each in now.rules}
    team.open().undo("phase1", approve=True)
