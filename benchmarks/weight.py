"""`rollout weight` of eight routes, and its preview alone, beside the same two engine calls from a bare script."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
from datetime import UTC, datetime

from landed import Figure
from side_by_side import COUNT, ENVIRONMENT, asked, compare, seconds

BARE = """
import sys, tempfile
from pathlib import Path
from pulumi import automation as auto
from rollout.inventory.file import load
from rollout.inventory.model import ProgramInput, Split
from rollout.inventory.quantities import Percent
from programs.routing import program
environment = load(Path("stacks.toml")).environment(sys.argv[1])
given = ProgramInput(environment, splits=dict.fromkeys(environment.routes, Split.at(Percent.of(sys.argv[2]))))
config = {"aws:region": environment.region, "aws:allowedAccountIds": f'["{environment.account}"]'}
options = auto.LocalWorkspaceOptions(stack_settings={environment.name: auto.StackSettings(config=config)})
name = f"{environment.project}-routing"
stack = auto.create_or_select_stack(environment.name, name, program=lambda: program(given), opts=options)
plan = str(Path(tempfile.mkdtemp()) / "plan.json")
stack.preview(plan=plan)
if sys.argv[3:] != ["preview"]:
    stack.up(plan=plan)
"""

with asked() as checkout:
    weights = itertools.cycle(("5", "10", "25", "50"))

    def bare(*only: str) -> float:
        """The two calls, by the SDK as it is."""
        command = [sys.executable, "-c", BARE, ENVIRONMENT, next(weights), *only]
        return seconds(
            lambda: subprocess.run(
                command, cwd=checkout.folder, env=checkout.for_engine, check=True, capture_output=True
            )
        )

    compare(
        f"rollout weight of {COUNT} routes",
        lambda: seconds(lambda: checkout.rollout("weight", ENVIRONMENT, next(weights), "--yes", "--no-save")),
        "preview and up with a plan, bare script",
        bare,
        limit=0.5,
        times=3,
    )
    compare(
        f"rollout preview weight of {COUNT} routes",
        lambda: seconds(lambda: checkout.rollout("preview", "weight", ENVIRONMENT, next(weights))),
        "preview, bare script",
        lambda: bare("preview"),
        limit=0.5,
    )

    def from_the_yes() -> float:
        """Seconds from the approval to the answer of the first ModifyRule."""
        options = (next(weights), "--yes", "--no-save", "--json", "--sandbox")
        command = [sys.executable, "-m", "rollout", "weight", ENVIRONMENT, *options]
        environ = {**os.environ, **checkout.variables}
        approved = datetime.now(UTC)
        with subprocess.Popen(
            command, cwd=checkout.folder, env=environ, stdout=subprocess.PIPE, text=True, encoding="utf-8"
        ) as process:
            for line in process.stdout or ():
                if json.loads(line)["event"] == "gate-approved":
                    approved = datetime.now(UTC)
        answers = [datetime.fromisoformat(each.time) for each in checkout.sandbox.calls("*:ModifyRule")]
        return (min(each for each in answers if each > approved) - approved).total_seconds()

    least = min(from_the_yes() for _ in range(5))
    Figure(f"rollout weight of {COUNT} routes, seconds from the yes to the first ModifyRule", least, 0.5, {}).report()
