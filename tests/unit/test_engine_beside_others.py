"""The engine reads a folder's locks and states while others write them; a run that meets a half one reads again."""

from __future__ import annotations

from itertools import count

import pytest
from pulumi.automation import CommandResult
from pulumi.automation.errors import CommandError

from rollout.adapters.pulumi.engine_events import Diagnostics, explained
from rollout.errors import EngineError

VANISHED = "error: could not list bucket: blob (code=NotFound): lstat /s/locks/a.json: no such file or directory"


def failing(text: str, times: int) -> tuple[list[int], Diagnostics, str]:
    calls, problems, tries = list[int](), Diagnostics(), count()

    def run() -> str:
        calls.append(next(tries))
        if calls[-1] < times:
            problems.errors.append(text)
            raise CommandError(CommandResult("", text, 255))
        return "done"

    return calls, problems, explained(run, problems)


HALF = "error: unexpected end of JSON input"
STATE = "error: could not get stack: failed to load checkpoint: EOF"


@pytest.mark.parametrize("text", [VANISHED, HALF, STATE])
def test_what_was_half_there_is_read_again(text: str) -> None:
    calls, problems, result = failing(text, 2)
    assert (calls, problems.errors, result) == ([0, 1, 2], [], "done")


def test_what_stays_half_is_a_failure() -> None:
    with pytest.raises(EngineError):
        failing(VANISHED, 100)


@pytest.mark.parametrize(
    "text", ["error: no room", f"{HALF} in the answer of AWS", f"error: creating a role: 1 of 2\n{HALF}"]
)
def test_another_failure_is_one_at_once(text: str) -> None:
    with pytest.raises(EngineError):
        failing(text, 1)
