"""`rollout deploy ENV`."""

from __future__ import annotations

from typing import Annotated

import typer

from rollout.cli.options import EnvironmentName, Message, Waive
from rollout.cli.session import Session, command


@command(yes=True)
def deploy(
    run: Session,
    environment: EnvironmentName,
    functions: Annotated[
        list[str] | None,
        typer.Option("--function", help="Only this function; repeatable.", show_default=False),
    ] = None,
    share: Annotated[
        str | None,
        typer.Option("--share", metavar="N", help="The share of the alias's requests, in per cent; by default all."),
    ] = None,
    back: Annotated[bool, typer.Option("--back", help="Back to the previous build at once, without asking.")] = False,
    message: Message = None,
    waive: Waive = None,
) -> None:
    """Publish the candidate's builds, and point the functions' aliases there.

    Phase 1 publishes a build as a version without requests; then the aliases move. No listener rule changes.

    Example: rollout deploy production --share 10
    """
    from rollout.errors import UsageError

    if back and share is not None:
        raise UsageError(
            "--back and --share exclude each other", hint="`--back` also takes back a share", code="conflicting-options"
        )
    if back:
        run.for_rollback(environment).deploy_back(functions=functions or (), message=message)
        return
    run.environment(environment).deploy(
        functions=functions or (), share=share, approve=run.approve, message=message, waive=waive or ()
    )
