"""From Lambda to a service's containers and from containers to Lambda, by the engine and under traffic."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from rollout.inventory.quantities import Percent
from rollout_sandbox.load import Verdict, binomial_interval, by_route, tally
from tests.behaviour.test_other_owners import PROGRAM
from tests.conftest import Team
from tests.e2e.test_traffic import RATE, between, traffic_of
from tests.sandbox.load.echo import container
from tests.sandbox.tenant import weighted

pytestmark = pytest.mark.engine

NEW, OLD = "ecs-scorer", "ecs-embed"
Serve = Callable[[Team, str], str]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """What makes a group of one container in a team's account, as ECS would; its ARN."""
    with ExitStack() as open_:

        def made(team: Team, name: str) -> str:
            elb = team.aws.client("elbv2", team.account, "us-west-2")
            vpc = elb.describe_load_balancers()["LoadBalancers"][0]["VpcId"]
            asked = {"Name": name, "TargetType": "ip", "Protocol": "HTTP", "Port": 80, "VpcId": vpc}
            group = str(elb.create_target_group(**asked)["TargetGroups"][0]["TargetGroupArn"])
            port = open_.enter_context(container(name))
            elb.register_targets(TargetGroupArn=group, Targets=[{"Id": "127.0.0.1", "Port": port}])
            return group

        yield made


def test_both_directions_lose_no_request(legacy: Team, serve: Serve) -> None:
    team, rules = legacy, legacy.rules()
    elb = team.aws.client("elbv2", team.account, "us-west-2")
    serve(team, NEW)
    elb.modify_rule(RuleArn=rules["embed-score"], Actions=weighted({serve(team, OLD): 1}))
    team.edit(PROGRAM, "")
    team.edit('candidate = "l-passport-v2-rust-scorer"\n', f'candidate = {{ target-group = "{NEW}" }}\n')
    team.edit('legacy = "embed-gs-lambda-target-group"', f'legacy = "{OLD}"')

    with traffic_of(team) as traffic:
        team.open().phase1(approve=True)
        team.open().phase2(approve=True)
        raised = traffic.now
        team.open().set_weight(50, approve=True)
        since = traffic.now
        traffic.wait(6 * RATE)
        steady = between(traffic.answers, since, traffic.now)
        assert team.open().rollback().reconciled
        back = traffic.now
        traffic.wait(2 * RATE)
        answers = traffic.answers

    assert [answer for answer in answers if answer.verdict is not Verdict.FINE] == []
    assert not any(
        answer.on_candidate for answer in (*between(answers, answers[0].started, raised), *between(answers, back))
    )
    found = tally(steady)
    assert found.fresh_on_candidate in binomial_interval(found.fresh, Percent.of(50))
    assert {name: set(by_route(steady)[name].by) for name in rules} == {
        "stamp-score": {"passport-v2-stamp-score", NEW},
        "ceramic-score": {"cc-v1-score-POST-0", NEW},
        "embed-score": {OLD, "rust-scorer"},
    }

    team.open().undo("phase2", approve=True)
    team.open().undo("phase1", approve=True)
    groups = {group["TargetGroupName"] for group in elb.describe_target_groups()["TargetGroups"]}
    assert {NEW, OLD} <= groups
    assert not any("rust" in group for group in groups)
