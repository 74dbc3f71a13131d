"""`rollout sandbox start|stop|status`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rollout.cli.options import STACKS_TOML, File, Json
from rollout.cli.session import Session, sandbox_folder, session

if TYPE_CHECKING:
    from rollout.sandbox.daemon import SandboxInfo

app = typer.Typer(help="An AWS on this machine, for trying everything.", no_args_is_help=True)

Bare = Annotated[bool, typer.Option("--bare", help="Leave it empty: no load balancers, no legacy stack.")]


def _say_listeners(run: Session, info: SandboxInfo) -> None:
    for each in info.listeners():
        account = each.load_balancer_arn.split(":")[4]
        run.render.say(f"port {each.port} of {each.load_balancer} in {account} answers at {each.url}")


def _folder(file: Path) -> Path:
    folder = sandbox_folder(file, asked=True)
    assert folder is not None  # noqa: S101 - asked for
    return folder


@app.command()
def start(file: File = STACKS_TOML, bare: Bare = False, json: Json = False) -> None:
    """Start it, as AWS is before rollout comes.

    Each environment has its load balancers and its legacy stack with rules of its own.

    Example: rollout sandbox start
    """
    with session(file, json=json, sandbox=True) as run:
        from rollout.sandbox import daemon, story

        info = daemon.start(_folder(file))
        run.render.say(f"the sandbox answers at {info.endpoint}, its folder is {info.folder}")
        if not bare:
            opened = run.rollout()
            for name in opened.environments:
                story.seed(opened.environment(name).inventory, info, run.render)
        _say_listeners(run, info)


@app.command()
def stop(file: File = STACKS_TOML, json: Json = False) -> None:
    """Stop it; the next start gives back the same AWS.

    Example: rollout sandbox stop
    """
    with session(file, json=json) as run:
        from rollout.sandbox import daemon

        run.render.say("the sandbox is stopped" if daemon.stop(_folder(file)) else "no sandbox is running")


@app.command()
def status(file: File = STACKS_TOML, json: Json = False) -> None:
    """Say whether it runs, and where.

    Example: rollout sandbox status
    """
    with session(file, json=json) as run:
        from rollout.sandbox import daemon

        info = daemon.status(_folder(file))
        run.render.say(f"the sandbox answers at {info.endpoint} (pid {info.pid})" if info else "no sandbox is running")
        if info:
            _say_listeners(run, info)
