"""The Pulumi CLI as a child process, and an Automation API that starts it less often.

The engine runs in a process group of its own, so that it gets Ctrl-C once, from rollout. No stack is selected before an
operation, and no outputs and history are read afterwards, which saves three starts of the CLI. An engine without output
for too long is stopped.
"""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event, Thread
from typing import Any

from pulumi import automation as auto
from pulumi.automation import errors as auto_errors
from semver import VersionInfo

from rollout.adapters.pulumi.failures import note_run
from rollout.adapters.pulumi.locks import PARENT
from rollout.errors import EngineError

for _noisy in ("grpc", "asyncio"):  # if the engine ends while a program runs, they log tracebacks
    logging.getLogger(_noisy).addHandler(logging.NullHandler())

_STOPPING = ((signal.SIGINT, timedelta(seconds=30)), (signal.SIGTERM, timedelta(seconds=10)))


class PulumiCli(auto.PulumiCommand):
    """The CLI at a known path and version, in a process group of its own.

    Args:
        patience: How long it may give no output.

    Attributes:
        started: Set once the engine's process runs.
    """

    def __init__(self, command: Path, version: str, patience: timedelta) -> None:
        # the SDK's own constructor would start the CLI to ask its version
        self.command = str(command)
        self.version = VersionInfo.parse(version)
        self._patience = patience
        self._group: int | None = None
        self._heard = time.monotonic()
        self.started = Event()

    def hear(self) -> None:
        """Record a sign of life."""
        self._heard = time.monotonic()

    def stop(self, has_ended: Callable[[timedelta], bool]) -> None:
        """End the engine if it has started; see `stop_group`."""
        if self._group is not None:
            stop_group(self._group, has_ended)

    def run(
        self,
        args: list[str],
        cwd: str,
        additional_env: Mapping[str, str],
        on_output: Callable[[str], Any] | None = None,
        on_error: Callable[[str], Any] | None = None,
    ) -> auto.CommandResult:
        """Run the CLI; see the SDK's own."""
        path = os.pathsep.join([str(Path(self.command).parent), os.environ.get("PATH", os.defpath)])
        variables = {**os.environ, "PATH": path, **additional_env, "PULUMI_AUTOMATION_API": "true"}
        variables[PARENT] = str(os.getpid())
        self.hear()
        began = time.monotonic()
        process = subprocess.Popen(
            [self.command.encode(), b"--non-interactive", *(_in_any_locale(each) for each in args)],
            cwd=cwd,
            env=variables,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            process_group=0,
            umask=0o077,  # state, plans and work files are readable only by their owner
        )
        self._group = process.pid
        self.started.set()
        lines: tuple[list[str], list[str]] = ([], [])
        readers = [
            Thread(target=self._drain, args=(stream, kept, told), daemon=True)
            for stream, kept, told in zip((process.stdout, process.stderr), lines, (on_output, on_error), strict=True)
        ]
        for reader in readers:
            reader.start()
        ended, silent = Event(), Event()
        Thread(target=self._watch, args=(process.pid, ended, silent), daemon=True).start()
        interrupted = _wait(process)
        ended.set()
        for reader in readers:
            reader.join()
        note_run(args, process.returncode, time.monotonic() - began)
        result = auto.CommandResult(stdout="\n".join(lines[0]), stderr="\n".join(lines[1]), code=process.returncode)
        if interrupted:
            raise KeyboardInterrupt
        if silent.is_set():
            raise EngineError(
                f"the engine gave no output for {self._patience} and was stopped (engine-timeout in stacks.toml)",
                hint="run the same command again: it continues from there",
                code="engine-timeout",
            )
        if result.code < 0:
            raise EngineError(
                f"the engine was killed by signal {-result.code}",
                hint="run the same command again: it continues from there",
                code="engine-killed",
            )
        if result.code != 0:
            raise auto_errors.create_command_error(result)
        return result

    def _drain(self, stream: Any, kept: list[str], told: Callable[[str], Any] | None) -> None:
        with stream:
            for line in stream:
                self.hear()
                kept.append(line.rstrip())
                if told:
                    told(line.rstrip())

    def _watch(self, group: int, ended: Event, silent: Event) -> None:
        """Stop the engine if it gives no output for too long."""
        while not ended.wait(self._left()):
            if self._left() <= 0:
                silent.set()
                stop_group(group, lambda patience: ended.wait(patience.total_seconds()))
                return

    def _left(self) -> float:
        return self._patience.total_seconds() - (time.monotonic() - self._heard)


def _in_any_locale(argument: str) -> bytes:
    """An argument, such as a person's message, which the locale of a cron job or a container may not have."""
    return argument.encode("utf-8", "surrogateescape")


def _wait(process: subprocess.Popen[str]) -> bool:
    """Wait for the engine. After the first Ctrl-C it finishes the current resource; the third kills it."""
    signals = [signal.SIGINT, signal.SIGTERM, signal.SIGKILL]
    interrupted = False
    while True:
        try:
            process.wait()
        except KeyboardInterrupt:
            interrupted = True
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signals.pop(0) if signals else signal.SIGKILL)
        else:
            return interrupted


def stop_group(group: int, has_ended: Callable[[timedelta], bool]) -> None:
    """End a process group: SIGINT first, then SIGTERM, then SIGKILL.

    Args:
        has_ended: Waits for the end for a while, and returns whether it came.
    """
    with suppress(ProcessLookupError):
        for sent, patience in _STOPPING:
            os.killpg(group, sent)
            if has_ended(patience):
                return
        os.killpg(group, signal.SIGKILL)
        has_ended(_STOPPING[-1][1])


class Workspace(auto.LocalWorkspace):
    """Every command names its stack, so no stack has to be selected first."""

    def select_stack(self, stack_name: str) -> None:
        """Do nothing."""


class Stack(auto.Stack):
    """An update without a reading of its outputs and history."""

    def hear(self, _event: object) -> None:
        """Record that the engine gave output."""
        engine = self.workspace.pulumi_command
        if isinstance(engine, PulumiCli):
            engine.hear()

    def outputs(self) -> auto.OutputMap:
        """None are read."""
        return {}

    def info(self, show_secrets: bool = False) -> auto.UpdateSummary:  # noqa: ARG002
        """Nothing is read."""
        return _NO_SUMMARY


_NO_SUMMARY = auto.UpdateSummary("", datetime.fromtimestamp(0, UTC), "", {}, {}, "")
