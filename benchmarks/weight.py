"""`rollout weight` of eight routes, and its preview alone, beside the same two engine calls from a bare script."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
from collections.abc import Mapping
from datetime import UTC, datetime

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
    print("update-begins", flush=True)
    stack.up(plan=plan)
"""

with asked() as checkout:
    weights = itertools.cycle(("5", "10", "25", "50"))

    def script(*only: str) -> list[str]:
        """The two calls, by the SDK as it is."""
        return [sys.executable, "-c", BARE, ENVIRONMENT, next(weights), *only]

    def bare(*only: str) -> float:
        """Seconds of the script."""
        folder, environ = checkout.folder, checkout.for_engine
        return seconds(lambda: subprocess.run(script(*only), cwd=folder, env=environ, check=True, capture_output=True))

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

    def to_first_change(begins: str, command: list[str], environ: Mapping[str, str]) -> float:
        """Seconds from a line that a command prints to the answer of the first ModifyRule after it."""
        began = datetime.now(UTC)
        with subprocess.Popen(
            command, cwd=checkout.folder, env=environ, stdout=subprocess.PIPE, text=True, encoding="utf-8"
        ) as process:
            for line in process.stdout or ():
                if begins in line:
                    began = datetime.now(UTC)
        answers = [datetime.fromisoformat(each.time) for each in checkout.sandbox.calls("*:ModifyRule")]
        return (min(each for each in answers if each > began) - began).total_seconds()

    def from_the_yes() -> float:
        """Seconds from the approval."""
        options = (next(weights), "--yes", "--no-save", "--json", "--sandbox")
        command = [sys.executable, "-m", "rollout", "weight", ENVIRONMENT, *options]
        return to_first_change('"gate-approved"', command, {**os.environ, **checkout.variables})

    compare(
        f"rollout weight of {COUNT} routes, seconds from the yes to the first ModifyRule",
        from_the_yes,
        "from the call of up to the first ModifyRule, bare script",
        lambda: to_first_change("update-begins", script(), checkout.for_engine),
        limit=0.5,
        times=5,
        in_seconds=True,
    )
