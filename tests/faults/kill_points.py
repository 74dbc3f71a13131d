"""Kill a command at an event of the engine, run it again, and hold what comes of it against a run that wasn't cut.

`python -m tests.faults.kill_points [STEP]`, or `nox -s faults`, tries each STEP-th event of each command, with the
command itself and with its engine as the victim, and prints a table.
"""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from rollout.sandbox import daemon
from rollout.sandbox.story import seed
from tests.conftest import Team, _team
from tests.faults.cut import CLI, ENGINE

COMMANDS = ("phase1", "phase2", "weight")
MOST_RERUNS = 2


@dataclass(frozen=True)
class Outcome:
    """What came of one kill.

    Attributes:
        events: How many the command had, if it ended before the point.
        reruns: How many runs it took to finish.
        wrong: How the end differs from a run that wasn't cut.
    """

    events: int | None = None
    reruns: int = 0
    wrong: str = ""


def arguments(command: str) -> tuple[str, ...]:
    """As the command line has them."""
    return ("weight", "production", "10", "--yes") if command == "weight" else (command, "production", "--yes")


def prepare(team: Team, command: str) -> None:
    """Bring a team to where a command begins."""
    seed(team.open().inventory, team.aws, lambda _: None)
    for earlier in COMMANDS[: COMMANDS.index(command)]:
        getattr(team.open(), earlier)(approve=True)


def facts(team: Team) -> dict[str, object]:
    """What must come out the same however often a command was cut: names, rules and states, whatever the account."""
    stacks = team.open()._parts.stacks
    states = {
        stack: sorted(str(r) for r in stacks.resources(stack) or () if not r.type.startswith("pulumi:"))
        for stack in ("legacy", "candidate", "routing")
    }
    functions = team.aws.client("lambda", team.account, "us-west-2").list_functions()["Functions"]
    groups = team.aws.client("elbv2", team.account, "us-west-2").describe_target_groups()["TargetGroups"]
    return {
        **states,
        "rules": {route.route: (route.live, route.owners) for route in team.open().status().routes},
        "functions": sorted(function["FunctionName"] for function in functions),
        "target groups": sorted(group["TargetGroupName"] for group in groups),
        "weight": team.open().inventory.weight,
    }


def try_point(team: Team, command: str, victim: str, point: int, wanted: dict[str, object]) -> Outcome:
    """Kill a command at a point, and run it again until it is through."""
    cut = [sys.executable, "-m", "tests.faults.cut", str(team.file), str(team.aws.folder), victim, str(point)]
    cut += [command, *(("10",) if command == "weight" else ())]
    done = subprocess.run(cut, env={**os.environ}, capture_output=True, text=True, check=False)
    if done.returncode == 0:
        return Outcome(events=int(done.stdout.split()[0]))
    reruns, again = 1, team.run(*arguments(command))
    while again.returncode != 0:
        if reruns == MOST_RERUNS:
            return Outcome(reruns=reruns, wrong=again.stderr)
        reruns, again = reruns + 1, team.run(*arguments(command))
    found = facts(team)
    differs = [key for key in wanted if wanted[key] != found[key]]
    once_more = team.run(*arguments(command))
    if once_more.returncode != 0 or "nothing to do" not in once_more.stdout:
        differs.append(f"a further run isn't empty: {once_more.stdout[-300:]}{once_more.stderr[-300:]}")
    return Outcome(reruns=reruns, wrong="; ".join(differs))


def main(step: int) -> int:
    """Try every step-th point and print the table."""
    lost = 0
    with tempfile.TemporaryDirectory() as folder:
        aws = daemon.start(Path(folder) / "aws")
        numbers = itertools.count()

        def new(command: str) -> Team:
            made = _team(aws, Path(folder) / f"checkout-{next(numbers)}", whole=False)
            prepare(made, command)
            return made

        try:
            print(f"{'phase':8} {'victim':7} {'points':>6} {'survived':>8} {'reruns':>6}", flush=True)
            for command in COMMANDS:
                whole = new(command)
                last = try_point(whole, command, CLI, 0, {}).events or 0
                wanted = facts(whole)
                for victim in (CLI, ENGINE):
                    outcomes = {}
                    for point in range(1, last + 1, step):
                        outcomes[point] = try_point(new(command), command, victim, point, wanted)
                        if outcomes[point].wrong:
                            print(f"  {command} {victim} at {point}: {outcomes[point].wrong}", flush=True)
                    bad = sum(bool(outcome.wrong) for outcome in outcomes.values())
                    reruns = max((outcome.reruns for outcome in outcomes.values()), default=0)
                    lost += bad
                    told = f"{command:8} {victim:7} {len(outcomes):6} {len(outcomes) - bad:8} {reruns:6}"
                    print(f"{told}  of {last} events", flush=True)
        finally:
            daemon.stop(aws.folder)
    return min(lost, 1)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if sys.argv[1:] else 1))
