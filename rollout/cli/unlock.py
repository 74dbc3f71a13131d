"""`rollout unlock ENV`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from rollout.cli.options import EnvironmentName
from rollout.cli.session import Session, command

if TYPE_CHECKING:
    from rollout.state.pending import Lock

Force = Annotated[bool, typer.Option("--force", help="Unlock even if the holder is running on this machine.")]


@command(yes=True, provider=False)
def unlock(
    run: Session,
    environment: EnvironmentName,
    force: Force = False,
) -> None:
    """Show who has the locks of an environment's stacks, and remove stale ones.

    Example: rollout unlock production
    """
    if not run.environment(environment).ownership.unlock(approve=partial(approve_unlocking, run), force=force):
        run.render.say(f"{environment} is not locked")


def approve_unlocking(run: Session, locks: Sequence[Lock]) -> bool:
    """Show the locks, and ask."""
    for lock in locks:
        run.render.say(f"{lock.stack} is locked by {lock.holder}: {lock.state.words}")
    if run.yes or run.approve is None:  # nobody is there to be asked
        return run.yes
    print("Remove these locks? Only if their processes are no longer running. yes / no [no] ", end="", flush=True)  # noqa: T201
    return sys.stdin.readline().strip().lower() in {"yes", "y"}
