"""What `--changed` picks: too much is slow, and too little is a fault that nobody sees."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.imports import ROOT, needed
from tests.plugins.changed import picked

TESTS = frozenset((ROOT / "tests").rglob("test_*.py"))
UNIT, LAYERS, DOCS = "unit/test_bets.py", "test_layers.py", "docs/test_snippets.py"
COMMAND_LINE, PROGRAM = "e2e/test_command_line.py", "programs/test_legacy.py"


def picks(*changed: str) -> set[str]:
    return {str(test.relative_to(ROOT / "tests")) for test in picked(changed, TESTS)}


@pytest.mark.parametrize(
    ("changed", "with_it", "without_it"),
    [
        ("rollout/analysis/bets.py", {UNIT, COMMAND_LINE}, {"unit/test_conditions.py", "toolchain/test_locate.py"}),
        ("rollout/cli/weight.py", {COMMAND_LINE}, {UNIT}),  # by names made when it runs, in a process of its own
        ("rollout_sandbox/cli/demo.py", {COMMAND_LINE}, {UNIT}),  # by an entry point, in that process
        ("rollout_sandbox/server.py", {COMMAND_LINE}, {UNIT}),  # a daemon, that conftest.py starts
        ("rollout/reports/templates/page.html", {"unit/dashboard/test_pages.py"}, {UNIT}),
        ("rollout/analysis/gone.py", {UNIT}, {"toolchain/test_locate.py"}),
        ("programs/legacy.py", {PROGRAM, COMMAND_LINE}, {UNIT}),
        ("stacks.toml", {COMMAND_LINE}, {UNIT}),
        ("docs/ramp.md", {DOCS}, {UNIT, COMMAND_LINE}),
        ("tests/unit/test_bets.py", {UNIT}, {COMMAND_LINE, LAYERS}),
        ("changelog.d/1.fix.md", set(), {UNIT, DOCS}),
    ],
)
def test_a_change_picks_what_it_can_break(changed: str, with_it: set[str], without_it: set[str]) -> None:
    chosen = picks(changed)
    assert with_it <= chosen
    assert not without_it & chosen


@pytest.mark.parametrize("changed", ["pyproject.toml", "requirements/run.txt", "tests/conftest.py", "run"])
def test_a_change_of_what_all_run_in_picks_all(changed: str) -> None:
    assert picked([changed], TESTS) == TESTS


def test_a_file_needs_what_is_imported_through_others_but_not_for_types_alone(tmp_path: Path) -> None:
    names = {str(file.relative_to(ROOT)) for file in needed(ROOT / "rollout" / "cli" / "__init__.py")}
    assert {
        "rollout/__init__.py",
        "rollout/cli/commands.py",
        "rollout/cli/status.py",
        "rollout/api/rollout.py",
    } <= names
    assert str(Path("rollout/api/rollout.py")) not in {
        str(file.relative_to(ROOT)) for file in needed(ROOT / "rollout" / "__init__.py")
    }
