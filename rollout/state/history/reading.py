"""Reads the update histories of stacks, in parallel."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

from rollout.inventory.stacks import STACKS
from rollout.state.history.entries import Update
from rollout.state.ports import States

EVERYTHING = 1_000_000
"""More updates than a stack has: the numbers are stable only if they count from the first."""


def read_histories(states: States, stacks: Sequence[str] = STACKS) -> Mapping[str, tuple[Update, ...]]:
    """The whole history of each stack, the oldest first; none of one that isn't there.

    Args:
        states: Where they are.
        stacks: An environment's, by default.

    Raises:
        EngineError: One can't be read.
    """
    with ThreadPoolExecutor(len(stacks)) as pool:
        return dict(zip(stacks, pool.map(lambda name: states.history(name, EVERYTHING), stacks), strict=True))
