"""What can't be printed raises nothing, and keeps nobody who may not wait."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest
import typer

from rollout.cli.output import Output
from rollout.cli.render import renderer
from rollout.cli.session import Session, command
from rollout.errors import UsageError
from rollout.migration.events import Warned

SAID = Warned("production", "watch out")


def stdout_at(descriptor: int, patch: pytest.MonkeyPatch) -> None:
    patch.setattr(sys, "stdout", open(descriptor, "w", encoding="utf-8", closefd=False))  # noqa: SIM115


@pytest.mark.parametrize("json", [False, True])
def test_a_full_disk_a_closed_pipe_and_a_closed_stream_are_borne(json: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    full = os.open("/dev/full", os.O_WRONLY)
    for descriptor in (full, writing):
        stdout_at(descriptor, monkeypatch)
        show = renderer(json=json)
        show(SAID)
        show(UsageError("no"))
        os.close(descriptor)
        show(SAID)
    sys.stdout.close()
    renderer(json=json)(SAID)
    monkeypatch.setattr(sys, "stdout", None)
    renderer(json=json)(SAID)


def test_a_pipe_that_nobody_reads_is_waited_for_once(monkeypatch: pytest.MonkeyPatch) -> None:
    reading, writing = os.pipe()
    stdout_at(writing, monkeypatch)
    out = Output("stdout", patience=0.01)
    for _ in range(100):
        out.write("x" * 4096)
    first = os.read(reading, 1 << 20)
    assert set(first) == {ord("x")}
    out.write("and now it has room")
    os.set_blocking(reading, False)
    assert os.read(reading, 1 << 20).endswith(b"and now it has room")


def test_all_of_a_long_text_arrives_where_somebody_reads(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with (tmp_path / "out").open("w", encoding="utf-8") as file:
        monkeypatch.setattr(sys, "stdout", file)
        Output("stdout").write("ä" * 30_000)
    assert (tmp_path / "out").read_text(encoding="utf-8") == "ä" * 30_000


def test_what_is_no_file_is_written_to_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", io.StringIO())
    Output("stdout", unpadded=True).write("two   \nlines ")
    assert isinstance(sys.stdout, io.StringIO)
    assert sys.stdout.getvalue() == "two\nlines"


@pytest.mark.parametrize("redirected", ["--json > /dev/full 2> /dev/full", ">&- 2>&- <&-", "--json >&-"])
def test_the_exit_code_is_the_commands_own_whatever_becomes_of_the_output(redirected: str) -> None:
    command = f'"{sys.executable}" -m rollout rollback nowhere --file missing.toml {redirected}'
    done = subprocess.run(["/bin/sh", "-c", command], capture_output=True, check=False)
    assert done.returncode == 2
    assert b"Traceback" not in done.stderr


READS = [
    "plan-ramp production --rpm 100",
    "plan-ramp production --rpm 100 --json",
    "iam-policy production --for observe",
]


@pytest.mark.parametrize("reads", READS)
def test_what_only_reads_fails_where_its_output_is_lost(reads: str) -> None:
    with Path("/dev/full").open("w") as full:
        called = [sys.executable, "-m", "rollout", *reads.split()]
        done = subprocess.run(called, stdout=full, stderr=subprocess.PIPE, check=False)
    assert done.returncode == 1
    assert b"[file-not-writable]" in done.stderr


def test_a_reader_who_leaves_is_no_failure() -> None:
    command = f'"{sys.executable}" -m rollout {READS[-1]}; echo $? >&2'
    done = subprocess.run(["/bin/sh", "-c", f"({command}) | true"], capture_output=True, check=False)
    assert done.stderr.split() == [b"0"]


@pytest.mark.parametrize(("changes", "code"), [(True, 0), (False, 1)])
def test_of_a_change_the_exit_code_tells_of_the_change(
    changes: bool, code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = typer.Typer()

    @app.command()
    @command(changes=changes)
    def tell(run: Session) -> None:
        run.render(SAID)

    with Path("/dev/full").open("w") as full:
        monkeypatch.setattr(sys, "stdout", full)
        with pytest.raises(SystemExit) as ended:
            app([])
    assert ended.value.code == code
