"""The controller is installed, changed and removed with the rights of its role, each of which is needed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from rollout.adapters.aws.iam import policy
from rollout.adapters.aws.iam.needs import COMMANDS, PLUGIN_ONLY
from rollout.adapters.aws.iam.resources import Resources
from rollout_sandbox import Call
from rollout_sandbox.authorization import rights_of
from rollout_sandbox.daemon import SandboxInfo
from rollout_sandbox.request import ApiRequest
from rollout_sandbox.story import seed
from tests.conftest import Team, made_team

pytestmark = [pytest.mark.engine, pytest.mark.timeout(600)]

IMAGE = f"123456789012.dkr.ecr.us-west-2.amazonaws.com/rollout@sha256:{'0' * 64}"
KEYS = f"""backend = "s3://{{project}}/rollout"
secrets-provider = "awskms://alias/rollout?region=us-west-2&awssdk=v2"
controller = {{{{ image = "{IMAGE}" }}}}
"""
UNSEEN = {
    *("s3:DeleteObjectVersion", "s3:ListBucketVersions"),  # of a versioned bucket, which this one isn't
    # what Lambda asks for with the caller's rights
    *("ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer", "ecr:GetRepositoryPolicy", "ecr:SetRepositoryPolicy"),
}


@pytest.fixture
def team(aws: SandboxInfo, tmp_path: Path) -> Iterator[Team]:
    """A team with its state in S3, at phase 2."""
    made = made_team(aws, tmp_path / "checkout", whole=False)
    made.edit("[environments.production]\n", f"[environments.production]\n{KEYS.format(project=made.project)}")
    seed(made.open().inventory, aws, lambda _: None)
    made.open().phase1(approve=True)
    made.open().phase2(approve=True)
    yield made
    aws.enforce(made.account, None)


def test_its_role_may_do_what_it_does_and_no_more(team: Team) -> None:
    aws, account = team.aws, team.account
    inventory = team.open().inventory
    aws.enforce(account, policy(inventory, "controller"))

    before = len(aws.calls("*", account))
    team.open().controller.install(approve=True)
    program = team.folder / "programs/routing.py"
    program.write_text(f"{program.read_text()}\n")
    other = IMAGE.replace("0" * 64, "1" * 64)
    team.edit(f'image = "{IMAGE}"', f'image = "{other}", pace = "5m", memory-size = 1024')
    team.open().controller.install(approve=True)
    between = len(aws.calls("*", account))

    aws.enforce(account, policy(inventory, "observe"))
    status = team.open().status()
    assert status.controller is not None
    assert (status.controller.state, team.open().controller.status().state) == ("new", "new")
    notes = {note.code for check in team.open().preflight().checks for note in check.notes}
    assert not notes & {"no-controller", "controller-outdated"}
    after = len(aws.calls("*", account))

    aws.enforce(account, policy(inventory, "controller"))
    team.open().controller.remove(approve=True)
    made = aws.calls("*", account)
    assert [call for call in made[before:] if "Denied" in (call.error or "")] == []
    for command, calls in {"controller-install": made[before:between], "controller-remove": made[after:]}.items():
        called = {right for call in calls for right in asked(call)}
        needed = {action for need in COMMANDS[command] if need.on(Resources(inventory)) for action in need.actions}
        assert called - needed == set(), command
        assert needed - called - PLUGIN_ONLY - UNSEEN == set(), command


def asked(call: Call) -> Iterator[str]:
    """The actions that AWS asks a right for."""
    service, operation = call.action.split(":")
    if service == "kms":  # whose keys the sandbox alone knows by their aliases
        yield call.action
    elif service != "sts":
        request = ApiRequest(call.account, call.region, service, operation, call.parameters)
        yield from (right.action for right in rights_of(request))
