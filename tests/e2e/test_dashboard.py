"""`rollout dashboard` as people run it: on the sandbox, until Ctrl-C."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import urllib.request

import pytest

from tests.conftest import Team
from tests.unit.dashboard.reader import Page, faults

pytestmark = pytest.mark.engine


def test_it_shows_the_environments_until_ctrl_c(cut_over: Team) -> None:
    command = cut_over.command("dashboard", "--port", "0", "--no-open")
    environ = {**os.environ, "ROLLOUT_SANDBOX": str(cut_over.aws.folder)}
    with subprocess.Popen(command, cwd=cut_over.folder, env=environ, stdout=subprocess.PIPE, text=True) as running:
        try:
            assert running.stdout is not None
            found = re.search(r"http://127\.0\.0\.1:\d+/\S+/", running.stdout.readline())
            assert found
            text = ""
            for _ in range(1000):  # each waits a moment for what isn't read yet
                text = fetch(f"{found[0]}environments/production")
                if "Loading" not in text:
                    break
            page = Page(text)
            assert faults(page) == []
            assert "Weighted rules are in place, all requests go to legacy." in page.text
            assert re.search(r"\d+ 20\d\d-\d\d-\d\d \d\d:\d\d phase2 ", page.text)
        finally:
            running.send_signal(signal.SIGINT)
        assert running.wait(60) == 0


def test_a_port_in_use_is_told_with_a_way_out(team: Team) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        done = team.run("dashboard", "--port", port, "--no-open")
    assert done.returncode == 1
    assert "[port-in-use]" in done.stderr
    assert "--port 0" in done.stderr


def fetch(url: str) -> str:
    with urllib.request.urlopen(url, timeout=60) as answer:  # noqa: S310 - what it printed
        text: bytes = answer.read()
    return text.decode()
