"""Errors by their codes, which is what tests hold of them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeVar

import pytest

from rollout.errors import ProblemsError, RolloutError

E = TypeVar("E", bound=RolloutError)


def codes(error: RolloutError) -> set[str]:
    """Its own code, and those of its problems."""
    problems = error.problems if isinstance(error, ProblemsError) else ()
    return {error.code, *(problem.code for problem in problems)}


@contextmanager
def raises(kind: type[E], code: str) -> Iterator[pytest.ExceptionInfo[E]]:
    """As `pytest.raises`, for an error or one of its problems with this code."""
    with pytest.raises(kind) as caught:
        yield caught
    assert code in codes(caught.value), caught.value
