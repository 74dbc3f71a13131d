"""What every command does around its call.

It opens the inventory, renders the events, asks at the gate, and ends with the error's exit code, never with a
traceback.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from dataclasses import KW_ONLY, dataclass
from functools import cached_property, wraps
from inspect import Parameter, Signature, signature
from io import TextIOWrapper
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec

import typer

from rollout.base.stopping import Terminated
from rollout.cli import crash
from rollout.cli.options import STACKS_TOML, File, Json, ProviderName, ProviderOption, Sandboxed, Yes
from rollout.cli.output import Output
from rollout.errors import Interrupted, RolloutError

if TYPE_CHECKING:
    from rollout.api.container import PartsFactory
    from rollout.api.environment import EnvironmentRollout
    from rollout.api.ports import Sandbox
    from rollout.api.rollout import Rollout
    from rollout.cli.render import Renderer
    from rollout.migration.events import Event, Listener
    from rollout.migration.ports import Approver

P = ParamSpec("P")
PARTS: ContextVar[PartsFactory | None] = ContextVar("PARTS", default=None)
"""What the library is put together of instead, where a test runs commands in its own process."""
SANDBOX_FOLDER = Path(".rollout") / "sandbox"


@dataclass
class Session:
    """One command's run. Its fields are the options that commands share.

    Attributes:
        yes: Whether to approve without asking.
        json: Whether a machine reads.
        patience: The seconds to wait for a blocked screen or pipe; None waits forever.
    """

    file: File = STACKS_TOML
    _: KW_ONLY
    yes: Yes = False
    json: Json = False
    sandbox: Sandboxed = False
    provider: ProviderOption = ProviderName.STAND_IN
    patience: float | None = None

    @cached_property
    def render(self) -> Renderer:
        """Where events and errors go; what draws them is imported meanwhile, such as while an engine is at work."""
        from rollout.cli.render import renderer

        return renderer(json=self.json, patience=self.patience)

    def rollout(self, on_event: Listener | None = None) -> Rollout:
        """The opened inventory; its events are rendered unless another listener is given."""
        from rollout.api.rollout import Rollout

        return Rollout.load(self.file, on_event=on_event or self._report, **self._site())

    def environment(self, name: str) -> EnvironmentRollout:
        """One of the inventory's."""
        return self.rollout().environment(name)

    def for_rollback(self, environment: str) -> EnvironmentRollout:
        """An environment for a way back: where the inventory can't be read, by the last good one."""
        from rollout.api.rollout import Rollout

        return Rollout.for_rollback(self.file, environment, on_event=self._report, **self._site())

    def _site(self) -> dict[str, Any]:
        if parts := PARTS.get():
            return {"parts": parts}
        return {"sandbox": self.connect(), "provider": self.provider.value}

    def _report(self, event: Event) -> None:
        self.render(event)

    def print(self, text: str) -> None:
        """Print a document, such as a policy, as it is."""
        Output("stdout", patience=self.patience).write(f"{text}\n")

    def report_error(self, error: RolloutError) -> None:
        """Render an error, for a person too where the machine that reads can't get it."""
        self.render(error)
        if self.json and Output.lost:
            from rollout.cli.render import renderer

            renderer(json=False, patience=self.patience)(error)

    @property
    def approve(self) -> Approver | None:
        """The approval: `--yes`, the user at the terminal, or none."""
        if self.yes:
            return lambda _: True
        if self.json or not sys.stdin.isatty() or not sys.stdout.isatty():
            return None
        return self.render.ask

    def approve_only(self, digest: str | None) -> Approver | None:
        """The approval of what has this digest; without one, as else."""
        from rollout.migration.runner.approval import only

        return self.approve if digest is None else only(digest)

    def connect(self) -> Sandbox | None:
        """Connect to the sandbox to work on; None for the real AWS.

        Raises:
            SandboxError: It was asked for, and none runs, or it isn't installed.
        """
        folder = sandbox_folder(self.file, asked=self.sandbox)
        if folder is None:
            return None
        from rollout.cli.extras import SANDBOXES, brought

        connect: Callable[[Path], Sandbox] = brought(SANDBOXES, "local")
        return connect(folder)


def sandbox_folder(file: Path, *, asked: bool) -> Path | None:
    """The folder of the sandbox to work on; None for the real AWS.

    Args:
        file: The inventory; by default the sandbox is in `.rollout/sandbox` beside it.
        asked: Whether `--sandbox` was given.
    """
    said = os.environ.get("ROLLOUT_SANDBOX", "")
    if said and said not in ("0", "1"):
        return Path(said)
    return file.parent / SANDBOX_FOLDER if asked or said == "1" else None


def command(
    *,
    yes: bool = False,
    file: bool = True,
    json: bool = True,
    sandbox: bool = True,
    provider: bool = True,
    patience: float | None = None,
    changes: bool | None = None,
    outlives: bool = False,
) -> Callable[[Callable[Concatenate[Session, P], None]], Callable[..., None]]:
    """Make a command of a function: its own options and the shared ones that it has, and a session around it.

    Each argument says whether the command has the option of that name; `--yes` is for those that change something. The
    function gets the session first, and its docstring is the help. See `Session` for `patience`.

    Args:
        changes: Whether it changes something, of which its exit code tells even if its output can't be written; by
            default whether it has `--yes`.
        outlives: Whether it goes on when its terminal is closed.
    """
    is_change = yes if changes is None else changes
    has = {"yes": yes, "file": file, "json": json, "sandbox": sandbox, "provider": provider}
    options = signature(Session, eval_str=True).parameters
    shared = {name: options[name] for name, wanted in has.items() if wanted}

    def made(function: Callable[Concatenate[Session, P], None]) -> Callable[..., None]:
        @wraps(function)
        def called(_context: typer.Context, **given: Any) -> None:
            options = {name: given.pop(name) for name in shared}
            with session(called=_context.command_path, outlives=outlives, **options, patience=patience) as run:
                function(run, **given)  # type: ignore[call-arg]
                if Output.lost and not is_change:
                    why = f"can't be written: {Output.lost.strerror}"
                    raise RolloutError(why, where="standard output", code="file-not-writable")

        own = list(signature(function, eval_str=True).parameters.values())[1:]
        context = Parameter("_context", Parameter.KEYWORD_ONLY, annotation=typer.Context)
        both = [context, *(each.replace(kind=Parameter.KEYWORD_ONLY) for each in (*own, *shared.values()))]
        called.__signature__ = Signature(both)  # type: ignore[attr-defined]
        return called

    return made


def group(about: str, **settings: Any) -> typer.Typer:
    """A command that has commands.

    Args:
        about: Its help.
        settings: Further ones of Typer's.
    """
    return typer.Typer(
        help=about,
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
        **settings,
    )


@contextmanager
def session(file: Path = STACKS_TOML, *, called: str = "", outlives: bool = False, **options: Any) -> Iterator[Session]:
    """Run a command's body; whatever goes wrong ends in one clear error and its exit code.

    Args:
        file: The inventory.
        called: The command's name, for OpenTelemetry, if one of its variables asks for that.
        outlives: Whether it goes on when its terminal is closed.
        options: See `Session`.
    """
    with _recorded(called), _stopping_cleanly(outlives=outlives), _run(file, options) as opened:
        yield opened


def _recorded(command: str) -> AbstractContextManager[None]:
    if not command or not any(name.startswith("OTEL_EXPORTER_OTLP_") for name in os.environ):
        return nullcontext()
    from rollout.adapters import telemetry

    return telemetry.recorded(command) if telemetry.is_wanted() else nullcontext()


@contextmanager
def _run(file: Path, options: Mapping[str, Any]) -> Iterator[Session]:
    _say_what_can_be_said()
    warnings.simplefilter("ignore")  # the SDK's, about an engine that ended early; our own are events
    logging.getLogger("rollout").addHandler(logging.NullHandler())  # a log's lines are no part of what a command says
    opened, Output.lost = Session(file, **options), None
    crash.watch_threads()
    try:
        yield opened
    except RolloutError as error:
        opened.report_error(error)
        raise typer.Exit(error.exit_code) from None
    except KeyboardInterrupt:
        stopped = Interrupted("stopped")
        opened.render(stopped)
        raise typer.Exit(stopped.exit_code) from None
    except (typer.Exit, typer.Abort, typer.BadParameter):
        raise
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit(1) from None
    except Exception as error:  # noqa: BLE001 - the last one to catch it
        found = crash.defect(error)
        opened.report_error(found)
        raise typer.Exit(found.exit_code) from None
    finally:
        if "render" in vars(opened):
            opened.render.close()


def _say_what_can_be_said() -> None:
    """Where there is no locale for it, a sign becomes `?` and no error."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")


@contextmanager
def _stopping_cleanly(*, outlives: bool) -> Iterator[None]:
    """SIGTERM, as CI systems send it, and SIGHUP, as a closed terminal does, stop as cleanly as Ctrl-C."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def interrupt(sent: int, _frame: FrameType | None) -> None:
        if sent == signal.SIGHUP:  # both the shell and the kernel send it, and a second one would cut the end short
            signal.signal(sent, signal.SIG_IGN)
        raise Terminated

    before = {each: signal.getsignal(each) for each in (signal.SIGTERM, signal.SIGHUP)}
    signal.signal(signal.SIGTERM, interrupt)
    if before[signal.SIGHUP] is not signal.SIG_IGN:  # as nohup has it
        signal.signal(signal.SIGHUP, signal.SIG_IGN if outlives else interrupt)
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
