"""The time range that fits what happened: an empty day around ten minutes of data shows nothing. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime, timedelta

from rollout.reports.changes import Effect, effect_of
from rollout.state.history.audit import PastChange
from rollout.state.ramp_journal import Kind

SHORTEST, LONGEST = timedelta(minutes=10), timedelta(days=60)
"""The time ranges that can be chosen; CloudWatch keeps the points that long."""
DAY = timedelta(days=1)
LEAST = timedelta(minutes=20)
_MARGIN = 1.15
_OLD = timedelta(days=14)
"""What is longer ago isn't what one looks for."""
_STEPS = ((timedelta(hours=2), timedelta(minutes=5)), (2 * DAY, timedelta(minutes=30)), (LONGEST, timedelta(hours=6)))
"""Up to which length a range is rounded up to what, so that it doesn't change at each look."""


def fitted(history: Sequence[PastChange], now: datetime) -> timedelta:
    """How far back to look: to before the last ramp began, else to before the last move of traffic, else a day.

    Args:
        history: The oldest first.
        now: AWS's time.
    """
    began = _began(history)
    if began is None or not timedelta(0) <= now - began <= _OLD:
        return DAY
    wanted = max((now - began) * _MARGIN, LEAST)
    step = next(step for until, step in _STEPS if wanted <= until)
    return math.ceil(wanted / step) * step


def _began(history: Sequence[PastChange]) -> datetime | None:
    ramps = (each.at for each in reversed(history) if each.what == f"ramp {Kind.STARTED}")
    moves = (each.at for each in reversed(history) if effect_of(each) in (Effect.STEP, Effect.BACK))
    return next(ramps, None) or next(moves, None)
