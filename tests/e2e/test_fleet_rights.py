"""A fleet is installed, ramped, approved and removed with the rights of the roles for it, each of which is needed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from rollout.adapters.aws.iam import Role, policy
from rollout.adapters.aws.iam.needs import COMMANDS, PLUGIN_ONLY
from rollout.adapters.aws.iam.resources import Resources
from rollout.api.fleet_ramp import FleetRamp
from rollout_sandbox.daemon import SandboxInfo
from tests.conftest import Team, accounts
from tests.e2e.fleets import fleet_team, opened
from tests.e2e.test_controller_rights import asked
from tests.sandbox.running import allow, eventually, function
from tests.sandbox.tenant import Tenant

pytestmark = [pytest.mark.engine, pytest.mark.timeout(600)]

WAVES = (("a",), ("b",))
CONTROLLER = """
import boto3

def handler(event, context):
    if "token" in event:
        boto3.client("stepfunctions").send_task_success(taskToken=event["token"], output="{}")
    return {}
"""
"""It has ramped at once."""
OF_THE_ANSWER_ROLE = {"iam:DeleteRole", "iam:DeleteRolePolicy", "iam:UpdateAssumeRolePolicy"}
"""Which a fleet in one account doesn't have."""


@pytest.fixture
def team(aws: SandboxInfo, tmp_path: Path) -> Iterator[Team]:
    """A team with a controller in each environment."""
    made = fleet_team(aws, tmp_path / "checkout", str(next(accounts)), WAVES)
    made.edit("[fleets.all]", "[fleets.all]\napprove-between = true")
    for name in ("a", "b"):
        answers = allow("states:SendTaskSuccess")
        function(Tenant(aws, made.account), f"rollout-{made.project}-{name}-controller", CONTROLLER, answers)
    yield made
    aws.enforce(made.account, None)


@dataclass
class Steps:
    """Runs commands, each with a role's policy enforced, and keeps what they called."""

    team: Team
    called: dict[str, set[str]] = field(default_factory=dict)

    @contextmanager
    def by(self, role: Role, command: str) -> Iterator[FleetRamp]:
        aws, account = self.team.aws, self.team.account
        aws.enforce(account, policy(self.team.open("a").inventory, role))
        before = len(aws.calls("*", account))
        yield opened(self.team).fleet_ramp("all")
        calls = [call for call in aws.calls("*", account)[before:] if call.by is None]  # not the state machine's own
        assert [call for call in calls if "Denied" in (call.error or "")] == []
        self.called.setdefault(command, set()).update(right for call in calls for right in asked(call))

    def ramp_until(self, wanted: str) -> None:
        """Begin a ramp, and look until it stands so."""
        self.team.aws.clock.pass_by(seconds=120)  # an execution is named by its minute
        with self.by("operate", "fleet-ramp") as fleet:
            fleet.start()
        self.wait(wanted)

    def wait(self, wanted: str) -> None:
        with self.by("observe", "fleet-status") as fleet:
            found = eventually(lambda: (it := fleet.status()).state == wanted and it)
        assert found.installed == "yes"


def test_each_role_may_do_what_it_does_and_no_more(team: Team) -> None:
    steps = Steps(team)
    with steps.by("fleet", "fleet-install") as fleet:
        fleet.install(approve=True)
        team.edit("approve-between = true", "approve-between = true\nat-once = 1")
        opened(team).fleet_ramp("all").install(approve=True)
    steps.ramp_until("approval")
    with steps.by("operate", "fleet-approve") as fleet:
        fleet.approve()
    steps.wait("done")
    steps.ramp_until("approval")
    with steps.by("operate", "fleet-approve") as fleet:
        fleet.decline("a trial")
    steps.ramp_until("approval")
    with steps.by("operate", "fleet-stop") as fleet:
        assert fleet.stop("a trial").state == "stopped"
    with steps.by("fleet", "fleet-install") as fleet:
        assert not fleet.install(approve=True).changed
    with steps.by("observe", "fleet-history") as fleet:
        assert [each.what for each in fleet.history()][-2:] == ["fleet ramp", "fleet stopped"]
    with steps.by("fleet", "fleet-remove") as fleet:
        assert fleet.remove(approve=True).changed

    team.aws.enforce(team.account, None)
    roles = Tenant(team.aws, team.account).client("iam").list_roles()["Roles"]
    assert not [role for role in roles if "-fleet-" in role["RoleName"]]
    names = Resources(team.open("a").inventory)
    for command, called in steps.called.items():
        needed = {action for need in COMMANDS[command] if need.on(names) for action in need.actions}
        unseen = PLUGIN_ONLY | OF_THE_ANSWER_ROLE if command == "fleet-install" else PLUGIN_ONLY
        assert (called - needed, needed - called - unseen) == (set(), set()), command
