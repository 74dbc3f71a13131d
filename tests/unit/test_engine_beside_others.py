"""The engine's own list of locks has a race; whoever meets it tries again."""

from __future__ import annotations

from itertools import count

import pytest
from pulumi.automation import CommandResult
from pulumi.automation.errors import CommandError

from rollout.errors import EngineError
from rollout.pulumi_driver.telling import Diagnostics, beside_others

VANISHED = "error: could not list bucket: blob (code=NotFound): lstat /s/locks/a.json: no such file or directory"


def failing(text: str, times: int) -> tuple[list[int], Diagnostics, str]:
    calls, problems, tries = list[int](), Diagnostics(), count()

    def run() -> str:
        calls.append(next(tries))
        if calls[-1] < times:
            problems.errors.append(text)
            raise CommandError(CommandResult("", text, 255))
        return "done"

    return calls, problems, beside_others(run, problems)


def test_a_lock_that_went_while_locks_were_listed_is_no_failure() -> None:
    calls, problems, result = failing(VANISHED, 2)
    assert (calls, problems.errors, result) == ([0, 1, 2], [], "done")


@pytest.mark.parametrize(("text", "times"), [(VANISHED, 100), ("error: no room", 1)])
def test_what_stays_or_is_another_failure_is_one(text: str, times: int) -> None:
    with pytest.raises(EngineError):
        failing(text, times)
