"""The cutover of rules that Terraform or another Pulumi stack made: adopted, let go of, and no trace left in either."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from rollout.adapters.pulumi.install.locate import require
from rollout.inventory.model import LEGACY_ONLY, PREPARED
from rollout.migration import events
from rollout_sandbox.story import seed
from tests.conftest import Team

pytestmark = pytest.mark.engine

PROGRAM = 'legacy = "programs.legacy:program"       # today\'s Lambdas and their rules\n'


def named(team: Team, legacy: str) -> None:
    """Say who owns the legacy rules, instead of a program of ours."""
    team.edit(PROGRAM, "")
    team.edit("[stickiness]", f"[legacy]\n{legacy}\n\n[stickiness]")


@pytest.fixture
def elsewhere(team: Team) -> Team:
    """A team whose legacy rules are in a stack of another project, of which rollout has no program."""
    infra = f"infra-{team.account}"
    seed(team.open().inventory.model_copy(update={"project": infra}), team.aws, lambda _: None)
    named(team, f'owner = "pulumi"\nstack = "organization/{infra}-legacy/production"')
    return team


def test_a_stack_of_another_project_lets_go(elsewhere: Team) -> None:
    team, before = elsewhere, elsewhere.rules()
    stack = f"organization/infra-{team.account}-legacy/production"
    team.open().phase1(approve=True)
    assert {route.owners for route in team.open().status().routes} == {("pulumi",)}
    (looked,) = [check for check in team.open().preflight().checks if check.name == "other owner"]
    assert looked.evidence == f"pulumi (stack {stack}) manages 3 of 3 rules"

    gate = team.open().phase2(approve=True).gate
    (warning,) = [each for each in gate.warnings if f"pulumi (stack {stack}) manages 3 of 3 rules" in each]
    assert "its next `pulumi up` sends all traffic to legacy" in warning
    (told,) = [event for event in team.events if isinstance(event, events.OwnerToRelease)]
    assert set(told.routes) == before.keys()
    assert gate.commands == told.commands

    status = team.open().status()
    assert {route.owners for route in status.routes} == {("pulumi", "routing")}
    assert {route.live for route in status.routes} == {PREPARED}
    assert status.next_step == "rollout release production"

    # the first command as it is told, by hand and in a shell; rollout does the rest
    done = subprocess.run(
        ["sh", "-c", told.commands[0]],
        env={**os.environ, "PATH": f"{require().path.parent}:{os.environ['PATH']}", "PULUMI_CONFIG_PASSPHRASE": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert len(team.open().status().unreleased) == 2
    calls = len(team.calls("*"))
    said = team.run("release", "production", "--yes")
    assert said.returncode == 0, said.stdout + said.stderr
    assert told.commands[1] in said.stdout
    assert "pulumi released 2 rules" in said.stdout
    assert [call for call in team.calls("*")[calls:] if not call.startswith(("Get", "List"))] == []

    status = team.open().status()
    assert {route.owners for route in status.routes} == {("routing",)}
    assert (status.unreleased, status.next_step) == ((), None)
    assert team.rules() == before


def words(shown: str) -> str:
    """What is shown, on one line."""
    return " ".join(shown.split())


CONFIGURATION = """\
terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
}

provider "aws" {
  region                      = "us-west-2"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_requesting_account_id  = true
  skip_region_validation      = true
}
"""
RULES = """
locals {
  routes = jsondecode(file("${path.module}/routes.json"))
}

resource "aws_lb_listener_rule" "route" {
  for_each     = local.routes
  listener_arn = each.value.listener
  priority     = each.value.priority
  action {
    type             = "forward"
    target_group_arn = each.value.legacy
  }
  condition {
    path_pattern { values = each.value.paths }
  }
  condition {
    http_request_method { values = each.value.methods }
  }
}
"""
MIRRORS = ("/opt/tf-plugins", "/usr/share/terraform/plugins", "~/.terraform.d/plugins")


class Configuration:
    """A Terraform configuration in a team's checkout, with its state beside it."""

    def __init__(self, team: Team) -> None:
        self.folder = team.folder / "infra"
        self.folder.mkdir()
        self._variables = {**os.environ, **team.aws.environ(team.account, "us-west-2"), "CHECKPOINT_DISABLE": "1"}

    def write(self, text: str) -> None:
        (self.folder / "main.tf").write_text(text)

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        command = ["terraform", f"-chdir={self.folder}", *words]
        return subprocess.run(command, env=self._variables, capture_output=True, text=True, check=False)

    def init(self) -> None:
        mirror = next((path for name in MIRRORS if (path := Path(name).expanduser()).is_dir()), None)
        done = self.run("init", "-input=false", *([f"-plugin-dir={mirror}"] if mirror else []))
        if done.returncode:
            pytest.skip(f"Terraform's AWS provider can't be had: {done.stderr.strip().splitlines()[-1]}")


@pytest.mark.skipif(shutil.which("terraform") is None, reason="terraform is not on PATH")
def test_terraform_lets_go(team: Team) -> None:
    terraform = Configuration(team)
    terraform.write(CONFIGURATION + RULES)
    terraform.init()
    infra = team.open().inventory.model_copy(update={"project": f"infra-{team.account}"})
    seed(infra, team.aws, lambda _: None, without_rules=True)
    named(team, 'owner = "terraform"\ndirectory = "infra"')
    inventory, live = team.open().inventory, team.open().traffic.alb_state()
    wanted = {
        name: {
            "listener": live.listeners[route.load_balancer],
            "priority": route.priority,
            "legacy": live.group_arn(route.legacy),
            "paths": route.path,
            "methods": route.methods,
        }
        for name, route in inventory.routes.items()
    }
    (terraform.folder / "routes.json").write_text(json.dumps(wanted))
    made = terraform.run("apply", "-auto-approve", "-input=false")
    assert made.returncode == 0, made.stderr
    before = team.rules()

    team.open().phase1(approve=True)
    said = team.run("phase2", "production", "--yes")
    assert said.returncode == 0, said.stdout + said.stderr
    addresses = " ".join(f"'aws_lb_listener_rule.route[\"{name}\"]'" for name in before)
    command = f"terraform -chdir=infra state rm {addresses}"
    assert said.stdout.count(command) == 2  # at the gate, and after it
    assert "its next `terraform apply` sends all traffic to legacy" in words(said.stdout)

    nag = team.run("status", "production").stdout
    assert command in nag
    for part in ("terraform and routing", "infra) still manages 3 rules", "next: rollout release production"):
        assert part in words(nag)

    # what the nag is about: an apply before the release takes the rules back, and rollout sees that as drift
    assert {route.live for route in team.open().status().routes} == {PREPARED}
    assert terraform.run("apply", "-auto-approve", "-input=false").returncode == 0
    assert {route.live for route in team.open().status().routes} == {LEGACY_ONLY}
    team.open().set_weight(10, approve=True, accept_live=True)

    assert team.open().ownership.release(approve=True).routes == tuple(inventory.routes)
    assert team.open().status().next_step is None
    terraform.write(CONFIGURATION)
    planned = terraform.run("plan", "-detailed-exitcode", "-input=false")
    assert planned.returncode == 0, planned.stdout + planned.stderr
    assert team.rules() == before
