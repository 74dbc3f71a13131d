"""The command line: one file a command, each of which parses, calls the library and renders its events.

Nothing heavy is imported here nor by a command's module, so that `--help` is fast.
"""

from __future__ import annotations

from typing import Annotated

import typer

from rollout import __version__
from rollout.cli import demo, phases, preview, rollback, sandbox, setup, status, weight

app = typer.Typer(
    name="rollout",
    help="Move HTTP endpoints on AWS load balancers from one Lambda implementation to another: "
    "by weight, in previewed phases, and back in a second.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(value: bool) -> None:
    if value:
        typer.echo(f"rollout {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    pass


app.command("phase1")(phases.phase1)
app.command("phase2")(phases.phase2)
app.command("phase3")(phases.phase3)
app.command("weight", context_settings={"ignore_unknown_options": True})(weight.weight)
app.command("rollback")(rollback.rollback)
app.command("status")(status.status)
app.command("preview")(preview.preview)
app.command("setup")(setup.setup)
app.command("demo")(demo.demo)
app.add_typer(sandbox.app, name="sandbox")
