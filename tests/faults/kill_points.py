"""Kill a command at an event of the engine, run it again, and hold what comes of it against a run that wasn't cut.

`python -m tests.faults.kill_points [STEP [COMMAND…]]`, or `nox -s faults`, tries each STEP-th event of each command,
with the command itself and with its engine as the victim, and prints a table. The sandbox runs in this process, so that
each point begins from a copy of the same AWS and the same states; an identifier that AWS makes up is left out.
"""

from __future__ import annotations

import copy
import json
import os
import re
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from moto.awslambda.models import lambda_backends
from moto.core.base_backend import BackendDict
from moto.ec2.models import ec2_backends
from moto.elbv2.models import elbv2_backends
from moto.iam.models import iam_backends
from moto.logs.models import logs_backends

from rollout.errors import RolloutError
from rollout_sandbox import Sandbox, daemon
from rollout_sandbox.story import rules_as_told_by_boto3, seed
from tests.conftest import Team, made_team
from tests.faults.cut import CLI, ENGINE, cut, perform

COMMANDS = {"phase1": (), "phase2": (), "weight": ("10",), "rollback": (), "undo-phase2": (), "undo-phase1": ()}
MOST_RERUNS = 3
RECORDED = ("id", "inputs", "outputs", "parent", "retainOnDelete")
MADE_UP = re.compile(r"(?<=/)[0-9a-f]{16}\b|\d{4}-\d\d-\d\dT[^\"]*|(?<=-)[0-9a-f]{19,32}\b|\bAROA\w+")
BACKENDS: tuple[BackendDict[Any], ...] = (elbv2_backends, lambda_backends, iam_backends, logs_backends)


class World:
    """A team's AWS, states and checkout, all of which can be taken back to an earlier time."""

    def __init__(self, folder: Path, sandbox: Sandbox) -> None:
        here = daemon.SandboxInfo(folder / "aws", sandbox.endpoint, sandbox.token, os.getpid(), "", "")
        daemon._publish(here)
        self.team = made_team(here, folder / "checkout", whole=False)
        self._states = here.folder / "state"
        self._saved = folder / "saved"
        self._aws: dict[int, Any] = {}

    def save(self) -> None:
        """Note how it is now."""
        shutil.rmtree(self._saved, ignore_errors=True)
        shutil.copytree(self._states, self._saved)
        self._file = self.team.file.read_text()
        self._aws = self._copy({place: dict(backends[self.team.account]) for place, backends in enumerate(BACKENDS)})

    def restore(self) -> None:
        """Take it back."""
        shutil.rmtree(self._states)
        shutil.copytree(self._saved, self._states)
        self.team.file.write_text(self._file)
        for place, regions in self._copy(self._aws).items():
            for region, backend in regions.items():
                dict.__setitem__(BACKENDS[place][self.team.account], region, backend)

    def _copy(self, regions: dict[int, Any]) -> dict[int, Any]:
        networks = ec2_backends[self.team.account].values()  # nothing changes them
        return copy.deepcopy(regions, {id(network): network for network in networks})

    def facts(self) -> Mapping[str, str]:
        """What must come out the same however often a command was cut."""
        team, states = self.team, self._states / ".pulumi" / "stacks"
        deployments = {
            stack: json.loads(file.read_text())["checkpoint"]["latest"] or {}
            for stack in ("legacy", "candidate", "routing")
            if (file := states / f"{team.project}-{stack}" / "production.json").exists()
        }
        functions = team.aws.client("lambda", team.account, "us-west-2").list_functions()["Functions"]
        groups = team.aws.client("elbv2", team.account, "us-west-2").describe_target_groups()["TargetGroups"]
        found = {
            **{
                f"{stack} {one['urn'].partition('::')[2]}": [one.get(key) for key in RECORDED]
                for stack, deployment in deployments.items()
                for one in deployment.get("resources") or ()
                if not one["type"].startswith("pulumi:")
            },
            "begun": [each for one in deployments.values() for each in one.get("pending_operations") or ()],
            "rules": rules_as_told_by_boto3(team.open().inventory, team.aws),
            "functions": sorted(function["FunctionName"] for function in functions),
            "target groups": sorted(group["TargetGroupName"] for group in groups),
            "weight": str(team.open().inventory.weight),
        }
        return {key: MADE_UP.sub("…", json.dumps(each, sort_keys=True, default=str)) for key, each in found.items()}


@dataclass(frozen=True)
class Outcome:
    """What came of one kill.

    Attributes:
        reruns: How many runs it took to finish.
        orphaned: Whether the engine outlived its command until it was run again.
        wrong: How the end differs from a run that wasn't cut.
    """

    reruns: int
    orphaned: bool
    wrong: str


def prepare(team: Team, command: str) -> None:
    """Bring a team to where a command begins."""
    seed(team.open().inventory, team.aws, lambda _: None)
    for earlier, given in list(COMMANDS.items())[: list(COMMANDS).index(command)]:
        perform(team.open(), earlier, *given)


def try_point(world: World, command: str, victim: str, point: int, wanted: Mapping[str, str]) -> Outcome:
    """Kill a command at a point, and run it again until it is through."""
    code, said, engines = cut(world.team, victim, point, command, *COMMANDS[command])
    wrong = [] if code not in {0, 2} else [f"wasn't cut: {said}"]
    if command == "rollback" and any(each and len(each.weights) > 1 for each in world.team.forwards().values()):
        wrong.append("traffic isn't back")
    for reruns in range(1, MOST_RERUNS + 1):
        try:
            if perform(world.team.open(), command, *COMMANDS[command]):
                break
        except RolloutError as error:
            print(f"  {command} {victim} at {point}, run {reruns}: {error}", flush=True)
    else:
        wrong.append("it doesn't get through")
    for engine in engines:
        with suppress(ProcessLookupError):
            os.killpg(engine, signal.SIGKILL)
            wrong.append("the engine lives on")
    wrong += differing(wanted, world.facts())
    return Outcome(reruns, bool(engines), "; ".join(wrong))


def differing(wanted: Mapping[str, str], found: Mapping[str, str]) -> list[str]:
    """Which facts aren't as wanted, and how."""
    keys = [key for key in {**wanted, **found} if wanted.get(key) != found.get(key)]
    return [f"{key}:\n    {found.get(key)}\n    {wanted.get(key)}" for key in keys]


def try_command(world: World, command: str, step: int) -> int:
    """Try a command's points and print the table's lines; how many went wrong."""
    prepare(world.team, command)
    world.save()
    code, said, _ = cut(world.team, CLI, 0, command, *COMMANDS[command])
    assert code == 0, said
    wanted, last, lost = world.facts(), int(said.split()[0]), 0
    for victim in (CLI, ENGINE):
        outcomes, began = list[Outcome](), time.monotonic()
        for point in range(1, last + 1, step):
            world.restore()
            outcomes.append(try_point(world, command, victim, point, wanted))
            if outcomes[-1].wrong:
                print(f"  {command} {victim} at {point}: {outcomes[-1].wrong}", flush=True)
        bad = sum(bool(outcome.wrong) for outcome in outcomes)
        lost += bad
        each = timedelta(seconds=round((time.monotonic() - began) / len(outcomes)))
        print(
            f"{command:8} {victim:6} {last:6} {len(outcomes):6} {len(outcomes) - bad:8} "
            f"{max(o.reruns for o in outcomes):6} {sum(o.orphaned for o in outcomes):7} {each}",
            flush=True,
        )
    return lost


def main(step: str = "1", *commands: str) -> int:
    """Try every step-th point and print the table."""
    print(
        f"{'command':8} {'victim':6} {'events':>6} {'points':>6} {'survived':>8} {'reruns':>6} {'orphans':>7} a point"
    )
    lost = 0
    for command in commands or COMMANDS:
        with tempfile.TemporaryDirectory() as folder, Sandbox.start(Path(folder) / "aws") as sandbox:
            lost += try_command(World(Path(folder), sandbox), command, int(step))
    return min(lost, 1)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
