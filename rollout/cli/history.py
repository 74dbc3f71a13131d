"""`rollout history ENV`, `rollout show ENV N`."""

from __future__ import annotations

from typing import Annotated

import typer

from rollout.cli.options import STACKS_TOML, EnvironmentName, File, Json, ProviderName, ProviderOption, Sandboxed
from rollout.cli.session import session


def history(
    environment: EnvironmentName,
    limit: Annotated[int, typer.Option(help="Only so many of the latest changes.")] = 20,
    file: File = STACKS_TOML,
    json: Json = False,
    sandbox: Sandboxed = False,
    provider: ProviderOption = ProviderName.STAND_IN,
) -> None:
    """Tell who changed what, when and why, the latest first: phases, weights, ways back, and what a ramp said.

    Example: rollout history production --limit 5
    """
    with session(file, json=json, sandbox=sandbox, provider=provider) as run:
        run.render.history(environment, run.rollout().environment(environment).history(limit=limit))


def show(
    environment: EnvironmentName,
    number: Annotated[int, typer.Argument(metavar="N", help="Its number in `rollout history`.", show_default=False)],
    file: File = STACKS_TOML,
    json: Json = False,
    sandbox: Sandboxed = False,
    provider: ProviderOption = ProviderName.STAND_IN,
) -> None:
    """Tell all that history has of one change.

    Example: rollout show production 12
    """
    with session(file, json=json, sandbox=sandbox, provider=provider) as run:
        run.render.past_change(environment, run.rollout().environment(environment).history.change(number))
