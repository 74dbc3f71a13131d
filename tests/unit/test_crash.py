"""What nobody foresaw is one line, exit code 70 and a report that its owner alone reads."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from rollout.cli import crash
from rollout.cli.session import session
from rollout.errors import Interrupted, SandboxError, UsageError
from rollout_sandbox.data_plane.addresses import url_of

SECRET = "wJalrXUtnFEMI-K7MDENG"
BROKEN = (KeyError(SECRET), RecursionError(), MemoryError(), ValueError(f"a\n\x1b[2J{SECRET}"), AssertionError())


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


def ended(error: BaseException, *, json: bool = False) -> tuple[int, str]:
    app = typer.Typer(pretty_exceptions_enable=False)

    @app.command()
    def fail() -> None:
        with session(Path("stacks.toml"), json=json):
            raise error

    done = CliRunner().invoke(app, [])
    assert not done.exception or isinstance(done.exception, SystemExit)
    return done.exit_code, done.output


def reports(state: Path) -> list[Path]:
    return [file for file in state.rglob("*.txt") if file.is_file()]


def test_the_place_is_the_innermost_of_ours_the_sandboxs_too() -> None:
    with pytest.raises(SandboxError) as caught:
        url_of((), "nobody", 80)
    assert "rollout_sandbox/data_plane/addresses.py:" in crash.defect(caught.value).what


@pytest.mark.parametrize("json", [False, True])
@pytest.mark.parametrize("error", BROKEN, ids=lambda error: type(error).__name__)
def test_a_defect_is_a_line_and_a_report(error: Exception, json: bool, state: Path) -> None:
    code, output = ended(error, json=json)
    assert code == 70
    assert type(error).__name__ in output
    assert "Traceback" not in output
    (report,) = reports(state)
    assert str(report) in output.replace("\n", "").replace("    ", "") or json
    assert (report.stat().st_mode & 0o777, report.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    text = report.read_text()
    assert "Traceback" in text
    assert SECRET not in f"{output}{text}"
    assert "\x1b" not in text


@pytest.mark.parametrize(
    "error", [UsageError("x"), KeyboardInterrupt(), SystemExit(9), typer.Exit(4), Interrupted("x")]
)
def test_what_is_foreseen_is_no_defect(error: BaseException, state: Path) -> None:
    wanted = {UsageError: 2, KeyboardInterrupt: 130, SystemExit: 9, typer.Exit: 4, Interrupted: 130}
    assert ended(error)[0] == wanted[type(error)]
    assert reports(state) == []


def test_where_no_report_can_be_written_the_line_is(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (state / "rollout").write_text("a file where the folder would be")
    code, output = ended(KeyError("x"))
    assert (code, "KeyError" in output, "Traceback" in output) == (70, True, False)


def test_old_reports_go(state: Path) -> None:
    for _ in range(crash.KEPT + 5):
        crash.defect(KeyError("x"))
    assert len(reports(state)) <= crash.KEPT


MAIN = """
import os, sys, threading
from rollout import cli
from rollout.__main__ import main
def broken(*_, **__):
    {what}
cli.app.__class__.__call__ = broken
main()
"""


def run(what: str, *through: str) -> subprocess.CompletedProcess[str]:
    """Run a command that does this, by way of another one."""
    command = [*through, sys.executable, "-c", MAIN.format(what=what)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


def test_what_escapes_a_command_is_a_line_too(state: Path) -> None:
    done = run("raise KeyError('x')")
    assert done.returncode == 70
    assert "Traceback" not in done.stderr
    assert len(reports(state)) == 1


def test_a_closed_standard_error_changes_no_exit_code() -> None:
    done = run("raise KeyError('x')", "sh", "-c", 'exec "$@" 2>&-', "sh")
    assert done.returncode == 70


@pytest.mark.parametrize(("what", "code"), [("raise SystemExit(3)", 3), ("raise KeyboardInterrupt", 130)])
def test_what_ends_a_process_ends_it(what: str, code: int) -> None:
    assert run(what).returncode == code


def test_a_thread_ends_with_a_line(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threading, "excepthook", threading.excepthook)
    crash.watch_threads()
    target: Callable[[], object] = {}.popitem
    thread = threading.Thread(target=target)
    thread.start()
    thread.join()
    error = capfd.readouterr().err
    assert "KeyError" in error
    assert "Traceback" not in error
