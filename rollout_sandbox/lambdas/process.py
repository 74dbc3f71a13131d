"""A process that runs a function's code: made cold, used again while it is the same code, ended at a timeout.

Its seconds are the machine's, since its code takes as long as it takes, however fast the sandbox's clock is.
"""

from __future__ import annotations

import io
import json
import os
import selectors
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import zipfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from rollout.base.child_environment import without_secrets
from rollout_sandbox.lambdas import bootstrap

_ENDS_WITHIN = 2.0
_DIED = {"errorType": "Runtime.ExitError", "errorMessage": "Runtime exited with error"}


@dataclass(frozen=True, slots=True)
class Result:
    """What came of one invocation.

    Attributes:
        said: The answer, or Lambda's error.
        failed: Whether it is an error.
        timed_out: Whether the function was ended.
        took: How long it ran.
        printed: What it wrote, by lines.
    """

    said: Any
    failed: bool
    timed_out: bool
    took: timedelta
    printed: tuple[str, ...]


class FunctionProcess:
    """One environment of a function.

    Args:
        zipped: Its code; empty if that is a package installed here.
        variables: Its environment variables, all of them.
        folder: Where code may be unpacked.
    """

    def __init__(self, zipped: bytes, variables: Mapping[str, str], folder: Path) -> None:
        root, temporary = (Path(tempfile.mkdtemp(prefix=name, dir=folder)) for name in ("task-", "tmp-"))
        self._folders = root, temporary
        if zipped:
            with zipfile.ZipFile(io.BytesIO(zipped)) as archive:
                archive.extractall(root)
        self._lines: list[str] = []
        self._is_read = threading.Event()
        self._child = subprocess.Popen(  # its own Python, isolated from this one's settings but for what is installed
            [sys.executable, "-I", str(Path(bootstrap.__file__))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=root,
            env={
                **without_secrets(),
                **variables,
                "LAMBDA_TASK_ROOT": str(root),
                "TMPDIR": str(temporary),
                "TZ": ":UTC",
            },
            start_new_session=True,
        )
        self._reading = threading.Thread(target=self._read, name="function's log", daemon=True)
        self._reading.start()

    def invoke(self, told: Mapping[str, Any], timeout: timedelta) -> Result:
        """Run the function once; after a timeout, or its death, the process is of no more use."""
        began, self._lines = time.monotonic(), []
        self._is_read.clear()
        child = self._child
        assert child.stdin is not None  # noqa: S101 - for mypy: both are pipes
        assert child.stdout is not None  # noqa: S101
        line = b""
        try:
            child.stdin.write(json.dumps(told).encode() + b"\n")
            child.stdin.flush()
            with selectors.DefaultSelector() as answers:  # `select` fails for files of numbers above 1,023
                answers.register(child.stdout, selectors.EVENT_READ)
                is_late = not answers.select(timeout.total_seconds())
            line = b"" if is_late else child.stdout.readline()
        except (OSError, ValueError):  # it died, or was ended beside
            is_late = False
        took = timedelta(seconds=time.monotonic() - began)
        if line:
            answer = json.loads(line)
            self._is_read.wait(_ENDS_WITHIN)
            return Result(answer["said"], answer["failed"], False, took, tuple(self._lines))
        self.end()
        if is_late:
            text = f"Task timed out after {timeout.total_seconds():.2f} seconds"
            error = {"errorType": "Sandbox.Timedout", "errorMessage": text}
            return Result(error, True, True, timeout, (*self._lines, text))
        return Result(_DIED, True, False, took, tuple(self._lines))

    @property
    def is_alive(self) -> bool:
        """Whether it can be used again."""
        return self._child.poll() is None

    def end(self) -> None:
        """End it, with whatever it has started."""
        if self.is_alive:
            with suppress(ProcessLookupError):
                os.killpg(self._child.pid, 9)
        self._child.wait(_ENDS_WITHIN)
        self._reading.join(_ENDS_WITHIN)
        for pipe in (self._child.stdin, self._child.stdout, self._child.stderr):
            if pipe is not None:
                pipe.close()
        for folder in self._folders:
            shutil.rmtree(folder, ignore_errors=True)

    def _read(self) -> None:
        assert self._child.stderr is not None  # noqa: S101 - as above
        for line in self._child.stderr:
            text, end, _ = line.decode(errors="replace").rstrip("\n").partition(bootstrap.END)
            if text or not end:
                self._lines.append(text)
            if end:
                self._is_read.set()
