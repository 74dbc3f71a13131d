"""The command line: one file per command, which parses, calls the library and renders its events.

`commands` has the list. Neither this module nor a command's module imports anything heavy, so that `--help` is fast.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, cast

import typer

from rollout import __version__
from rollout.cli.commands import LazyGroup

app = typer.Typer(
    name="rollout",
    cls=LazyGroup,
    help="Move HTTP endpoints on AWS load balancers from one implementation to another: "
    "by weight, in previewed phases, with an instant rollback.",
    invoke_without_command=True,
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
    context: typer.Context,
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

        context.call_on_close(begin(verbose))
    if context.invoked_subcommand is None:
        _begin(context)


def _begin(context: typer.Context) -> None:
    """`rollout` alone: where every environment is and what comes next, or how to begin."""
    file = Path(os.environ.get("ROLLOUT_FILE") or "stacks.toml")
    if not file.exists():
        typer.echo(context.get_help())
        typer.echo(
            "\nThere is no stacks.toml here: `rollout init` writes one, `rollout demo` plays a migration in a sandbox."
        )
        return
    group = cast("LazyGroup", context.command)
    status = group.get_command(context, "status")
    with status.make_context("status", [], parent=context) as own:
        status.invoke(own)
    typer.echo("\n`rollout --help` lists the commands.", err=True)
