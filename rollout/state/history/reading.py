"""Reads the update histories of an environment's stacks, in parallel."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

from rollout.inventory.stacks import STACKS
from rollout.state.history.entries import Update
from rollout.state.ports import States

EVERYTHING = 1_000_000
"""More updates than a stack has: the numbers are stable only if they count from the first."""


def read_histories(states: States) -> Mapping[str, tuple[Update, ...]]:
    """The whole history of each stack, the oldest first; none of one that isn't there.

    Raises:
        EngineError: One can't be read.
    """
    with ThreadPoolExecutor(len(STACKS)) as pool:
        return dict(zip(STACKS, pool.map(lambda name: states.history(name, EVERYTHING), STACKS), strict=True))
