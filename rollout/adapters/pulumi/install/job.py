"""One attempt to install an engine: its folders, its log, and its child processes with their progress."""

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
"""The number of lines of a failed child's output in the error."""


@dataclass(frozen=True, slots=True)
class Progress:
    """The progress of `setup`.

    Attributes:
        step: The current step, such as `Compile the engine`.
        detail: The current detail, such as a package's name; may be empty.
        done: The number of finished parts, if they are counted.
        total: The number of all parts, if known.
    """

    step: str
    detail: str = ""
    done: int | None = None
    total: int | None = None


OnProgress = Callable[[Progress], None]


class SourceFailed(Exception):
    """One source of engines failed; the next one may work."""


@dataclass(frozen=True, slots=True)
class Job:
    """What a source works with.

    Attributes:
        root: The folder in which the source puts `bin/pulumi`.
        scratch: A folder for anything else, deleted after the job.
        log: The file for all output.
        on_progress: Called with the progress.
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
        """Run a child process in the scratch folder. An interruption also kills its descendants.

        Args:
            env: Its environment, if not this process's.
            on_line: Called with each line of its output and standard error.

        Raises:
            SourceFailed: It can't be started, failed, or took too long; with the last lines of its output.
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
                start_new_session=True,  # a process group of its own, to kill it as a whole
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
