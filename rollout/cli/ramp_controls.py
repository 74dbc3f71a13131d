"""What people say to a ramp that runs anywhere: `pause`, `resume`, `skip-wait`, `approve`, `freeze`."""

from __future__ import annotations

from typing import Annotated

import typer

from rollout.cli.options import STACKS_TOML, EnvironmentName, File, Json, Sandboxed
from rollout.cli.session import session


def pause(
    environment: EnvironmentName, file: File = STACKS_TOML, json: Json = False, sandbox: Sandboxed = False
) -> None:
    """Let the ramp raise nothing; a failure still goes back.

    Example: rollout pause production
    """
    with session(file, json=json, sandbox=sandbox) as run:
        run.rollout().environment(environment).ramp.pause()


def resume(
    environment: EnvironmentName, file: File = STACKS_TOML, json: Json = False, sandbox: Sandboxed = False
) -> None:
    """Let a paused ramp go on.

    Example: rollout resume production
    """
    with session(file, json=json, sandbox=sandbox) as run:
        run.rollout().environment(environment).ramp.resume()


def skip_wait(
    environment: EnvironmentName, file: File = STACKS_TOML, json: Json = False, sandbox: Sandboxed = False
) -> None:
    """Let the ramp go on from this step at its Pass, whatever the bake.

    Example: rollout skip-wait production
    """
    with session(file, json=json, sandbox=sandbox) as run:
        run.rollout().environment(environment).ramp.skip_wait()


def approve(
    environment: EnvironmentName,
    weight: Annotated[
        str | None, typer.Argument(metavar="[N]", help="The step to approve; the next one that waits by default.")
    ] = None,
    file: File = STACKS_TOML,
    json: Json = False,
    sandbox: Sandboxed = False,
) -> None:
    """Approve a step of approve-before; history keeps who did.

    Example: rollout approve production 50
    """
    with session(file, json=json, sandbox=sandbox) as run:
        run.rollout().environment(environment).ramp.approve(weight)


def freeze(
    environment: EnvironmentName,
    until: Annotated[str, typer.Option(help="A time with its zone or a duration: 2026-12-24T18:00Z, 2h; 0s lifts it.")],
    file: File = STACKS_TOML,
    json: Json = False,
    sandbox: Sandboxed = False,
) -> None:
    """Let the ramp raise nothing until a time; a failure still goes back.

    Example: rollout freeze production --until 2026-12-24T18:00Z
    """
    with session(file, json=json, sandbox=sandbox) as run:
        run.rollout().environment(environment).ramp.freeze(until)
