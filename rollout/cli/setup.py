"""`rollout setup`."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from rollout.cli.options import STACKS_TOML, Json
from rollout.cli.session import session


class Source(StrEnum):
    """Where the engine comes from."""

    AUTO = "auto"
    PATH = "path"
    RELEASE = "release"
    BUILD = "build"


def setup(
    source: Annotated[
        Source, typer.Option(help="auto: one on PATH, else the official release, else built.")
    ] = Source.AUTO,
    force: Annotated[bool, typer.Option("--force", help="Get it anew even if there is one.")] = False,
    json: Json = False,
) -> None:
    """Find the Pulumi engine, or install it.

    Example: rollout setup
    """
    with session(STACKS_TOML, json=json) as run:
        from rollout.adapters.pulumi import install as toolchain

        engine = toolchain.setup(run.render.progress, source=source.value, force=force)
        run.render.say(f"Pulumi {engine.version} is ready: {engine.path}")
