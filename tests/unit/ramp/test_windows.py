"""When a weight may be raised."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollout.inventory.ramp_settings import Window
from rollout.ramp.windows import opens


def window(days: list[str], from_: str, until: str, zone: str = "UTC") -> Window:
    return Window.model_validate({"days": days, "from": from_, "until": until, "time-zone": zone})


WORK = window(["Mon", "Tue", "Wed", "Thu"], "09:00", "17:00", "Europe/Berlin")
NIGHT = window(["Fri"], "22:00", "02:00")


@pytest.mark.parametrize(
    ("windows", "now", "expected"),
    [
        ([], "2026-11-28T03:00", "2026-11-28T03:00"),
        ([WORK], "2026-11-23T08:00", "2026-11-23T08:00"),  # 9 in Berlin in winter, and open from its first second on
        ([WORK], "2026-11-23T07:59", "2026-11-23T08:00"),
        ([WORK], "2026-11-23T16:00", "2026-11-24T08:00"),  # 17:00 is closed
        ([WORK], "2026-07-06T07:00", "2026-07-06T07:00"),  # 9 in summer
        ([WORK], "2026-11-26T17:00", "2026-11-30T08:00"),  # over the weekend
        ([WORK], "2026-10-23T17:00", "2026-10-26T08:00"),  # and over the change from summer time
        ([NIGHT], "2026-11-28T01:59", "2026-11-28T01:59"),  # Friday's, after midnight
        ([NIGHT], "2026-11-28T02:00", "2026-12-04T22:00"),
        ([WORK, NIGHT], "2026-11-27T21:00", "2026-11-27T22:00"),
        ([window(["Sun"], "00:00", "00:00")], "2026-11-29T23:59", "2026-11-29T23:59"),  # a whole day
    ],
)
def test_a_window_is_its_zones(windows: list[Window], now: str, expected: str) -> None:
    moment, when = (datetime.fromisoformat(each).replace(tzinfo=UTC) for each in (now, expected))
    assert opens(windows, moment) == when


@given(st.datetimes(datetime(2025, 1, 1), datetime(2030, 1, 1)))  # noqa: DTZ001 - given a zone below
def test_what_opens_is_open_then_and_within_nine_days(naive: datetime) -> None:
    now = naive.replace(tzinfo=UTC)
    when = opens([NIGHT], now)
    assert now <= when <= now + timedelta(days=9)
    assert opens([NIGHT], when) == when
