"""Mutants of functions: a fork of a session that has collected all tests gives the function the mutant's code."""

from __future__ import annotations

import gc
from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from pathlib import Path
from types import CodeType, FunctionType

import pytest

from tests.mutants.forks import TESTS, Settled, allowed, in_a_fork, run_pytest
from tests.mutants.operators import Mutant, mutated
from tests.mutants.reach import Reach, file_of


class Swapping(Settled):
    """A plugin that runs the session's tests once for each mutant, in place of running them once."""

    def __init__(self, mutants: Sequence[Mutant], reach: Reach, on_done: Callable[[Mutant, bool], None]) -> None:
        self._mutants, self._reach, self._on_done = mutants, reach, on_done

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        items = {item.nodeid: item for item in session.items}
        functions = _functions_of({str(file_of(mutant.module)) for mutant in self._mutants})
        gc.freeze()  # what is there is never looked through again, so that forks share its memory
        for mutant in self._mutants:
            tests = self._reach.of(mutant)

            def run(mutant: Mutant = mutant, tests: Iterable[str] = tests) -> int:
                _swap(mutant, functions)
                return next((1 for test in tests if not _passes(items[test])), 0)

            self._on_done(mutant, in_a_fork(run, allowed(tests)) == 0)
        return True


def run_swapped(mutants: Sequence[Mutant], reach: Reach, on_done: Callable[[Mutant, bool], None]) -> None:
    """Run the unit tests on each mutant.

    Args:
        mutants: Those of functions.
        reach: Which tests to run.
        on_done: Told each, and whether it survived.
    """
    run_pytest([str(TESTS)], Swapping(mutants, reach, on_done))


def _passes(item: pytest.Item) -> bool:
    before = item.session.testsfailed
    item.ihook.pytest_runtest_protocol(item=item, nextitem=None)
    return item.session.testsfailed == before


def _functions_of(files: Container[str]) -> list[FunctionType]:
    """Every function of some files, wherever it is referred to."""
    found = (each for each in gc.get_objects() if isinstance(each, FunctionType))
    return [each for each in found if each.__code__.co_filename in files]


def _swap(mutant: Mutant, functions: Iterable[FunctionType]) -> None:
    """Give each function of the module the code that it has in the mutant."""
    file = str(file_of(mutant.module))
    codes = dict(_codes(compile(mutated(Path(file).read_text("utf-8"), mutant), file, "exec")))
    for each in functions:
        if each.__code__.co_filename == file:
            each.__code__ = codes.get(_name(each.__code__), each.__code__)


def _codes(code: CodeType) -> Iterator[tuple[tuple[str, int], CodeType]]:
    """The functions of a module and of its classes, but not those within functions."""
    for part in code.co_consts:
        if isinstance(part, CodeType):
            is_class = not part.co_flags & 0x2  # CO_NEWLOCALS: a class's body isn't optimised like a function's
            yield from _codes(part) if is_class else [(_name(part), part)]


def _name(code: CodeType) -> tuple[str, int]:
    return code.co_qualname, code.co_firstlineno
