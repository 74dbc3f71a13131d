"""`-k unit` is what tells at once whether a change works: the unit tests that aren't thorough.

It reads the files of that folder alone: reading all files takes as long as half of its tests.
"""

from __future__ import annotations

from pathlib import Path

import pytest

TESTS = Path(__file__).parent.parent
UNIT = TESTS / "unit"


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    if config.getoption("keyword") != UNIT.name or not collection_path.is_relative_to(TESTS):
        return None
    return None if collection_path.is_relative_to(UNIT) or collection_path == TESTS else True


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("keyword") == UNIT.name:
        config.hook.pytest_deselected(items=[item for item in items if item.get_closest_marker("thorough")])
        items[:] = [item for item in items if not item.get_closest_marker("thorough")]
