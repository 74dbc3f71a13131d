"""Where numbers and times are on a chart, and which of them stand at its axes. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

_MINUTE, _HOUR, _DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
STEPS = 5
"""Of an axis, at most."""
_TIMES = (
    *(_MINUTE, 5 * _MINUTE, 10 * _MINUTE, 15 * _MINUTE, 30 * _MINUTE),
    *(_HOUR, 2 * _HOUR, 3 * _HOUR, 6 * _HOUR, 12 * _HOUR),
    *(_DAY, 2 * _DAY, 4 * _DAY, 7 * _DAY, 14 * _DAY),
)
_EPOCH = datetime(1970, 1, 5, tzinfo=UTC)  # a Monday, where weeks begin


@dataclass(frozen=True, slots=True)
class Axis:
    """A straight line of numbers.

    Attributes:
        low: The number at `start`.
        high: The number at `end`, above `low`.
        start: A place.
        end: Another, either side of it.
    """

    low: float
    high: float
    start: float
    end: float

    def at(self, value: float) -> float:
        """Where a number is; one beyond the ends is at the end."""
        share = (min(max(value, self.low), self.high) - self.low) / (self.high - self.low)
        return self.start + share * (self.end - self.start)


def ticks(top: float) -> tuple[float, ...]:
    """Round numbers from 0 to the first that is not below the top, which is above 0."""
    rough = top / STEPS
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in (1, 2, 2.5, 5, 10, 20) if factor * power >= rough * (1 - 1e-9))
    return tuple(number * step for number in range(math.ceil(top / step - 1e-9) + 1))


def time_ticks(start: datetime, end: datetime) -> tuple[datetime, ...]:
    """Round times from start to end, in UTC, both included."""
    step = next((each for each in _TIMES if (end - start) / each <= STEPS), _TIMES[-1])
    first = _EPOCH - (_EPOCH - start) // step * step
    return tuple(first + number * step for number in range((end - first) // step + 1))


def time_labels(times: Sequence[datetime]) -> tuple[str, ...]:
    """Times as they stand at an axis: a date where a day begins or none was told, otherwise the clock."""
    labels = []
    for number, time in enumerate(times):
        is_first_of_day = number > 0 and times[number - 1].date() != time.date()
        midnight = time.hour == time.minute == 0
        labels.append(f"{time:%b} {time.day}" if is_first_of_day or midnight else f"{time:%H:%M}")
    return tuple(labels)
