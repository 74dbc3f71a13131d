"""The Pulumi CLI as a child process, and an Automation API that starts it less often.

The engine runs in a process group of its own, so that Ctrl-C reaches it once and from us. A stack isn't selected before
each operation, nor its outputs and history read after, which saves three starts of the CLI.
"""

from __future__ import annotations

import logging
import os
import signal
import subprocess
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from threading import Thread
from typing import Any

from pulumi import automation as auto
from pulumi.automation import errors as auto_errors
from semver import VersionInfo

for _noisy in ("grpc", "asyncio"):  # when the engine ends in mid-program they tell of it with tracebacks
    logging.getLogger(_noisy).addHandler(logging.NullHandler())


class Engine(auto.PulumiCommand):
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
        """Run the CLI; see the SDK's own."""
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


class Workspace(auto.LocalWorkspace):
    """Every command names its stack, so none has to be selected first."""

    def select_stack(self, stack_name: str) -> None:
        """Do nothing."""


class Stack(auto.Stack):
    """An update whose outputs and history nobody reads afterwards."""

    def outputs(self) -> auto.OutputMap:
        """None are read."""
        return {}

    def info(self, show_secrets: bool = False) -> auto.UpdateSummary:  # noqa: ARG002
        """Nothing is read."""
        return _NO_SUMMARY


_NO_SUMMARY = auto.UpdateSummary("", datetime.fromtimestamp(0, UTC), "", {}, {}, "")
