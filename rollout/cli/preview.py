"""`rollout preview PHASE ENV`."""

from __future__ import annotations

from typing import Annotated

import typer

from rollout.cli.options import AcceptLive, EnvironmentName, Routes, Waive
from rollout.cli.session import Session, command


@command()
def preview(
    run: Session,
    phase: Annotated[
        str,
        typer.Argument(
            metavar="PHASE",
            help="phase1, phase2, phase3, weight, deploy, deploy-back, override, override-remove, monitoring, "
            "monitoring-remove, guard-install, guard-remove, controller-install, controller-remove, complete, "
            "undo-phase2, undo-phase1; of a fleet: fleet-install, fleet-remove.",
        ),
    ],
    environment: EnvironmentName,
    percent: Annotated[str | None, typer.Argument(metavar="[N]", help="The share, for weight.")] = None,
    routes: Routes = None,
    accept_live: AcceptLive = False,
    waive: Waive = None,
    details: Annotated[bool, typer.Option("--details", help="Show each resource's properties.")] = False,
) -> None:
    """Show what a phase would do. It changes nothing.

    Example: rollout preview phase2 production
    """
    from rollout.api.arguments import read_weight
    from rollout.errors import UsageError

    if (phase == "weight") != (percent is not None):
        raise UsageError(
            "weight needs N, and only weight takes N",
            hint=f"try `rollout preview weight {environment} 10`",
            code="conflicting-options",
        )
    if phase.startswith("fleet-"):
        result = run.rollout().fleet_ramp(environment).preview(phase)
    else:
        opened = run.environment(environment)
        weights = dict.fromkeys(opened.routes(routes or ()), read_weight(percent)) if percent is not None else None
        result = opened.preview(phase, weights=weights, accept_live=accept_live, waive=waive or ())
    if details:
        from rollout.cli.screens.gate import Details

        run.render(Details(result.gate))
