"""An engine that says nothing, and one that is killed."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from rollout.adapters.pulumi.process import PulumiCli
from rollout.errors import EngineError
from tests.codes import raises


def engine(folder: Path, script: str, patience: timedelta) -> PulumiCli:
    file = folder / "pulumi"
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(0o755)
    return PulumiCli(file, "3.259.0", patience)


def test_an_engine_without_a_sign_of_life_is_stopped(tmp_path: Path) -> None:
    silent = engine(tmp_path, "echo started; sleep 600", timedelta(seconds=1))
    with raises(EngineError, "engine-timeout"):
        silent.run(["up"], str(tmp_path), {})


def test_an_engine_that_says_something_now_and_then_may_take_its_time(tmp_path: Path) -> None:
    slow = engine(tmp_path, "for n in 1 2 3 4 5 6; do sleep 0.5; echo $n; done", timedelta(seconds=2))
    assert slow.run(["up"], str(tmp_path), {}).stdout.split() == list("123456")


def test_a_killed_engine_is_told(tmp_path: Path) -> None:
    with raises(EngineError, "engine-killed"):
        engine(tmp_path, "kill -9 $$", timedelta(minutes=1)).run(["up"], str(tmp_path), {})
