"""A rollout command that is killed at one of the engine's events, as a process of its own.

`python -m tests.faults.cut STACKS_TOML SANDBOX VICTIM POINT COMMAND [WEIGHT]` ends by SIGKILL, its own or the engine's.
The point is an event's number, or a moment: `preview routing` or `up routing`, when that operation of that stack begins
with the first of AWS's resources. Without such an event it prints how many there were.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pulumi import automation as auto

from rollout import EnvironmentRollout, Rollout
from rollout.adapters.pulumi.locks import PARENT
from rollout.errors import EngineError, RolloutError
from rollout_sandbox import daemon

if TYPE_CHECKING:
    from tests.conftest import Team

CLI, ENGINE = "cli", "engine"


class Cutter:
    """Counts the engine's events and kills at one of them."""

    def __init__(self, victim: str, point: str) -> None:
        self.seen = 0
        self._victim = victim
        self._point = point

    def watching(self, operation: Callable[..., Any]) -> Callable[..., Any]:
        """An operation of the Automation API whose events are counted."""

        def run(stack: auto.Stack, *, on_event: Callable[[auto.EngineEvent], None], **options: Any) -> Any:
            project = stack.workspace.project_settings().name
            moment = f"{operation.__name__} {project.rpartition('-')[2]}"

            def told(event: auto.EngineEvent) -> None:
                self.seen += 1
                if self._point == str(self.seen) or (self._point == moment and comes_to_aws(event)):
                    self._kill()
                on_event(event)

            return operation(stack, on_event=told, **options)

        return run

    def _kill(self) -> None:
        if self._victim == CLI:
            os.kill(os.getpid(), signal.SIGKILL)
        for child in engines_of(os.getpid()):
            os.killpg(child, signal.SIGKILL)


def comes_to_aws(event: auto.EngineEvent) -> bool:
    """Whether the engine begins with one of AWS's resources."""
    begun = event.resource_pre_event
    return begun is not None and begun.metadata.type.startswith("aws:")


def cut(team: Team, victim: str, point: int | str, *command: str) -> tuple[int, str, list[int]]:
    """Kill a command or its engine at a point: its exit code, what it said, and its engines that live on."""
    arguments = [str(team.file), str(team.aws.folder), victim, str(point), *command]
    with subprocess.Popen(
        [sys.executable, "-m", "tests.faults.cut", *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as process:
        said, _ = process.communicate()
    return process.returncode, said.decode(), engines_left_by(process.pid)


def engines_left_by(parent: int) -> list[int]:
    """The living engines of a process that may be dead."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            leads = os.getpgid(int(process.name)) == int(process.name)
            if leads and f"{PARENT}={parent}".encode() in (process / "environ").read_bytes().split(b"\0"):
                found.append(int(process.name))
    return found


def perform(target: EnvironmentRollout, command: str, *weight: str) -> bool:
    """Run a command; whether all of it was done."""
    if command == "rollback":
        return target.rollback().reconciled
    if command == "weight":
        target.set_weight(weight[0], approve=True)
    elif command == "complete":
        target.complete(approve=True)
    elif command.startswith("undo-"):
        target.undo("phase2" if command == "undo-phase2" else "phase1", approve=True)
    else:
        getattr(target, command)(approve=True)
    return True


def engines_of(parent: int) -> list[int]:
    """A process's engines: children that lead a process group."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            fields = (process / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == parent and fields[2] == process.name:
            found.append(int(process.name))
    return found


def main(file: str, sandbox: str, victim: str, point: str, command: str, *weight: str) -> int:
    """Run the command and be killed, or the engine."""
    cutter = Cutter(victim, point)
    for name in ("preview", "up"):
        setattr(auto.Stack, name, cutter.watching(getattr(auto.Stack, name)))
    target = Rollout.load(file, sandbox=daemon.connect(Path(sandbox))).environment("production")
    try:
        finished = perform(target, command, *weight)
    except RolloutError as error:
        print(error)
        return error.exit_code
    print(f"{cutter.seen} events")
    return 0 if finished else EngineError.exit_code


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
