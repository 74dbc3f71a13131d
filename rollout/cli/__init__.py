"""The command line: one file a command, each of which parses, calls the library and renders its events.

Nothing heavy is imported here nor by a command's module, so that `--help` is fast.
"""

from __future__ import annotations

from typing import Annotated

import typer

from rollout import __version__
from rollout.cli.complete import complete
from rollout.cli.dashboard import dashboard
from rollout.cli.demo import demo
from rollout.cli.doctor import doctor
from rollout.cli.drift import drift
from rollout.cli.explain import explain
from rollout.cli.history import history, show
from rollout.cli.iam_policy import iam_policy
from rollout.cli.init import init
from rollout.cli.monitoring import monitoring
from rollout.cli.override import override
from rollout.cli.phases import phase1, phase2, phase3
from rollout.cli.plan_ramp import plan_ramp
from rollout.cli.preflight import preflight
from rollout.cli.preview import preview
from rollout.cli.ramp import ramp
from rollout.cli.ramp_controls import approve, freeze, pause, resume, skip_wait
from rollout.cli.release import release
from rollout.cli.report import report
from rollout.cli.rollback import rollback
from rollout.cli.sandbox import app as sandbox
from rollout.cli.setup import setup
from rollout.cli.smoke import smoke
from rollout.cli.status import status
from rollout.cli.undo import undo
from rollout.cli.unlock import unlock
from rollout.cli.weight import weight

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


for command in (
    init,
    doctor,
    phase1,
    phase2,
    phase3,
    override,
    monitoring,
    release,
    rollback,
    complete,
    undo,
    ramp,
    pause,
    resume,
    skip_wait,
    approve,
    freeze,
    status,
    report,
    dashboard,
    history,
    show,
    drift,
    preflight,
    smoke,
    explain,
    plan_ramp,
    preview,
    iam_policy,
    unlock,
    setup,
    demo,
):
    app.command()(command)
app.command(context_settings={"ignore_unknown_options": True})(weight)  # so that -1 is a weight, and a bad one
app.add_typer(sandbox, name="sandbox")
