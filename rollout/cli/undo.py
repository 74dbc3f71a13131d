"""`rollout undo PHASE ENV`."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from rollout.cli.options import EnvironmentName, Message, Waive
from rollout.cli.session import Session, command


class Undoable(StrEnum):
    """The phases that can be undone, in that order."""

    PHASE2 = "phase2"
    PHASE1 = "phase1"


@command(yes=True)
def undo(
    run: Session,
    phase: Annotated[Undoable, typer.Argument(metavar="PHASE", help="phase2, then phase1.", show_default=False)],
    environment: EnvironmentName,
    message: Message = None,
    waive: Waive = None,
) -> None:
    """Undo a phase: phase 2 returns the rules to the legacy stack, phase 1 removes the candidate.

    The weight must be 0 everywhere. `rollout preview undo-phase2 ENV` only shows the changes.

    Example: rollout undo phase2 production
    """
    run.environment(environment).undo(phase.value, approve=run.approve, message=message, waive=waive or ())
