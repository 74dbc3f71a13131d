"""Phases 1 and 2 of eight routes beside the same previews and updates from a bare script, on accounts of their own."""

from __future__ import annotations

import itertools
import json
import shutil
import subprocess
import sys

from side_by_side import ENVIRONMENT, Checkout, compare, seconds, seeded

from rollout_sandbox.snapshots import Snapshot, add, take

BARE = """
import json, sys, tempfile
from pathlib import Path
from pulumi import automation as auto
from rollout.inventory.file import load
from rollout.inventory.model import PREPARED, ProgramInput, RuleOwnership
from programs import candidate, legacy, routing
environment = load(Path("stacks.toml")).environment(sys.argv[1])
adopt = json.loads(sys.argv[3])
given = {
    "candidate": ProgramInput(environment),
    "routing": ProgramInput(environment, splits=dict.fromkeys(environment.routes, PREPARED), adopt=adopt),
    "marking": ProgramInput(environment, rules=dict.fromkeys(environment.routes, RuleOwnership.RETAINED)),
    "releasing": ProgramInput(environment, rules=dict.fromkeys(environment.routes, RuleOwnership.RELEASED)),
}
programs = {"candidate": candidate, "routing": routing, "marking": legacy, "releasing": legacy}
stacks = {"candidate": "candidate", "routing": "routing", "marking": "legacy", "releasing": "legacy"}
config = {"aws:region": environment.region, "aws:allowedAccountIds": f'["{environment.account}"]'}
for name in sys.argv[2].split(","):
    options = auto.LocalWorkspaceOptions(stack_settings={environment.name: auto.StackSettings(config=config)})
    program = lambda: programs[name].program(given[name])
    project = f"{environment.project}-{stacks[name]}"
    stack = auto.create_or_select_stack(environment.name, project, program=program, opts=options)
    plan = str(Path(tempfile.mkdtemp()) / "plan.json")
    stack.preview(plan=plan)
    stack.up(plan=plan)
"""
ACCOUNT, PROJECT = "123456789012", "passport-scorer"
accounts = itertools.count(200_000_000_000)


def another(checkout: Checkout, stage: Snapshot) -> Checkout:
    """An account at a stage, and a checkout for it."""
    account = str(next(accounts))
    folder = checkout.folder / account
    names = {ACCOUNT: account, PROJECT: f"{PROJECT}-{account}", str(checkout.folder): str(folder)}
    shutil.copytree(checkout.folder / "programs", folder / "programs")
    text = (checkout.folder / "stacks.toml").read_text("utf-8")
    (folder / "stacks.toml").write_text(text.replace(ACCOUNT, account).replace(PROJECT, names[PROJECT]), "utf-8")
    add(checkout.sandbox, stage.renamed(names))
    variables = checkout.sandbox.environ(account, "us-west-2", roots=[folder])
    return Checkout(folder, dict(variables), checkout.sandbox)


def bare(checkout: Checkout, *stacks: str) -> float:
    """The same, by the SDK as it is."""
    target = checkout.open()
    live = target.traffic.alb_state()
    rules = {name: live.rule_of(route) for name, route in target.inventory.routes.items()}
    adopt = json.dumps({name: rule.arn for name, rule in rules.items() if rule})
    command = [sys.executable, "-c", BARE, ENVIRONMENT, ",".join(stacks), adopt]
    variables = checkout.for_engine
    return seconds(lambda: subprocess.run(command, cwd=checkout.folder, env=variables, check=True, capture_output=True))


def phase(checkout: Checkout, name: str) -> float:
    """A phase by rollout."""
    return seconds(lambda: checkout.rollout(name, ENVIRONMENT, "--yes"))


with seeded() as checkout:
    stage = take(checkout.sandbox)
    compare(
        "rollout phase1 of 8 routes",
        lambda: phase(another(checkout, stage), "phase1"),
        "preview and up with a plan of legacy's stack and the candidate's, bare script",
        lambda: bare(another(checkout, stage), "marking", "candidate"),
        limit=0.7,
        times=2,
    )
    checkout.open().phase1(approve=True)
    stage = take(checkout.sandbox)
    compare(
        "rollout phase2 of 8 routes",
        lambda: phase(another(checkout, stage), "phase2"),
        "preview and up with a plan of routing's stack and legacy's, bare script",
        lambda: bare(another(checkout, stage), "routing", "releasing"),
        limit=0.7,
        times=2,
    )
