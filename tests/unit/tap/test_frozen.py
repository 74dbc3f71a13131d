"""A process that is stopped after each answer, as Lambda freezes it, and killed without a word at the end."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.unit.tap.requests import event

FUNCTION = """
import json, os, sys
from rollout_tap import tap

class Slow:
    def write(self, lines):
        os.read({go}, 1)
        with open({file!r}, "ab") as file:
            file.writelines(lines)
        os.write({done}, b".")
        return len(lines)

@tap(sink=Slow(), percent=100, batch=1)
def handler(event, context):
    return {{"statusCode": 200}}

for line in sys.stdin:
    print(handler(json.loads(line), None)["statusCode"], flush=True)
"""


@pytest.mark.skipif(not hasattr(signal, "SIGSTOP"), reason="processes can't be stopped here")
def test_a_batch_outlasts_a_freeze_and_what_came_after_it_is_lost_with_the_process(tmp_path: Path) -> None:
    file, (go, let_go), (done, say_done) = tmp_path / "requests.jsonl", os.pipe(), os.pipe()
    code = FUNCTION.format(go=go, done=say_done, file=str(file))
    child = [sys.executable, "-c", code]
    with subprocess.Popen(
        child, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, pass_fds=(go, say_done), cwd=ROOT
    ) as process:
        assert process.stdin
        assert process.stdout

        def ask(path: str) -> str:
            assert process.stdin
            assert process.stdout
            process.stdin.write(json.dumps(event(path)) + "\n")
            process.stdin.flush()
            return process.stdout.readline()

        assert [ask("/1"), ask("/2")] == ["200\n"] * 2  # the second hands the first to the thread
        process.send_signal(signal.SIGSTOP)
        os.waitpid(process.pid, os.WUNTRACED)
        os.write(let_go, b".")
        assert select.select([done], [], [], 0.1)[0] == [], "a frozen process writes nothing"
        process.send_signal(signal.SIGCONT)
        assert ask("/3") == "200\n"
        assert os.read(done, 1) == b"."
        process.kill()
    for each in (go, let_go, done, say_done):
        os.close(each)
    assert [json.loads(line)["path"] for line in file.read_text().splitlines()] == ["/1"]
