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
        typer.Option("--function", metavar="NAME", help="Only this function; repeatable.", show_default=False),
    ] = None,
    share: Annotated[
        str | None,
        typer.Option("--share", metavar="N", help="The share of the alias's requests, in per cent; by default all."),
    ] = None,
    steps: Annotated[
        str | None,
        typer.Option("--steps", metavar="N,N", help="Raise the share by these steps, each after a Pass."),
    ] = None,
    once: Annotated[bool, typer.Option("--once", help="With --steps: make one look and exit.")] = False,
    back: Annotated[
        bool, typer.Option("--back", help="Go back to the previous build at once, without asking.")
    ] = False,
    message: Message = None,
    waive: Waive = None,
) -> None:
    """Publish the candidate's builds, and move the functions' aliases to them.

    Phase 1 publishes a build as a version without requests; then the aliases move. No listener rule changes. With
    --steps the new build is judged against the old one; exit code 6: it is worse, and the old one is back.

    Example: rollout deploy production --steps 10,50,100
    """
    from rollout.errors import UsageError

    given = {"--back": back, "--share": share is not None, "--steps": steps is not None}
    if len(both := [name for name, is_given in given.items() if is_given]) > 1 or (once and steps is None):
        raise UsageError(
            f"{' and '.join(both)} exclude each other" if len(both) > 1 else "--once is only for --steps",
            hint="give one of them: `--back` also takes back a share, and `--steps` continues from one",
            code="conflicting-options",
        )
    chosen = functions or ()
    if back:
        run.for_rollback(environment).deploy_back(functions=chosen, message=message)
    elif steps is not None:
        run.environment(environment).deploy_by_steps(
            steps.split(","), functions=chosen, approve=run.approve, once=once, message=message, waive=waive or ()
        )
    else:
        run.environment(environment).deploy(
            functions=chosen, share=share, approve=run.approve, message=message, waive=waive or ()
        )
