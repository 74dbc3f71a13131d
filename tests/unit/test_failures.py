"""The engine's complaints, as one error that holds all of them."""

from __future__ import annotations

import pytest

from rollout.adapters.pulumi.failures import engine_error, problem_of, said_by_cli

SEVERAL = """warning: something else
error: update failed
error: 2 errors occurred:
    * rule arn:1 is gone
    * rule arn:2 is gone
Resources:
    3 unchanged
"""
NUMBERED = "error: 2 errors occurred:\n    1) the lock can't be read\n    2) the state can't be saved\n"
DENIED = (
    "AccessDenied: User: arn:aws:sts::1:assumed-role/ci/x is not authorized to perform: s3:GetObject "
    'on resource: "arn:aws:s3:::state/.pulumi/x" because no identity-based policy allows the s3:GetObject action'
)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (SEVERAL, "update failed\n2 errors occurred:\n* rule arn:1 is gone\n* rule arn:2 is gone"),
        (NUMBERED, "2 errors occurred:\n1) the lock can't be read\n2) the state can't be saved"),
        ("no error line at all\n", "no error line at all"),
    ],
)
def test_what_an_error_lists_is_told_with_it(text: str, said: str) -> None:
    assert said_by_cli(text) == said


def test_a_failure_tells_every_cause_once_and_no_traceback() -> None:
    trace = "Traceback (most recent call last):\n  File x\nKeyError: 'y'"
    traced = f"python inline source runtime error: it broke:\n{trace}"
    assert str(problem_of(traced)) == "it broke:\nKeyError: 'y'"
    error = engine_error(["one", "one", traced])
    assert error.what == "the engine failed:\n  - one\n  - it broke:\nKeyError: 'y'"
    assert (error.code, error.hint) == ("engine", None)


def test_a_missing_right_says_how_to_get_it() -> None:
    error = engine_error([DENIED])
    assert error.code == "access-denied"
    assert "s3:GetObject" in error.what
    assert error.hint is not None
    assert "iam-policy" in error.hint
