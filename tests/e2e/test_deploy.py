"""A candidate as teams build it, on the engine, by the least rights: a VPC, layers, rights and an alias that moves."""

from __future__ import annotations

import json
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from rollout.adapters.aws.iam import policy
from rollout.inventory.quantities import Percent
from rollout.migration import events
from rollout.migration.checks.function_needs import needs_problems
from rollout_sandbox import Profile
from rollout_sandbox.daemon import SandboxInfo
from rollout_sandbox.load import Load, endpoints_of, tally
from tests.conftest import Prepared, Team

pytestmark = [pytest.mark.engine, pytest.mark.timeout(900)]  # long, so begun early

RATE = 100
REGION, NAME = "us-west-2", "rust-scorer"
LAYER = "arn:aws:lambda:us-west-2:580247275435:layer:LambdaInsightsExtension:38"


def settings(team: Team) -> str:
    """Keys of the function, with a network that is there."""
    ec2 = team.aws.client("ec2", team.account, REGION)
    vpc = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.9.1.0/24")["Subnet"]["SubnetId"]
    group = ec2.create_security_group(GroupName="scorer", Description="its", VpcId=vpc)["GroupId"]
    return f"""handler = "bootstrap"
alias = "live"
provisioned-concurrency = 2
reserved-concurrency = 5
tracing = "Active"
layers = ["{LAYER}"]
vpc = {{ subnets = ["{subnet}"], security-groups = ["{group}"] }}
dead-letter = "arn:aws:sqs:{REGION}:{team.account}:lost"
policies = ["arn:aws:iam::aws:policy/AWSLambda_ReadOnlyAccess"]
statements = [{{ actions = ["ssm:GetParameter"], resources = ["*"] }}]"""


def points(team: Team) -> tuple[str, str]:
    """Where the alias points, and what it keeps of before."""
    alias = team.aws.client("lambda", team.account, REGION).get_alias(FunctionName=NAME, Name="live")
    return alias["FunctionVersion"], alias.get("Description", "")


def kept_ready(team: Team) -> set[str]:
    """The versions that are kept ready."""
    found = team.aws.client("lambda", team.account, REGION).list_provisioned_concurrency_configs(FunctionName=NAME)
    return {each["FunctionArn"].rpartition(":")[2] for each in found["ProvisionedConcurrencyConfigs"]}


def build(team: Team, text: str) -> None:
    """Another build of the code."""
    (team.folder / "programs" / "code" / NAME / "bootstrap").write_text(text)


def test_a_candidate_with_all_that_teams_give_it_is_built_deployed_and_taken_back_by_the_least_rights(
    legacy: Team,
) -> None:
    team = legacy
    team.edit('handler = "bootstrap"', settings(team))
    team.aws.enforce(team.account, team.open().iam_policy("operate"))
    try:
        assert "network-unusable" not in {each.code for each in team.open().preflight().problems}
        team.open().phase1(approve=True)
        assert not team.open().phase1(approve=True).changed
        team.open().phase2(approve=True)
        for text in ("second", "third"):
            build(team, text)
            team.open().deploy(approve=True)
        assert (points(team), kept_ready(team)) == (("3", "rollout: before 2, 1"), {"3"})
        team.open().set_weight(100, approve=True, save=False)
        done = team.run("deploy", "production", "--back", "--yes")
        assert done.returncode == 0, done.stderr
        assert (points(team), kept_ready(team)) == (("2", "rollout: before 1"), {"2"})
        assert not team.open().phase1(approve=True).changed
        assert team.open().smoke(routes=["stamp-score"]).problems == ()
        team.aws.enforce(team.account, team.open().iam_policy("observe"))
        assert [each for each in team.open().drift().problems if each.code == "alias-moved"] == []
        team.open().preview("deploy")
        assert_needs_are_read(team)
    finally:
        team.aws.enforce(team.account, None)
    assert asked(team) == 200
    roles = team.aws.client("iam", team.account, REGION)
    attached = roles.list_attached_role_policies(RoleName=NAME)["AttachedPolicies"]
    assert {each["PolicyName"] for each in attached} == {
        "AWSLambdaBasicExecutionRole",
        "AWSLambdaVPCAccessExecutionRole",
        "AWSXRayDaemonWriteAccess",
        "AWSLambda_ReadOnlyAccess",
    }
    moved: Any = team.aws.client("lambda", team.account, REGION)
    moved.update_alias(FunctionName=NAME, Name="live", FunctionVersion="1")
    assert "alias-moved" in {each.code for each in team.open().drift().problems}


def assert_needs_are_read(team: Team) -> None:
    """Existing roles and networks are read by the rights to look, and only if they are there."""
    opened = team.open()
    made = opened.inventory.functions[NAME]
    functions = {name: made.model_copy(update={"role": name}) for name in (NAME, "nobody")}
    environment = opened.inventory.model_copy(update={"functions": functions})
    team.aws.enforce(team.account, policy(environment, "observe"))
    found = opened._container.aliases.needs(environment)
    codes = [(each.where, each.code) for each in needs_problems(environment, found)]
    assert codes == [("functions.nobody.role", "role-unusable")]
    assert made.vpc is not None
    assert found.vpcs is not None
    assert found.vpcs.keys() == {*made.vpc.subnets, *made.vpc.security_groups}


def test_a_build_gets_its_requests_by_steps_and_a_worse_one_goes_back(
    prepared: Prepared, fast_aws: SandboxInfo, tmp_path: Path
) -> None:
    team = prepared.team(tmp_path / "checkout", "legacy", aws=fast_aws)
    team.edit('handler = "bootstrap"', 'handler = "bootstrap"\nalias = "live"')
    team.set_ramp('bake = "3m"')
    team.append(
        '[environments.production.analysis]\ndelay = "1m"\nwarm-up = "0s"\n'
        'metrics = ["lambda-errors"]\n'
        "metric = { lambda-errors = { harm = { relative = 1, absolute = 3 } } }"
    )
    team.open().phase1(approve=True)
    team.open().phase2(approve=True)
    team.open().set_weight(100, approve=True, save=False)
    team.aws.enforce(team.account, team.open().iam_policy("operate"))
    try:
        with Load(endpoints_of(team.open().inventory, team.aws), RATE) as load:
            load.wait(RATE // 2)
            build(team, "second")
            assert team.open().deploy_by_steps([20, 50], approve=True).state == "finished"
            assert points(team) == ("2", "rollout: before 1")
            assert tally(load.answers).lost == 0
            build(team, "third")
            team.aws.behave(Profile(f"{NAME}:3", account=team.account, crashes=Percent.of(50)))
            done = team.run("deploy", "production", "--steps", "20,50", "--yes", "--json")
    finally:
        team.aws.enforce(team.account, None)
        team.aws.forget_profiles()
    assert done.returncode == 6, done.stdout + done.stderr
    told = [json.loads(line) for line in done.stdout.splitlines()]
    (failed,) = [event for event in told if event["event"] == "ramp-failed"]
    assert (failed["outcome"], failed["weight"], failed["routes"]) == ("rolled back", 20, [NAME])
    assert points(team) == ("2", "rollout: before 1")
    assert not team.open().phase1(approve=True).changed  # the state has followed
    raised = [event for event in team.events if isinstance(event, events.RampRaised)]
    assert [event.weight for event in raised] == [Percent.of(share) for share in (20, 50, 100)]


def asked(team: Team) -> int:
    """What the public load balancer answers; all requests go to the candidate."""
    listeners = team.aws.listeners(team.account, REGION)
    url = next(each.url for each in listeners if each.load_balancer == "passport-public")
    with urllib.request.urlopen(  # noqa: S310 - a listener of this machine
        f"{url}/v2/stamps/7/score/0xA", timeout=10
    ) as answer:
        return int(answer.status)
