"""When a weight may be raised, in the windows' time zones. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import get_args
from zoneinfo import ZoneInfo

from rollout.inventory.ramp_settings import Day, Window

DAYS: tuple[Day, ...] = get_args(Day)


def opens(windows: Sequence[Window], now: datetime) -> datetime:
    """When the next raise may be: now if a window is open, or if there are none.

    Args:
        now: In UTC.
    """
    spans = [span for window in windows for span in _spans(window, now)]
    if not windows or any(start <= now < end for start, end in spans):
        return now
    return min(start for start, _ in spans if start > now)


def _spans(window: Window, now: datetime) -> Iterator[tuple[datetime, datetime]]:
    """Windows from yesterday to next week; times that the clocks skip or repeat follow the zone."""
    zone = ZoneInfo(window.time_zone)
    today = now.astimezone(zone).date()
    for days in range(-1, 9):
        day = today + timedelta(days=days)
        if DAYS[day.weekday()] in window.days:
            last = day + timedelta(days=window.until <= window.from_)
            start, end = (datetime.combine(d, at, zone) for d, at in ((day, window.from_), (last, window.until)))
            yield start.astimezone(UTC), end.astimezone(UTC)
