"""`rollout undo PHASE ENV`."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from rollout.cli.options import (
    STACKS_TOML,
    EnvironmentName,
    File,
    Json,
    Message,
    ProviderName,
    ProviderOption,
    Sandboxed,
    Waive,
    Yes,
)
from rollout.cli.session import session


class Undoable(StrEnum):
    """The phases that can be undone, in that order."""

    PHASE2 = "phase2"
    PHASE1 = "phase1"


def undo(
    phase: Annotated[Undoable, typer.Argument(metavar="PHASE", help="phase2, then phase1.", show_default=False)],
    environment: EnvironmentName,
    yes: Yes = False,
    message: Message = None,
    waive: Waive = None,
    file: File = STACKS_TOML,
    json: Json = False,
    sandbox: Sandboxed = False,
    provider: ProviderOption = ProviderName.STAND_IN,
) -> None:
    """Take a phase back: phase 2 returns the rules to the legacy stack, phase 1 removes the candidate.

    The weight must be 0 everywhere. `rollout preview undo-phase2 ENV` shows it without asking.

    Example: rollout undo phase2 production
    """
    with session(file, json=json, yes=yes, sandbox=sandbox, provider=provider) as run:
        target = run.rollout().environment(environment)
        target.undo(phase.value, approve=run.approve, message=message, waive=waive or ())
