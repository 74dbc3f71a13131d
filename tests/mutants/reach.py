"""Which unit tests execute which lines of some modules: only those can tell that a line is wrong."""

from __future__ import annotations

import hashlib
import json
import sys
import tempfile
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from tests.mutants.forks import KEPT, ROOT, TESTS, Settled, in_a_fork, run_pytest
from tests.mutants.operators import Mutant


def file_of(module: str) -> Path:
    """Where a module is."""
    return ROOT.joinpath(*module.split(".")).with_suffix(".py")


def modules_of(name: str) -> list[str]:
    """A module by its name, or those of a package."""
    folder = ROOT.joinpath(*name.split("."))
    return [f"{name}.{file.stem}" for file in sorted(folder.glob("[a-z]*.py"))] if folder.is_dir() else [name]


@cache
def imports(test: str, module: str) -> bool:
    """Whether a test's file imports from a module, or from the package that it is in."""
    text = (ROOT / test.partition("::")[0]).read_text("utf-8")
    return any(f"from {name} import" in text for name in (module, module.rpartition(".")[0]))


class Reach:
    """The tests by the lines that they execute, and how long each takes."""

    def __init__(self, seconds: Mapping[str, float], lines: Mapping[str, Sequence[tuple[str, int]]]) -> None:
        self._seconds = seconds
        self._by_line: dict[tuple[str, int], set[str]] = defaultdict(set)
        self._by_file: dict[str, set[str]] = defaultdict(set)
        for test, places in lines.items():
            for file, line in places:
                self._by_line[file, line].add(test)
                self._by_file[file].add(test)

    def of(self, mutant: Mutant) -> dict[str, float]:
        """The tests that may kill a mutant, the quickest first, with their seconds."""
        file, (first, last) = str(file_of(mutant.module)), mutant.lines
        if mutant.at_import:
            tests = self._by_file[file] | {test for test in self._seconds if imports(test, mutant.module)}
        else:
            tests = {test for line in range(first, last + 1) for test in self._by_line[file, line]}
        return {test: self._seconds[test] for test in sorted(tests, key=lambda test: (self._seconds[test], test))}


def looked_at(modules: Sequence[str]) -> Reach:
    """Run all unit tests once for each state of the code, and see."""
    digest = hashlib.sha256(repr(modules).encode())
    for file in sorted([*ROOT.glob("rollout*/**/*.py"), *TESTS.rglob("*.py")]):
        digest.update(file.read_bytes())
    kept = KEPT / f"{digest.hexdigest()[:20]}.json"
    if not kept.exists():
        kept.parent.mkdir(parents=True, exist_ok=True)
        kept.write_text(_look([file_of(module) for module in modules]), "utf-8")
    return Reach(**json.loads(kept.read_text("utf-8"), object_hook=_places))


def _places(found: dict[str, Any]) -> dict[str, Any]:
    """JSON has no tuples."""
    return {key: [tuple(each) for each in value] if isinstance(value, list) else value for key, value in found.items()}


def _look(files: Sequence[Path]) -> str:
    with tempfile.NamedTemporaryFile() as out:

        def run() -> int:
            plugin = _Tracer(files)
            code = run_pytest([str(TESTS)], plugin, per_test=900)  # tracing is slow
            found = {"seconds": plugin.seconds, "lines": plugin.lines}
            Path(out.name).write_text(plugin.failed or json.dumps(found), "utf-8")
            return code

        if in_a_fork(run, seconds=3600) != 0:
            raise SystemExit(f"without any mutant it fails: {Path(out.name).read_text('utf-8')}")
        return Path(out.name).read_text("utf-8")


class _Tracer(Settled):
    """A plugin that notes which lines of some files each test executes."""

    def __init__(self, files: Sequence[Path]) -> None:
        self._files = {str(file) for file in files}
        self.lines: dict[str, list[tuple[str, int]]] = {}
        self.seconds: dict[str, float] = defaultdict(float)
        self.failed = ""

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        seen: set[tuple[str, int]] = set()

        def line(frame: FrameType, _event: str, _arg: object) -> Callable[..., Any]:
            seen.add((frame.f_code.co_filename, frame.f_lineno))
            return line

        def call(frame: FrameType, event: str, arg: object) -> Callable[..., Any] | None:
            return line(frame, event, arg) if frame.f_code.co_filename in self._files else None

        sys.settrace(call)
        threading.settrace(call)
        try:
            return (yield)
        finally:
            sys.settrace(None)
            threading.settrace(None)
            self.lines[item.nodeid] = sorted(seen)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.seconds[report.nodeid] += report.duration
        if report.failed:
            self.failed = f"{report.nodeid}\n{report.longreprtext}"
