"""`rollout drift ENV`."""

from __future__ import annotations

from typing import Annotated

import typer

from rollout.cli.options import EnvironmentName, Message
from rollout.cli.session import Session, command


@command(yes=True)
def drift(
    run: Session,
    environment: EnvironmentName,
    repair: Annotated[bool, typer.Option("--repair", help="Change load balancer and state to match the file.")] = False,
    adopt: Annotated[bool, typer.Option("--adopt", help="Change state and file to match the load balancer.")] = False,
    ignore_file: Annotated[
        bool, typer.Option("--ignore-file", help="Ignore the file's weights: for ramps with --no-save.")
    ] = False,
    message: Message = None,
) -> None:
    """Compare file, state and load balancer. Exit code 7: they differ.

    Example: rollout drift production
    """
    from rollout.errors import UsageError

    if repair + adopt + ignore_file > 1:
        raise UsageError("--repair, --adopt and --ignore-file exclude each other", code="conflicting-options")
    target = run.environment(environment)
    report = target.drift(ignore_file=ignore_file)
    run.render(report)
    if report.problems and (repair or adopt):
        (target.repair if repair else target.adopt)(approve=run.approve, message=message)
        report = run.environment(environment).drift()
        run.render(report)
    report.require()
