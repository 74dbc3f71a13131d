"""`rollout setup`."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from rollout.cli.session import Session, command


class EngineSource(StrEnum):
    """Where the engine comes from."""

    AUTO = "auto"
    PATH = "path"
    RELEASE = "release"
    BUILD = "build"


@command(file=False, sandbox=False, provider=False, changes=True)
def setup(
    run: Session,
    source: Annotated[
        EngineSource, typer.Option(help="auto: an engine on PATH, else the official release, else a build.")
    ] = EngineSource.AUTO,
    force: Annotated[bool, typer.Option("--force", help="Install it even if there is one.")] = False,
) -> None:
    """Find the Pulumi engine, or install it.

    Example: rollout setup
    """
    from rollout.adapters.pulumi.install.install import setup as install_engine

    engine = install_engine(run.render, source=source.value, force=force)
    run.render.say(f"Pulumi {engine.version} is ready: {engine.path}")
