"""`rollout unlock ENV`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from rollout.cli.options import STACKS_TOML, EnvironmentName, File, Json, Sandboxed, Yes
from rollout.cli.session import Session, session

if TYPE_CHECKING:
    from rollout.state.pending import Lock


def unlock(
    environment: EnvironmentName,
    force: Annotated[bool, typer.Option("--force", help="Even if a holder is at work on this machine.")] = False,
    yes: Yes = False,
    file: File = STACKS_TOML,
    json: Json = False,
    sandbox: Sandboxed = False,
) -> None:
    """Take away locks that somebody left on an environment's stacks: who, where and since when is shown first.

    Example: rollout unlock production
    """
    with session(file, json=json, yes=yes, sandbox=sandbox) as run:
        target = run.rollout().environment(environment)
        removed = target.ownership.unlock(approve=lambda locks: _approve(run, locks, yes=yes), force=force)
        if not removed:
            run.render.say(f"{environment} isn't locked")


def _approve(run: Session, locks: Sequence[Lock], *, yes: bool) -> bool:
    for lock in locks:
        run.render.say(f"{lock.stack} is locked by {lock.holder}: {lock.state.words}")
    if yes or run.approve is None:  # nobody is there to be asked
        return yes
    print("Take these locks away? Only if nobody is at work there. yes / no [no] ", end="", flush=True)  # noqa: T201
    return sys.stdin.readline().strip().lower() in {"yes", "y"}
