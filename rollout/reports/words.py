"""Numbers, times and states as text for pages. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from rollout.base.formatting import count_of
from rollout.inventory.quantities import ZERO, Percent
from rollout.reports.overview import Overview
from rollout.reports.timeseries import Estimate, TimeSeries

NONE = "-"
_FEW = 3
_PHASES = {
    "not begun": "not begun",
    "phase1": "the candidate is built, no rule forwards to it",
    "phase2": "cut over, all requests go to legacy",
    "phase3": "cut over",
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
    return f"{per_cent(share)} ({max(0, share.low) * 100:.1f} to {min(1, share.high) * 100:.1f})"


def seconds(time: Estimate | None) -> str:
    """A time in the unit that fits it."""
    return NONE if time is None else seconds_tick(time.value)


def seconds_tick(time: float) -> str:
    """A time at an axis."""
    milliseconds = time * 1000
    if milliseconds < 1:
        return f"{milliseconds:.2g} ms"
    return f"{time:.3g} s" if time >= 1 else f"{milliseconds:.3g} ms"


def count(number: int) -> str:
    """A whole number with its thousands apart."""
    return f"{number:,}"


def moment(time: datetime) -> str:
    """A time of day in UTC."""
    return f"{time.astimezone(UTC):%Y-%m-%d %H:%M}"


def standing(overview: Overview) -> str:
    """Phase and live weights in a sentence."""
    weights = " and ".join(f"{weight} %" for weight in overview.weights)
    phase = _PHASES.get(overview.status.phase, overview.status.phase)
    at = f"; live: {weights}" if weights and overview.weights != (ZERO,) else ""
    return f"{str(phase).capitalize()}{at}."


def steps(overview: Overview) -> Iterator[tuple[Percent, str]]:
    """The ramp's steps, each `done`, `now` or `next`, by the highest live weight."""
    top = max(overview.weights, default=ZERO)
    for step in overview.steps:
        yield step, "now" if step == top else "done" if step < top else "next"


def about(course: TimeSeries | None) -> str:
    """Which routes a course is of, as a heading."""
    if course is None:
        return "Measurements"
    names = course.routes
    if len(names) <= _FEW:
        return f"Measurements of {', '.join(names)}"
    return f"Measurements of {', '.join(names[:_FEW])} and {count_of(len(names) - _FEW, 'more route')}"
