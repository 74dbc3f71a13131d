"""Slow files first where several workers share the tests, so that none is left with a long one at the end.

How long a test took comes from the last runs. Where nothing is known, a test that runs the engine is taken for a slow
one, and one with a time limit of its own for the slowest. Inside a file the order stays as it was: random.

`-n auto` means a worker a core, but three on two: half of what engine tests take is waiting.
"""

from __future__ import annotations

import os
from collections import defaultdict

import pytest

from tests.plugins.seconds import remembered

ENGINE, SHARE_OF_LIMIT = 5.0, 0.1
FEW = 3  # workers: each has a sandbox of a gigabyte


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int | None:
    cores = os.cpu_count() or 1
    return None if "PYTEST_XDIST_AUTO_NUM_WORKERS" in os.environ else max(cores, min(2 * cores, FEW))


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if "PYTEST_XDIST_WORKER" not in os.environ:
        return
    known = remembered(config)
    seconds: defaultdict[str, float] = defaultdict(float)
    for item in items:
        seconds[_file(item)] += known.get(item.nodeid, _guess(item))
    items.sort(key=lambda item: -seconds[_file(item)])


def _file(item: pytest.Item) -> str:
    return item.nodeid.partition("::")[0]


def _guess(item: pytest.Item) -> float:
    limit = item.get_closest_marker("timeout")
    return SHARE_OF_LIMIT * limit.args[0] if limit else ENGINE if item.get_closest_marker("engine") else 0.0
