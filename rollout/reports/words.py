"""Numbers, times and states as text for pages. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from rollout.base.formatting import count_of
from rollout.inventory.quantities import Percent, format_duration
from rollout.migration.glance import Mood, steps_of
from rollout.reports.overview import Overview
from rollout.reports.timeseries import Estimate, TimeSeries

NONE = "-"
_FEW = 3
_PHASES = {
    "not begun": "not begun",
    "phase1": "the candidate is built, no rule forwards to it",
    "phase2": "weighted rules are in place, all requests go to legacy",
    "phase3": "weighted rules are in place",
    None: "phase unknown: no engine",
}


def per_cent(share: Estimate | None) -> str:
    """A share of 0 to 1 in per cent, with more decimals where it is small."""
    if share is None:
        return NONE
    hundreds = share.value * 100
    return f"{hundreds:.{0 if not hundreds else 1 if hundreds >= 1 else 2}f} %"


def per_cent_tick(share: float) -> str:
    """A share at an axis."""
    return f"{share * 100:.4g} %"


def interval(share: Estimate | None) -> str:
    """A share with its interval."""
    if share is None or share.low is None or share.high is None:
        return per_cent(share)
    decimals = 1 if share.value >= 0.01 else 2  # noqa: PLR2004 - as `per_cent`
    return f"{per_cent(share)} ({max(0, share.low) * 100:.{decimals}f} to {min(1, share.high) * 100:.{decimals}f})"


def seconds(time: Estimate | None) -> str:
    """A time in the unit that fits it."""
    return NONE if time is None else seconds_tick(time.value)


def seconds_tick(time: float) -> str:
    """A time at an axis."""
    milliseconds = time * 1000
    if milliseconds < 1:
        return f"{milliseconds:.2g} ms"
    return f"{time:.3g} s" if time >= 1 else f"{milliseconds:.3g} ms"


def rung(quantile: float) -> str:
    """A quantile as people say it."""
    return "longest" if quantile == 1 else f"p{quantile * 100:g}"


def times(old: float | None, new: float | None) -> str:
    """How many times as long the candidate takes."""
    return NONE if not old or new is None else f"{new / old:.2f}"


def count(number: int) -> str:
    """A whole number with its thousands apart."""
    return f"{number:,}"


def moment(time: datetime) -> str:
    """A time of day in UTC."""
    return f"{time.astimezone(UTC):%Y-%m-%d %H:%M}"


def phase(overview: Overview) -> str:
    """The phase in words."""
    return _PHASES.get(overview.status.phase, str(overview.status.phase))


def guard(overview: Overview) -> str:
    """The guard, without what it did and whom it expects, which stand elsewhere."""
    found = overview.status.guard
    return replace(found, fired="", watches="").sentence if found else "none in stacks.toml"


def weight(overview: Overview) -> str:
    """The live weight, or its range where routes differ."""
    found = overview.weights
    return "unknown" if not found else f"{found[0]} %" if len(found) == 1 else f"{found[0]} to {found[-1]} %"


def ago(time: datetime, now: datetime) -> str:
    """How long ago something was, in its largest units."""
    minutes = (now - time) // timedelta(minutes=1)
    if minutes < 1:
        return "just now"
    whole = timedelta(hours=minutes // 60) if minutes >= 24 * 60 else timedelta(minutes=minutes)
    return f"{format_duration(whole)} ago"


def steps(overview: Overview, mood: Mood) -> Iterator[tuple[Percent, str]]:
    """The ramp's steps, each `done`, `now`, `next` or `later`, by the highest live weight; none without a ramp."""
    return steps_of(overview.steps, overview.top, mood) if overview.steps else iter(())


def about(course: TimeSeries | None) -> str:
    """Which routes a course is of, as a heading."""
    if course is None:
        return "Measurements"
    names = course.routes
    if len(names) <= _FEW:
        return f"Measurements of {', '.join(names)}"
    return f"Measurements of {', '.join(names[:_FEW])} and {count_of(len(names) - _FEW, 'more route')}"
