"""A fleet in accounts of a sandbox: load balancers and functions of others, and an inventory of them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rollout import Rollout
from rollout_sandbox.daemon import SandboxInfo
from rollout_sandbox.landscape import Balancer, prepare
from rollout_sandbox.state_store import prepare_state
from rollout_sandbox.story import answer
from tests.conftest import Team
from tests.sandbox.tenant import REGION, Tenant, path, single

Waves = Sequence[Sequence[str]]
IMAGE = f"123456789012.dkr.ecr.us-west-2.amazonaws.com/rollout/controller@sha256:{'a' * 64}"
_SHARED = """[project]
name = "{project}"

[legacy]
owner = "none"

[ramp]
steps = [50, 100]
bake = "3m"

[analysis]
metrics = ["server-errors", "lambda-errors"]
delay = "1m"
metric.server-errors.harm = {{ relative = 1, absolute = 5 }}
metric.lambda-errors.harm = {{ relative = 1, absolute = 5 }}

[controller]
image = "{image}"

[notifications.people]
sns = "arn:aws:sns:us-west-2:{account}:people"

[fleets.all]
waves = {waves}
"""
_ENVIRONMENT = """
[environments.{name}]
account = "{account}"
region = "us-west-2"
backend = "s3://{project}-{account}/rollout"
secrets-provider = "awskms://alias/rollout?region=us-west-2&awssdk=v2"

[environments.{name}.load-balancers.public]
name = "{name}"

[environments.{name}.routes.score]
load-balancer = "public"
path = "/score"
priority = 10
legacy = "{name}-legacy"
candidate = {{ target-group = "{name}-candidate" }}
"""


def fleet_team(aws: SandboxInfo, folder: Path, account: str, waves: Waves, elsewhere: Mapping[str, str] = {}) -> Team:
    """A team with an inventory of a fleet, and with the buckets and the topic that it names.

    Args:
        account: Of the environments.
        elsewhere: The account of each environment that is in another one.
    """
    folder.mkdir()
    team = Team(folder, account, aws)
    names = [name for wave in waves for name in wave]
    shared = {"image": IMAGE, "waves": json.dumps(waves), "account": account, "project": team.project}
    places = {name: elsewhere.get(name, account) for name in names}
    own = (_ENVIRONMENT.format(name=name, account=place, project=team.project) for name, place in places.items())
    team.file.write_text(_SHARED.format(**shared) + "".join(own))
    Tenant(aws, account).client("sns").create_topic(Name="people")
    for place, name in {place: name for name, place in places.items()}.items():
        prepare_state(team.open(name).inventory, Tenant(aws, place).client)
    return team


def deploy(template: Mapping[str, Any], tenant: Tenant) -> None:
    """What CloudFormation makes of a template with roles, and of no other one."""
    iam = tenant.client("iam")
    for resource in template["Resources"].values():
        assert resource["Type"] == "AWS::IAM::Role"
        said = resource["Properties"]
        trust = json.dumps(said["AssumeRolePolicyDocument"])
        iam.create_role(RoleName=said["RoleName"], AssumeRolePolicyDocument=trust)
        for policy in said["Policies"]:
            rights = json.dumps(policy["PolicyDocument"])
            iam.put_role_policy(RoleName=said["RoleName"], PolicyName=policy["PolicyName"], PolicyDocument=rights)


def serve(team: Team, name: str) -> None:
    """An environment's load balancer, its two functions, and the rule that forwards to legacy."""
    account = team.open(name).inventory.account
    tenant = Tenant(team.aws, account)
    groups = {}
    for side in ("legacy", "candidate"):
        function, group = tenant.function(f"{name}-{side}"), tenant.group(f"{name}-{side}")
        tenant.permit(function, group)
        groups[side] = group
    listener = prepare(tenant.client, account, [Balancer(name)]).listeners[name]
    forward = single(groups["legacy"])
    tenant.elb.create_rule(ListenerArn=listener, Priority=10, Conditions=[path("/score")], Actions=forward)
    for side, group in groups.items():
        tenant.register(group, f"arn:aws:lambda:{REGION}:{account}:function:{name}-{side}")
    answer(team.open(name).inventory, team.aws)


def opened(team: Team) -> Rollout:
    """The inventory as it is now."""
    return Rollout.load(team.file, sandbox=team.aws, on_event=team.events.append)
