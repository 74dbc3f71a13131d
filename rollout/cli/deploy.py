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
        typer.Option("--function", help="Only this function; may be given again.", show_default=False),
    ] = None,
    share: Annotated[
        str | None, typer.Option("--share", metavar="N", help="Of the alias's requests, in per cent; all by default.")
    ] = None,
    back: Annotated[bool, typer.Option("--back", help="Point the aliases back to the build before.")] = False,
    message: Message = None,
    waive: Waive = None,
) -> None:
    """Publish the candidate's builds, and point the functions' aliases there.

    Phase 1 publishes a build as a version, which no request meets; then the aliases move. No listener rule is touched.

    Example: rollout deploy production --share 10
    """
    from rollout.errors import UsageError

    if back and share is not None:
        raise UsageError(
            "--back and --share don't go together", hint="`--back` takes a share back, too", code="conflicting-options"
        )
    run.environment(environment).deploy(
        functions=functions or (), share=share, back=back, approve=run.approve, message=message, waive=waive or ()
    )
