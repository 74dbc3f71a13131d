"""Each worker gets as much to do as the others, whole files of it, and the slow ones first.

How long a test took comes from the last runs. Where nothing is known, it is guessed from the test's time limit, or from
whether it runs the engine. Inside a file the order stays as it was: random.

xdist deals the tests out in equal numbers, in their order, and later gives an idle worker half of what the busiest has
left. So files are ordered such that these numbers take equally long, and only quick tests are left to be given away.

`-n auto` means a worker a core, but four on two: half of what engine tests take is waiting.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import islice
from typing import TypeVar

import pytest

from tests.plugins.seconds import remembered

ENGINE, SHARE_OF_LIMIT, LONGEST = 15.0, 0.1, 150.0
"""Seconds: of a test that runs the engine, for each of a limit's, and of a file at most, where nothing is known."""
FEW = 4  # workers: each has a sandbox of a gigabyte


Test = TypeVar("Test")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int | None:
    cores = os.cpu_count() or 1
    return None if "PYTEST_XDIST_AUTO_NUM_WORKERS" in os.environ else max(cores, min(2 * cores, FEW))


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if "PYTEST_XDIST_WORKER" not in os.environ:
        return
    files = defaultdict[str, list[pytest.Item]](list)
    for item in items:
        files[item.nodeid.partition("::")[0]].append(item)
    known = remembered(config)
    seconds = {file: _seconds(tests, known) for file, tests in files.items()}
    items[:] = dealt(files, seconds, int(os.environ["PYTEST_XDIST_WORKER_COUNT"]))


def dealt(files: Mapping[str, Sequence[Test]], seconds: Mapping[str, float], workers: int) -> list[Test]:
    """The tests in an order whose parts of equal number take about equally long, each with its slow files first.

    Args:
        files: Each file's tests.
        seconds: How long each file takes; one of 0 is quick, and may be shared among workers.
        workers: How many parts there are.
    """
    parts: list[list[Test]] = [[] for _ in range(workers)]
    load = [0.0] * workers
    slow = sorted(filter(seconds.__getitem__, files), key=lambda file: -seconds[file])
    for file in slow:
        least = min(range(workers), key=load.__getitem__)
        parts[least].extend(files[file])
        load[least] += seconds[file]
    quick = iter([test for file in files if not seconds[file] for test in files[file]])
    left = sum(map(len, files.values()))
    for number, part in enumerate(parts):
        share = left // (workers - number)  # as xdist cuts them
        part.extend(islice(quick, max(0, share - len(part))))
        left -= share
    return [test for part in (*parts, list(quick)) for test in part]


def _seconds(tests: Sequence[pytest.Item], known: Mapping[str, float]) -> float:
    if took := sum(known.get(test.nodeid, 0.0) for test in tests):
        return took
    return min(LONGEST, sum(map(_guess, tests)))


def _guess(test: pytest.Item) -> float:
    limit = test.get_closest_marker("timeout")
    return SHARE_OF_LIMIT * limit.args[0] if limit else ENGINE if test.get_closest_marker("engine") else 0.0
