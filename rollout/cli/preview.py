"""`rollout preview PHASE ENV`."""

from __future__ import annotations

from typing import Annotated

import typer

from rollout.cli.options import (
    STACKS_TOML,
    AcceptLive,
    EnvironmentName,
    File,
    Json,
    ProviderName,
    ProviderOption,
    Routes,
    Sandboxed,
    Waive,
)
from rollout.cli.session import session


def preview(
    phase: Annotated[
        str,
        typer.Argument(
            metavar="PHASE",
            help="phase1, phase2, phase3, weight, override or monitoring, and these two with -remove; complete; "
            "undo-phase2 or undo-phase1.",
        ),
    ],
    environment: EnvironmentName,
    percent: Annotated[str | None, typer.Argument(metavar="[N]", help="For weight: the share.")] = None,
    routes: Routes = None,
    accept_live: AcceptLive = False,
    waive: Waive = None,
    details: Annotated[bool, typer.Option("--details", help="Show each resource's properties.")] = False,
    file: File = STACKS_TOML,
    json: Json = False,
    sandbox: Sandboxed = False,
    provider: ProviderOption = ProviderName.STAND_IN,
) -> None:
    """Show what a phase would do; nothing is changed.

    Example: rollout preview phase2 production
    """
    with session(file, json=json, sandbox=sandbox, provider=provider) as run:
        from rollout.api.arguments import read_weight
        from rollout.errors import UsageError

        opened = run.rollout().environment(environment)
        if (phase == "weight") != (percent is not None):
            raise UsageError(
                "N goes with weight, and weight with N",
                then=f"try `rollout preview weight {environment} 10`",
                code="conflicting-options",
            )
        weights = dict.fromkeys(opened.routes(routes or ()), read_weight(percent)) if percent is not None else None
        result = opened.preview(phase, weights=weights, accept_live=accept_live, waive=waive or ())
        if details:
            run.render.details(result.gate)
