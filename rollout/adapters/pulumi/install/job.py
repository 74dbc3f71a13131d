"""One try at getting an engine: its folders, its log, and its child processes, which tell how far they are."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

TAIL = 12
"""Lines of a failed child's output that its error shows."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far `setup` is.

    Attributes:
        step: What is being done, such as `Compile the engine`.
        detail: What just happened in it, such as a package's name; may be empty.
        done: How many parts of the step are done, where they are counted.
        total: How many there are, where that is known.
    """

    step: str
    detail: str = ""
    done: int | None = None
    total: int | None = None


OnProgress = Callable[[Progress], None]


class SourceFailed(Exception):
    """One source of engines gave none; the next may."""


@dataclass(frozen=True, slots=True)
class Job:
    """What a source works with.

    Attributes:
        root: The folder whose `bin/pulumi` the source leaves.
        scratch: A folder for anything else; it goes when the job is done.
        log: The file that all output goes to.
        on_progress: Told how far it is.
    """

    root: Path
    scratch: Path
    log: Path
    on_progress: OnProgress

    def run(
        self,
        command: Sequence[str | Path],
        *,
        limit: timedelta,
        env: Mapping[str, str] | None = None,
        on_line: Callable[[str], None] = lambda _: None,
    ) -> None:
        """Run a child process in the scratch folder; cut off, it takes its descendants with it.

        Args:
            command: The program and its arguments.
            limit: How long it may take.
            env: Its environment, if not this process's.
            on_line: Told each line of its output, standard error included.

        Raises:
            SourceFailed: It can't be started, failed, or took too long; with its last lines.
        """
        tail: deque[str] = deque(maxlen=TAIL)
        try:
            child = subprocess.Popen(
                command,
                cwd=self.scratch,
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
                start_new_session=True,  # a group of its own, to be killed as one
            )
        except OSError as error:
            raise SourceFailed(f"{command[0]} can't be run: {error.strerror}") from error
        expired = threading.Event()

        def expire() -> None:
            expired.set()
            _kill(child)

        timer = threading.Timer(limit.total_seconds(), expire)
        timer.start()
        with child, self.log.open("a") as log:
            try:
                log.write(f"$ {' '.join(map(str, command))}\n")
                for line in child.stdout or ():
                    log.write(line)
                    tail.append(line.rstrip())
                    on_line(line.rstrip())
            except BaseException:
                _kill(child)
                raise
            finally:
                timer.cancel()
        if expired.is_set():
            raise SourceFailed(f"{Path(command[0]).name} took longer than {limit}")
        if child.returncode != 0:
            raise SourceFailed("\n".join(tail) or f"{Path(command[0]).name} failed with code {child.returncode}")


def _kill(child: subprocess.Popen[str]) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)
