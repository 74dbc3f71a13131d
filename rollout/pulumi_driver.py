"""The Pulumi stacks over the Automation API; the only module that imports it.

Three habits of ours on top of the SDK: the engine runs in a process group of its own, so that Ctrl-C reaches it once
and from us; a stack isn't selected before each operation nor its outputs and history read after, which saves three
starts of the CLI; and a lock that a dead process of this machine left is taken away and said so.
https://www.pulumi.com/docs/iac/automation-api/
"""

from __future__ import annotations

import importlib
import json
import logging
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock, Thread
from typing import Any, TypeVar

from pulumi import RunError
from pulumi import automation as auto
from pulumi.automation import errors as auto_errors
from semver import VersionInfo

from rollout.errors import ConfigError, Drift, EngineError, Locked, Problem, RolloutError
from rollout.model import Environment, ProgramInput
from rollout.plan import Change, ResourceState, StackPreview, change_of, states_of

T = TypeVar("T")
Program = Callable[[ProgramInput], None]

for _noisy in ("grpc", "asyncio"):  # when the engine ends in mid-program they tell of it with tracebacks
    logging.getLogger(_noisy).addHandler(logging.NullHandler())

_COLOUR = re.compile(r"<\{%.*?%\}>")
_LOCK = re.compile(r"created by (?P<user>[^@\s]+)@(?P<host>\S+) \(pid (?P<pid>\d+)\)(?: at (?P<when>\S+))?")


@dataclass(frozen=True, slots=True)
class EngineSettings:
    """How to run the engine.

    Attributes:
        command: The Pulumi CLI.
        version: Its version.
        backend: Where the state is kept, a URL.
        variables: Environment variables for the engine and its plugins, over this process's own.
        config: Provider configuration, such as `aws:region`.
    """

    command: Path
    version: str
    backend: str
    variables: Mapping[str, str] = field(default_factory=dict)
    config: Mapping[str, str] = field(default_factory=dict)


class PulumiStacks:
    """The `Stacks` port over the Automation API, for one environment.

    Args:
        environment: The inventory.
        settings: How to run the engine.
        on_lock_cleared: Told the stack and the dead holder of a lock that was taken away.
    """

    def __init__(
        self,
        environment: Environment,
        settings: EngineSettings,
        on_lock_cleared: Callable[[str, str], None] = lambda _stack, _holder: None,
    ) -> None:
        self._environment = environment
        self._settings = settings
        self._on_lock_cleared = on_lock_cleared

    def resources(self, stack: str) -> tuple[ResourceState, ...] | None:
        """See `ports.Stacks`."""
        with self._opened(stack) as opened:
            try:
                deployment = _explained(opened.export_stack)
            except _NoStackError:
                return None
        return states_of((deployment.deployment or {}).get("resources") or ())

    def preview(
        self, stack: str, given: ProgramInput, plan: Path, *, create: bool = False, refresh: bool = False
    ) -> StackPreview | None:
        """See `ports.Stacks`."""
        with self._opened(stack, given, plan) as opened:
            steps, problems = _Steps(), _Diagnostics()

            def told(event: auto.EngineEvent) -> None:
                steps.add(event)
                problems.add(event)

            def run() -> None:
                steps.clear()
                opened.preview(
                    plan=str(plan),
                    refresh=refresh or None,
                    color="never",
                    suppress_outputs=True,
                    suppress_progress=True,
                    on_event=told,
                )

            try:
                self._unlocked(stack, opened, run, problems)
            except _NoStackError:
                if not create:
                    return None
                _explained(lambda: opened.workspace.create_stack(opened.name))
                self._unlocked(stack, opened, run, problems)
        if plan.exists():
            plan.chmod(0o600)
        return StackPreview(stack, steps.changes(), refreshed=refresh)

    def up(
        self,
        stack: str,
        given: ProgramInput,
        *,
        plan: Path | None,
        message: str,
        refresh: bool = False,
        on_change: Callable[[Change], None] = lambda _: None,
    ) -> None:
        """See `ports.Stacks`."""
        with self._opened(stack, given, plan) as opened:
            problems = _Diagnostics()

            def told(event: auto.EngineEvent) -> None:
                problems.add(event)
                done = event.res_outputs_event
                if done is not None:
                    change = _change(done.metadata)
                    if change.is_real:
                        on_change(change)

            def run() -> None:
                opened.up(
                    plan=str(plan) if plan else None,
                    message=message,
                    refresh=refresh or None,
                    color="never",
                    suppress_outputs=True,
                    suppress_progress=True,
                    show_secrets=False,
                    on_event=told,
                )

            self._unlocked(stack, opened, run, problems)

    @contextmanager
    def _opened(self, stack: str, given: ProgramInput | None = None, plan: Path | None = None) -> Iterator[auto.Stack]:
        """A stack ready for one operation.

        Its work folder lies beside the plan, since it holds the salt that the plan's secrets are encrypted with.
        """
        name, environment, settings = self._environment.name, self._environment, self._settings
        variables = {
            "PULUMI_BACKEND_URL": settings.backend,
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            **({} if _has_passphrase() else {"PULUMI_CONFIG_PASSPHRASE": ""}),
            **settings.variables,
        }
        config = {
            "aws:region": environment.region,
            "aws:allowedAccountIds": json.dumps([environment.account]),
            **settings.config,
        }
        program = (lambda: _guarded(self._program(stack), given)) if given else None
        with tempfile.TemporaryDirectory(prefix="rollout-") as temporary:
            folder = plan.with_name(f"{stack}-work") if plan else Path(temporary)
            known = folder.exists() and any(folder.iterdir())
            folder.mkdir(exist_ok=True)
            workspace = _Workspace(
                work_dir=str(folder),
                program=program,
                env_vars=variables,
                secrets_provider=environment.secrets_provider or "passphrase",
                project_settings=auto.ProjectSettings(name=f"{environment.project}-{stack}", runtime="python"),
                stack_settings=None if known else {name: auto.StackSettings(config=dict(config))},
                pulumi_command=_Engine(settings.command, settings.version),
            )
            yield _Stack.select(name, workspace)

    def _program(self, stack: str) -> Program:
        return load_program(getattr(self._environment.programs, stack), self._environment.root, stack)

    def _unlocked(self, stack: str, opened: auto.Stack, run: Callable[[], T], problems: _Diagnostics) -> T:
        """Run an operation; a stale lock is cleared once and the operation run again."""
        try:
            return _explained(run, problems)
        except _LockedError as error:
            holder = _LOCK.search(error.text)
            if holder is None or _is_alive(holder):
                raise Locked(
                    f"stack {self._environment.project}-{stack}/{self._environment.name} is being updated by "
                    + (f"{holder['user']}@{holder['host']} (pid {holder['pid']})" if holder else "someone else"),
                    then="wait until that is done; `rollout rollback` moves traffic all the same",
                ) from error
            opened.cancel()
            self._on_lock_cleared(stack, f"{holder['user']}@{holder['host']} (pid {holder['pid']})")
            return _explained(run, problems)


def load_program(entry_point: str, root: Path, stack: str) -> Program:
    """Import an inline program.

    Args:
        entry_point: `module:function`; modules are looked for in `root` first.
        root: The folder of stacks.toml.
        stack: The key in `[programs]`, for messages.

    Raises:
        ConfigError: It can't be imported.
    """
    module_name, _, function = entry_point.partition(":")
    with _importing:
        _make_first(root, module_name.partition(".")[0])
        try:
            program: Program = getattr(importlib.import_module(module_name), function)
        except (ImportError, AttributeError, SyntaxError) as error:
            problem = Problem(f"{entry_point} can't be loaded: {error}", where=f"programs.{stack}")
            raise ConfigError("a program is missing", [problem], then=f"look in {root}") from error
    return program


_importing = Lock()


def _make_first(root: Path, package: str) -> None:
    """Let imports look in a folder first, and forget a package of the same name from another inventory's folder."""
    if sys.path[0] != str(root):
        sys.path.insert(0, str(root))
    loaded = sys.modules.get(package)
    origin = getattr(loaded, "__file__", None) or next(iter(getattr(loaded, "__path__", ())), None)
    if origin and (root / package).exists() and not Path(origin).resolve().is_relative_to(root.resolve()):
        for name in [name for name in sys.modules if name == package or name.startswith(f"{package}.")]:
            del sys.modules[name]
        importlib.invalidate_caches()


class _Engine(auto.PulumiCommand):
    """The CLI at a known path and version, in a process group of its own."""

    def __init__(self, command: Path, version: str) -> None:
        # the SDK's own would start the CLI to ask its version
        self.command = str(command)
        self.version = VersionInfo.parse(version)

    def run(
        self,
        args: list[str],
        cwd: str,
        additional_env: Mapping[str, str],
        on_output: Callable[[str], Any] | None = None,
        on_error: Callable[[str], Any] | None = None,
    ) -> auto.CommandResult:
        path = os.pathsep.join([str(Path(self.command).parent), os.environ.get("PATH", os.defpath)])
        variables = {**os.environ, "PATH": path, **additional_env, "PULUMI_AUTOMATION_API": "true"}
        process = subprocess.Popen(
            [self.command, "--non-interactive", *args],
            cwd=cwd,
            env=variables,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            process_group=0,
            umask=0o077,  # state, plans and work files are their owner's alone
        )
        lines: tuple[list[str], list[str]] = ([], [])
        readers = [
            Thread(target=_drain, args=(stream, kept, told), daemon=True)
            for stream, kept, told in zip((process.stdout, process.stderr), lines, (on_output, on_error), strict=True)
        ]
        for reader in readers:
            reader.start()
        interrupted = _wait(process)
        for reader in readers:
            reader.join()
        result = auto.CommandResult(stdout="\n".join(lines[0]), stderr="\n".join(lines[1]), code=process.returncode)
        if interrupted:
            raise KeyboardInterrupt
        if result.code != 0:
            raise auto_errors.create_command_error(result)
        return result


def _drain(stream: Any, kept: list[str], told: Callable[[str], Any] | None) -> None:
    with stream:
        for line in stream:
            kept.append(line.rstrip())
            if told:
                told(line.rstrip())


def _wait(process: subprocess.Popen[str]) -> bool:
    """Wait for the engine; the first Ctrl-C lets it finish what is under way, the third kills it."""
    signals = [signal.SIGINT, signal.SIGTERM, signal.SIGKILL]
    interrupted = False
    while True:
        try:
            process.wait()
        except KeyboardInterrupt:
            interrupted = True
            os.killpg(process.pid, signals.pop(0) if signals else signal.SIGKILL)
        else:
            return interrupted


class _Workspace(auto.LocalWorkspace):
    """Every command names its stack, so none has to be selected first."""

    def select_stack(self, stack_name: str) -> None:
        pass


class _Stack(auto.Stack):
    """An update whose outputs and history nobody reads afterwards."""

    def outputs(self) -> auto.OutputMap:
        return {}

    def info(self, show_secrets: bool = False) -> auto.UpdateSummary:  # noqa: ARG002
        return _NO_SUMMARY


_NO_SUMMARY = auto.UpdateSummary("", datetime.fromtimestamp(0, UTC), "", {}, {}, "")


class _NoStackError(Exception):
    """There is no such stack."""


class _LockedError(Exception):
    """The stack is locked; the text says by whom."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


class _Diagnostics:
    """What the engine complains about."""

    def __init__(self) -> None:
        self.errors: list[str] = []

    def add(self, event: auto.EngineEvent) -> None:
        said = event.diagnostic_event
        if said is not None and said.severity == "error":
            text = _COLOUR.sub("", said.message).strip().removeprefix("an unhandled error occurred: ")
            if text and text not in self.errors:
                self.errors.append(text)


class _Steps:
    """The steps of a preview, in the engine's order."""

    def __init__(self) -> None:
        self._found: list[Change] = []

    def clear(self) -> None:
        self._found.clear()

    def add(self, event: auto.EngineEvent) -> None:
        step = event.resource_pre_event
        if step is not None:
            self._found.append(_change(step.metadata))

    def changes(self) -> tuple[Change, ...]:
        return tuple(self._found)


def _change(metadata: auto.StepEventMetadata) -> Change:
    return change_of(str(getattr(metadata.op, "value", metadata.op)), _state(metadata.old), _state(metadata.new))


def _state(state: auto.StepEventStateMetadata | None) -> ResourceState | None:
    if state is None:
        return None
    return ResourceState(
        urn=state.urn,
        type=state.type,
        id=state.id or "",
        custom=bool(state.custom),
        retain_on_delete=bool(state.retain_on_delete),
        inputs=state.inputs or {},
        outputs=state.outputs or {},
    )


def _guarded(program: Program, given: ProgramInput) -> None:
    """Run a program; its own error is one sentence to the engine, not a traceback."""
    try:
        program(given)
    except RolloutError as error:
        raise RunError(str(error)) from error


def _explained(run: Callable[[], T], problems: _Diagnostics | None = None) -> T:
    """Run an operation of the engine; a failure is one clear error."""
    try:
        return run()
    except auto_errors.StackNotFoundError as error:
        raise _NoStackError from error
    except auto_errors.ConcurrentUpdateError as error:
        raise _LockedError(str(error)) from error
    except auto_errors.CommandError as error:
        said = (problems.errors if problems else None) or [_reason(str(error))]
        # after a first failure the engine misses every step that the plan had for later
        causes = [text for text in said if not text.startswith("expected resource operations")] or said
        found = [Problem(_without_traceback(text)) for text in causes]
        if any("violates plan" in text for text in (*said, str(error))):
            raise Drift(
                "the world moved since the plan was approved; what was applied until then is in the state",
                found,
                then="run the command again to see what is left",
            ) from error
        raise EngineError("the engine failed:\n" + "\n".join(f"  - {p}" for p in found)) from error


def _reason(text: str) -> str:
    """The CLI's own error lines."""
    lines = [line.partition("error: ")[2].strip() for line in text.splitlines() if "error: " in line]
    return "\n".join(lines) or text.strip()


def _without_traceback(text: str) -> str:
    lines = text.splitlines()
    starts = [number for number, line in enumerate(lines) if line.startswith("Traceback (most recent call last)")]
    if not starts:
        return text
    return "\n".join([*lines[: starts[0]], lines[-1]]).removeprefix("python inline source runtime error: ")


def _has_passphrase() -> bool:
    return any(os.environ.get(name) for name in ("PULUMI_CONFIG_PASSPHRASE", "PULUMI_CONFIG_PASSPHRASE_FILE"))


def _is_alive(holder: re.Match[str]) -> bool:
    """Whether a lock's holder may still be at work: on another machine nobody can tell, so yes."""
    if holder["host"] != socket.gethostname():
        return True
    pid = int(holder["pid"])
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    command = Path(f"/proc/{pid}/cmdline")
    return not command.exists() or b"pulumi" in command.read_bytes()
