"""`--changed`: only the test files that a change can break, by what they import, start, or name.

A test needs what it imports, through others and inside functions too, what it starts as `python -m`, and the
conftest.py whose fixtures it asks for. A change of what is no module counts for the tests that name its file or folder,
and one of what all tests run in for all. pytest-testmon misses what child processes run, which is where much happens.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterable
from pathlib import Path

import pytest

from tests.imports import PACKAGES, ROOT, needed

ALL = re.compile(r"(pyproject\.toml|run|requirements/.*|(.*/)?conftest\.py|tests/plugins/.*)$")
NOWHERE = re.compile(r"(changelog\.d/.*|LICENSE|\.gitignore)$")
_picked = pytest.StashKey[frozenset[Path]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--changed",
        nargs="?",
        const="main",
        metavar="BASE",
        help="only what the changes since BASE can break, those not committed too; by default since main was left",
    )


def pytest_configure(config: pytest.Config) -> None:
    if base := config.getoption("--changed"):
        tests = (file for folder in ("tests", "packages") for file in (ROOT / folder).rglob("test_*.py"))
        config.stash[_picked] = picked(changes(base), tests)


def pytest_report_header(config: pytest.Config) -> str | None:
    if _picked not in config.stash:
        return None
    return f"changed since {config.getoption('--changed')}: {len(config.stash[_picked])} test files can be broken by it"


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    chosen = config.stash.get(_picked, None)
    is_test = collection_path.name.startswith("test_") and collection_path.suffix == ".py"
    return True if chosen is not None and is_test and collection_path not in chosen else None


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    if exitstatus == pytest.ExitCode.NO_TESTS_COLLECTED and session.config.getoption("--changed"):
        session.exitstatus = pytest.ExitCode.OK


def changes(base: str) -> list[str]:
    """What differs from where this branch left another, with what isn't committed or not even added."""

    def git(*words: str) -> list[str]:
        done = subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=False)
        if done.returncode:
            raise pytest.UsageError(f"--changed: git {words[0]}: {done.stderr.strip()}")
        return done.stdout.split("\0")

    (left, *_) = "".join(git("merge-base", base, "HEAD")).split()
    files = git("diff", "--name-only", "-z", left) + git("ls-files", "--others", "--exclude-standard", "-z")
    return sorted({file for file in files if file})


def picked(changed: Iterable[str], tests: Iterable[Path]) -> frozenset[Path]:
    """The test files that some of the changed files can break."""
    changed = [file for file in changed if not NOWHERE.match(file)]
    if any(ALL.match(file) for file in changed):
        return frozenset(tests)
    return frozenset(test for test in tests if any(_can_break(file, test) for file in changed))


def _can_break(file: str, test: Path) -> bool:
    path, needs, top = ROOT / file, needed(test), Path(file).parts[0]
    if path.suffix == ".py" and path.exists():
        return path in needs or (top not in (*PACKAGES, "packages", "tests") and _names(file, test))
    if top in PACKAGES:  # a template, or a module that is gone: what needs its package may need it
        package = next(folder for folder in path.parents if (folder / "__init__.py").exists())
        return any(each.is_relative_to(package) for each in needs)
    return _names(file, test)


def _names(file: str, test: Path) -> bool:
    """Whether a test, or a file of the tests that it needs, names a file or the folder that it is in."""
    path = Path(file)
    folder = path.parts[path.parts[0] == "packages"]  # of which each is one by itself
    names = {path.name, folder} if len(path.parts) > 1 else {path.name}
    word = re.compile("|".join(rf"\b{re.escape(name)}\b" for name in names))
    return any(each.is_relative_to(ROOT / "tests") and word.search(each.read_text("utf-8")) for each in needed(test))
