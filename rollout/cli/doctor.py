"""`rollout doctor [ENV]`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rollout.cli.options import OneOrAll
from rollout.cli.session import Session, command


@command(provider=False)
def doctor(
    run: Session,
    environment: OneOrAll = None,
    bundle: Annotated[
        Path | None,
        typer.Option(metavar="ZIP", help="Write a support bundle to this file."),
    ] = None,
) -> None:
    """Check whether this machine and the credentials are ready.

    Engine, plugins, disk, inventory, backend, credentials, clock. It works without stacks.toml.

    Example: rollout doctor production
    """
    from rollout.api.doctor.examination import examine
    from rollout.cli.screens.preflight import Doctor
    from rollout.errors import RolloutError

    checks = examine(run.file, environment, run.connect())
    run.render(Doctor(checks))
    if bundle:
        from rollout.api.doctor.bundle import write_bundle

        parts = write_bundle(bundle, run.file, environment, run.rollout, checks)
        run.render.say(f"{bundle} has {', '.join(parts)}: read it before you send it")
    if count := sum(len(check.problems) for check in checks):
        raise RolloutError(f"{count} to fix first", code="not-ready")
