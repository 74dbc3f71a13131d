"""The drift of clients that keep cookies; the same is measured in the sandbox by tests/sandbox/load/test_drift.py."""

from __future__ import annotations

import pytest

from rollout.alb.stickiness import expected_share
from rollout.inventory.quantities import Percent


@pytest.mark.parametrize(
    ("weight", "changes", "share"),
    [(10, 0, 10), (10, 1, 19), (10, 2, 27.1), (10, 7, 57), (50, 3, 93.8), (0, 9, 0), (100, 0, 100), (0.1, 1000, 63.3)],
)
def test_each_change_of_route_is_one_more_chance(weight: float, changes: int, share: float) -> None:
    assert expected_share(Percent.of(weight), changes) == Percent.of(share)
