"""The command line in this process: piped, or at a terminal where somebody has typed their answers ahead."""

from __future__ import annotations

import contextlib
import os
import pty
import subprocess
import sys
import threading
from collections.abc import Iterator
from io import TextIOWrapper
from pathlib import Path

import pytest
from typer.testing import CliRunner

from rollout.api.container import PartsFactory
from rollout.cli import app
from rollout.cli.session import PARTS


@contextlib.contextmanager
def working_with(parts: PartsFactory) -> Iterator[None]:
    """Commands work with these parts in a block."""
    token = PARTS.set(parts)
    try:
        yield
    finally:
        PARTS.reset(token)


def piped(folder: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a command in a folder, without a terminal."""
    with contextlib.chdir(folder):
        done = CliRunner().invoke(app, arguments, env=variables, catch_exceptions=False, prog_name="rollout")
    return subprocess.CompletedProcess(arguments, done.exit_code, done.stdout, done.stderr)


def written(folder: Path, descriptor: int, *arguments: str) -> int:
    """Run a command in a folder with standard output at a descriptor, which is closed then: its exit code."""
    with (
        contextlib.chdir(folder),
        open(descriptor, "w", encoding="utf-8") as out,
        contextlib.redirect_stdout(out),
        pytest.raises(SystemExit) as ended,
    ):
        app(list(arguments), prog_name="rollout")
    code = ended.value.code
    assert isinstance(code, int)
    return code


def typed(folder: Path, answers: str, *arguments: str, **variables: str) -> tuple[int, str]:
    """Run a command in a folder, at a terminal: its exit code and what was shown."""
    ours, theirs = pty.openpty()
    shown: list[bytes] = []
    reading = threading.Thread(target=lambda: shown.extend(_read(ours)))
    reading.start()
    os.write(ours, answers.encode())
    with contextlib.chdir(folder), _seated(theirs), pytest.MonkeyPatch.context() as patch:
        for name, value in {"TERM": "xterm", "COLUMNS": "100", **variables}.items():
            patch.setenv(name, value)
        with pytest.raises(SystemExit) as ended:
            app(list(arguments), prog_name="rollout")
    os.close(theirs)
    reading.join()
    os.close(ours)
    code = ended.value.code
    assert isinstance(code, int)
    return code, b"".join(shown).decode(errors="replace")


@contextlib.contextmanager
def _seated(terminal: int) -> Iterator[None]:
    """Standard input, output and error at a terminal."""
    with contextlib.ExitStack() as stack:
        for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
            stream = stack.enter_context(open(os.dup(terminal), mode, encoding="utf-8"))  # noqa: PTH123 - a descriptor
            assert isinstance(stream, TextIOWrapper)
            stack.callback(setattr, sys, name, getattr(sys, name))
            setattr(sys, name, stream)
        yield


def _read(terminal: int) -> Iterator[bytes]:
    while True:
        try:
            yield os.read(terminal, 65536)
        except OSError:  # the other end is closed
            return
