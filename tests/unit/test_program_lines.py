"""The SDK's own lines of debugging stay here, since each costs a call; what a program says gets to the engine."""

from __future__ import annotations

from contextvars import copy_context
from pathlib import Path

import pulumi
import pytest
from pulumi.runtime import settings

from rollout.adapters.pulumi.programs import guarded
from rollout.inventory.file import load
from rollout.inventory.model import ProgramInput

ROOT = Path(__file__).parent.parent.parent


class Engine:
    """What gets a program's lines."""

    def __init__(self) -> None:
        self.heard: list[str] = []

    def Log(self, request: pulumi.runtime.proto.engine_pb2.LogRequest) -> None:  # noqa: N802 - gRPC's
        self.heard.append(request.message)


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Engine:
    made = Engine()
    monkeypatch.setattr(settings, "get_engine", lambda: made)
    return made


def both(_: object = None) -> None:
    pulumi.log.debug("registering")
    pulumi.log.warn("a program's own")


def test_lines_of_debugging_stay_here_while_rollout_runs_a_program(engine: Engine) -> None:
    given = ProgramInput(load(ROOT / "stacks.toml").environment("production"))
    copy_context().run(guarded, both, lambda: given)  # as a task of the SDK's does
    assert engine.heard == ["a program's own"]


def test_a_program_of_an_embedding_process_keeps_its_lines_of_debugging(engine: Engine) -> None:
    both()
    assert engine.heard == ["registering", "a program's own"]
