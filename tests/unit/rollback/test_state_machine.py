"""The promise of a rollback, held against whatever others do at the same time: see `machine`."""

from __future__ import annotations

import os
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, settings

from tests.unit.rollback.machine import WayBack

RUNS = int(os.environ.get("ROLLBACK_RUNS", "0"))
"""How many to seek through; 0 for the same few each time."""

TestWayBack = pytest.mark.thorough(WayBack.TestCase)
TestWayBack.settings = settings(
    max_examples=RUNS or 100,
    derandomize=not RUNS,
    stateful_step_count=25,
    deadline=timedelta(seconds=30),
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)
