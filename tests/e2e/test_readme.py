"""README's quickstart and docs/migration.md, each line as it stands, by somebody at a terminal who says yes."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import termios
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Condition, Thread

import pytest

from rollout_sandbox import daemon
from tests.conftest import ROOT
from tests.docs.pages import blocks

pytestmark = [pytest.mark.engine, pytest.mark.timeout(1500)]

SETUP = ("./run ", ". .venv/")  # the tests run in what these make
ROUTES, PATIENCE = 2, 300


class Command:
    """A command in a terminal of its own, in which `yes` was typed."""

    def __init__(self, words: list[str], folder: Path, variables: Mapping[str, str]) -> None:
        self._words, self._screen = words, list[bytes]()
        self._ours, theirs = os.openpty()
        termios.tcsetwinsize(self._ours, (50, 160))
        os.write(self._ours, b"yes\n")
        self._process = subprocess.Popen(
            [sys.executable, "-m", *words],
            cwd=folder,
            env={**os.environ, **variables, "TERM": "xterm"},
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
        )
        os.close(theirs)
        self._heard = Condition()
        self._reader = Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        with suppress(OSError):  # the terminal is closed at the other end
            while said := os.read(self._ours, 4096):
                with self._heard:
                    self._screen.append(said)
                    self._heard.notify_all()

    def wait_until_it_says(self, text: str) -> None:
        """Wait until it has written something."""
        with self._heard:
            assert self._heard.wait_for(lambda: text.encode() in b"".join(self._screen), PATIENCE)

    def end(self) -> str:
        """Wait until it ends well, and give all that it wrote."""
        code = self._process.wait()
        self._reader.join()
        said = b"".join(self._screen).decode()
        assert code == 0, f"{shlex.join(self._words)}\n{said}"
        return said

    def stop(self) -> None:
        """Press Ctrl-C if it is still at work."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
            self._process.wait()
        self._reader.join()
        os.close(self._ours)


@dataclass
class Shell:
    """A folder, its variables, and what was started there."""

    folder: Path
    variables: dict[str, str] = field(default_factory=dict)
    started: list[Command] = field(default_factory=list)

    def start(self, words: list[str]) -> Command:
        """Start a command."""
        self.started.append(Command(words, self.folder, self.variables))
        return self.started[-1]

    def run(self, words: list[str]) -> str:
        """Run a command to its end, which must be a good one."""
        return self.start(words).end()


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Shell]:
    """A checkout with the sandbox's one environment that the lines are about."""
    for name in ("programs", "samples"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    text = (ROOT / "stacks.toml").read_text()
    others = r"(?ms)^\[environments\.(?:staging|review)[.\]].*?(?=^\[|\Z)"
    (tmp_path / "stacks.toml").write_text(re.sub(others, "", text))
    made = Shell(tmp_path)
    yield made
    for command in made.started:
        command.stop()
    daemon.stop(tmp_path / ".rollout" / "sandbox")


def lines(page: str) -> Iterator[tuple[str, str]]:
    """A page's shell lines and what it has appended to the inventory, in order."""
    for block in blocks("sh", "toml"):
        if block.page != page:
            continue
        if block.language == "toml":
            yield "toml", block.code
        else:
            yield from (("sh", line) for line in block.code.splitlines() if not line.startswith(SETUP))


def test_the_quickstart_moves_a_tenth_and_back(shell: Shell) -> None:
    said: dict[str, str] = {}
    for _, line in lines("README.md"):
        match shlex.split(line, comments=True):
            case ["export", *settings]:
                shell.variables |= dict(setting.split("=", 1) for setting in settings)
            case ["rollout", "sandbox", "load", *_] as words:
                shell.start(words)
            case words:
                said[words[1]] = shell.run(words)
    assert said["status"].count("10 %") >= 2  # want and live
    assert "on legacy only" in said["rollback"]


def test_each_line_of_a_migration_works_as_it_stands_to_a_completed_ramp_and_back(shell: Shell) -> None:
    said: dict[str, str] = {}
    ramp: Command | None = None
    after: list[list[str]] = []  # what stands behind the ramp in its own terminal
    for language, line in lines("docs/migration.md"):
        words = shlex.split(line, comments=True) if language == "sh" else []
        match words:
            case []:
                with (shell.folder / shell.variables["ROLLOUT_FILE"]).open("a") as file:
                    file.write(line)
            case ["export", *settings]:
                shell.variables |= dict(setting.split("=", 1) for setting in settings)
            case ["rollout", "sandbox", "load", *_]:
                shell.start(words)
            case ["rollout", "ramp", *_]:
                ramp = shell.start(words)
                ramp.wait_until_it_says("25 % now")
            case ["rollout", "status" | "report", *_] if ramp and "ramp" not in said:
                after.append(words)
            case ["rollout", "rollback", *_] if ramp and "ramp" not in said:  # pause and resume go beside the ramp
                said["ramp"] = ramp.end()
                said |= {each[1]: shell.run(each) for each in after}
                shell.run(words)
            case _:
                said[" ".join(words[1:3])] = shell.run(words)
    assert said["status"].count("100 %") >= ROUTES
    assert (shell.folder / "report.html").stat().st_size
    assert said.keys() >= {"phase2 production", "explain GET", "monitoring production", "pause production"}
