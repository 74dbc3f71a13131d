"""The command line: one file per command, which parses, calls the library and renders its events.

`commands` has the list. Neither this module nor a command's module imports anything heavy, so that `--help` is fast.
"""

from __future__ import annotations

from typing import Annotated

import typer

from rollout import __version__
from rollout.cli.commands import LazyGroup

app = typer.Typer(
    name="rollout",
    cls=LazyGroup,
    help="Move HTTP endpoints on AWS load balancers from one Lambda implementation to another: "
    "by weight, in previewed phases, with an instant rollback.",
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
    verbose: Annotated[
        int,
        typer.Option("--verbose", "-v", count=True, help="Log to standard error; -vv logs more."),
    ] = 0,
) -> None:
    del version
    if verbose:
        from rollout.cli.verbose import begin

        begin(verbose)
