"""`rollout weight ENV N`, `rollout weight --all-in FLEET N`."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from rollout.cli.options import AcceptLive, EnvironmentName, Message, NoSave, Routes, Waive
from rollout.cli.session import Session, command


@command(yes=True)
def weight(
    run: Session,
    environment: EnvironmentName,
    percent: Annotated[
        str | None,
        typer.Argument(metavar="N", help="The candidate's share: 0 to 100, at most one decimal.", show_default=False),
    ] = None,
    all_in: Annotated[
        str | None,
        typer.Option(
            metavar="FLEET",
            help="Instead of ENV: all environments of [fleets.FLEET], wave by wave.",
            show_default=False,
        ),
    ] = None,
    routes: Routes = None,
    no_save: NoSave = False,
    message: Message = None,
    accept_live: AcceptLive = False,
    waive: Waive = None,
) -> None:
    """Set the candidate's weight in per cent, and save it.

    0 removes the candidate from the rules at once, for all clients.

    Example: rollout weight production 10 --route stamp-score
    """
    from rollout.cli.all_in import set_weight_in
    from rollout.errors import UsageError

    given: dict[str, Any] = {"routes": routes or (), "save": not no_save, "message": message}
    given |= {"accept_live": accept_live, "waive": waive or ()}
    if all_in is None:
        if percent is None:
            raise UsageError(
                "the weight is missing", hint=f"such as `rollout weight {environment} 10`", code="missing-argument"
            )
        run.environment(environment).set_weight(percent, approve=run.approve, **given)
    elif percent is None:
        set_weight_in(run, all_in, environment, **given)  # whose only argument is the weight
    else:
        raise UsageError(
            "an environment and --all-in exclude each other",
            hint=f"such as `rollout weight --all-in {all_in} 10`",
            code="conflicting-options",
        )
