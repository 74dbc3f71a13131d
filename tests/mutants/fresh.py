"""Mutants of what a module does on being imported, such as tables: a fork imports the project anew, with the mutant."""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import json
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from types import CodeType, ModuleType

import pytest

from tests.mutants.forks import ROOT, TESTS, Settled, allowed, in_a_fork, run_pytest
from tests.mutants.operators import Mutant, mutated
from tests.mutants.reach import Reach, file_of, imports

_OURS = {path.name for path in ROOT.iterdir() if path.is_dir()}


def warm_up() -> None:
    """Import what the tests import, but for the project itself."""
    with tempfile.NamedTemporaryFile() as names:

        def list_modules() -> int:
            code = run_pytest([str(TESTS), "--collect-only"], Settled())
            Path(names.name).write_text(json.dumps([*sys.modules]), "utf-8")
            return code

        in_a_fork(list_modules, seconds=300)
        for name in json.loads(Path(names.name).read_text("utf-8")):
            if name.partition(".")[0] not in _OURS and name not in sys.modules:
                with suppress(ImportError):  # what has a name only where it was made
                    importlib.import_module(name)


def run_fresh(mutants: Iterable[Mutant], reach: Reach, on_done: Callable[[Mutant, bool], None]) -> None:
    """Run the unit tests on each mutant; `warm_up` comes before, and nothing that imports the project.

    Args:
        mutants: Those of what is done on import.
        reach: Which tests to run.
        on_done: Told each, and whether it survived.
    """
    for mutant in mutants:
        tests = reach.of(mutant)
        near = {test: seconds for test, seconds in tests.items() if imports(test, mutant.module)}
        rest = {test: seconds for test, seconds in tests.items() if test not in near}
        on_done(mutant, all(_survives(mutant, each) for each in (near, rest) if each))


def _survives(mutant: Mutant, tests: Mapping[str, float]) -> bool:
    def run() -> int:
        source, file = file_of(mutant.module).read_text("utf-8"), str(file_of(mutant.module))
        sys.meta_path.insert(0, _Instead(mutant.module, compile(mutated(source, mutant), file, "exec")))
        return run_pytest(sorted({test.partition("::")[0] for test in tests}), _Chosen(tests))

    return in_a_fork(run, allowed(tests)) == 0


class _Chosen(Settled):
    """A plugin that runs some tests alone, in their order."""

    def __init__(self, tests: Iterable[str]) -> None:
        self._order = {test: number for number, test in enumerate(tests)}

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        items[:] = sorted((i for i in items if i.nodeid in self._order), key=lambda i: self._order[i.nodeid])


class _Instead(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Gives a mutant's code where its module is imported."""

    def __init__(self, name: str, code: CodeType) -> None:
        self._name, self._code = name, code

    def find_spec(
        self, fullname: str, _path: object = None, _target: object = None
    ) -> importlib.machinery.ModuleSpec | None:
        if fullname != self._name:
            return None
        return importlib.machinery.ModuleSpec(fullname, self, origin=self._code.co_filename)

    def exec_module(self, module: ModuleType) -> None:
        module.__file__ = self._code.co_filename
        exec(self._code, vars(module))  # noqa: S102 - the project's own code, but for one fault
