"""The command line as a process: what its machine lacks, and somebody at a terminal; all else is in `behaviour`."""

from __future__ import annotations

import os
import pty
import subprocess

import pytest

from tests.conftest import Team


def test_without_an_engine_the_command_that_gets_one_is_named(team: Team) -> None:
    done = team.run("phase1", "production", ROLLOUT_PULUMI="", PATH="/nowhere", XDG_CACHE_HOME=str(team.folder))
    assert done.returncode == 1
    assert "[engine-missing]" in done.stderr
    assert "rollout setup" in done.stderr


def test_an_engine_that_is_too_old_is_told(team: Team) -> None:
    old = team.folder / "pulumi"
    old.write_text("#!/bin/sh\necho v3.100.0\n")
    old.chmod(0o755)
    done = team.run("phase1", "production", ROLLOUT_PULUMI=str(old))
    assert done.returncode == 1
    assert "[engine-too-old]" in done.stderr
    assert "3.259" in done.stderr


def test_no_credentials_are_told(team: Team) -> None:
    done = team.run("status", "production", ROLLOUT_SANDBOX="", AWS_SHARED_CREDENTIALS_FILE="/nowhere", HOME="/nowhere")
    assert done.returncode == 1
    assert "[no-credentials]" in done.stderr


def test_a_sandbox_that_does_not_run_is_told(team: Team) -> None:
    done = team.run("status", "production", ROLLOUT_SANDBOX=str(team.folder / "none"))
    assert done.returncode == 1
    assert "[sandbox-not-running]" in done.stderr
    assert "rollout sandbox start" in done.stderr


@pytest.mark.engine
def test_somebody_at_a_terminal_is_asked_and_sees_the_details(legacy: Team) -> None:
    ours, theirs = pty.openpty()
    variables = {**os.environ, "ROLLOUT_SANDBOX": str(legacy.aws.folder), "TERM": "xterm", "COLUMNS": "80"}
    with subprocess.Popen(
        legacy.command("phase1", "production"),
        cwd=legacy.folder,
        env=variables,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    ) as asked:
        os.close(theirs)
        shown, sent = "", False
        while True:
            try:
                read = os.read(ours, 65536).decode(errors="replace")
            except OSError:  # the other end is closed
                break
            shown += read
            if "details [no]" in shown and not sent:
                os.write(ours, b"what\ndetails\nyes\n")
                sent = True
    os.close(ours)
    assert asked.returncode == 0, shown
    assert "assumeRolePolicy" in shown
