"""Pytest in forks of a process that has imported much already, so that a run takes no second to begin."""

from __future__ import annotations

import multiprocessing
import os
import resource
import traceback
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest
from hypothesis import settings

ROOT = Path(__file__).parents[2]
TESTS = ROOT / "tests" / "unit"
KEPT = ROOT / "build" / "mutants"
_QUIET = (
    *("-qq", "-s", "--no-header", "--no-summary", "-x", "--hypothesis-seed=0"),
    *("-p", "no:randomly", "-p", "no:xdist", "-o", f"cache_dir={KEPT / 'pytest'}"),
    *("-W", "ignore::pytest.PytestAssertRewriteWarning"),  # plugins are imported before pytest is
)
_PATIENCE = 5
_PER_TEST = 60
"""Seconds after which a test counts as one that fails."""


class Settled:
    """A plugin: hypothesis draws the same each time and remembers nothing, so that no mutant teaches it of the next."""

    @staticmethod
    def pytest_sessionstart() -> None:
        """After the tests' own profile was loaded."""
        usual = settings.get_profile("workers")
        settings.register_profile("mutants", usual, database=None, derandomize=True)
        settings.load_profile("mutants")


def run_pytest(arguments: Sequence[str], plugin: Settled, per_test: int = _PER_TEST) -> int:
    """Run tests here, up to the first that fails, or that takes more seconds than are allowed."""
    return int(pytest.main([*arguments, *_QUIET, "-o", f"timeout={per_test}"], [plugin]))


def in_a_fork(work: Callable[[], int], seconds: float) -> int:
    """Do something in a fork that prints nothing; gives its exit code, or less than 0 where a signal ended it.

    Args:
        work: What to do; gives the exit code.
        seconds: After so much time of a processor it is ended, and after several times as much in any case.
    """

    def quietly() -> None:
        code = 3
        try:
            resource.setrlimit(resource.RLIMIT_CPU, (round(seconds), round(seconds)))
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
            code = work()
        except BaseException:  # noqa: BLE001 - there is nobody else to say it
            traceback.print_exc()
        finally:
            os._exit(code)

    child = multiprocessing.get_context("fork").Process(target=quietly)
    child.start()
    child.join(_PATIENCE * seconds)
    child.kill()
    child.join()
    return child.exitcode or 0


def allowed(tests: Mapping[str, float]) -> float:
    """How many seconds of a processor tests may take that take so long without a mutant."""
    return 30 + 10 * sum(tests.values())
