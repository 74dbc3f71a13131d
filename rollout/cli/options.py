"""The arguments and options that several commands share."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from rollout.base.printable import one_line
from rollout.cli import completion


class ProviderName(StrEnum):
    """Which provider plugin talks to the sandbox."""

    STAND_IN = "stand-in"
    REAL = "real"


EnvironmentName = Annotated[
    str,
    typer.Argument(
        metavar="ENV",
        help="An environment of stacks.toml.",
        show_default=False,
        autocompletion=completion.environments,
    ),
]
OneOrAll = Annotated[
    str | None,
    typer.Argument(metavar="[ENV]", help="By default all environments.", autocompletion=completion.environments),
]
File = Annotated[Path, typer.Option("--file", "-f", envvar="ROLLOUT_FILE", help="The inventory.")]
Json = Annotated[bool, typer.Option("--json", help="Print the events, one JSON object per line.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Approve without asking.")]
ExpectDigest = Annotated[
    str | None,
    typer.Option(
        "--expect-digest",
        metavar="DIGEST",
        help="Approve, without asking, only what has this digest; `rollout preview` shows it.",
    ),
]
Sandboxed = Annotated[
    bool,
    typer.Option(
        "--sandbox", help="Use the sandbox instead of AWS, as with ROLLOUT_SANDBOX=1 or ROLLOUT_SANDBOX=FOLDER."
    ),
]
ProviderOption = Annotated[
    ProviderName, typer.Option("--provider", help="In the sandbox: the stand-in, or the real pulumi-aws plugin.")
]


def _in_a_line(said: str | None) -> str | None:
    """What a person says is one line of a history whose further lines are a machine's."""
    return one_line(said) if said else said


Message = Annotated[
    str | None, typer.Option("--message", "-m", callback=_in_a_line, help="The reason, for Pulumi's update history.")
]
Overwrite = Annotated[bool, typer.Option("--force", help="Replace an existing file.")]
AcceptLive = Annotated[
    bool, typer.Option("--accept-live", help="Start from the live rules even if another process changed them.")
]
Routes = Annotated[
    list[str] | None,
    typer.Option(
        "--route",
        "-r",
        metavar="NAME",
        help="Only this route; repeatable.",
        show_default=False,
        autocompletion=completion.routes,
    ),
]
Waive = Annotated[
    list[str] | None,
    typer.Option(
        "--waive",
        metavar="KIND:NAME",
        help="Allow this resource to change beyond the policy; history records it. Repeatable.",
        show_default=False,
    ),
]
NoSave = Annotated[bool, typer.Option("--no-save", help="Don't change the weight in stacks.toml.")]

STACKS_TOML = Path("stacks.toml")
