"""A ratio over periods, such as dollars a request, with its 95 % interval. Pure.

The amount of a period goes with its requests, so the ratio of the sums is estimated, not the mean of the ratios, and
its variance by the residuals of the periods (Cochran, Sampling Techniques, 1977, 6.4). The quantile is Student's, since
periods are few.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

FEWEST = 5
"""Periods with requests; of fewer no interval is told."""
_Z = NormalDist().inv_cdf(0.975)


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number, and the 95 % interval around it; without ends where there are too few periods for one."""

    value: float
    low: float | None = None
    high: float | None = None

    def times(self, factor: float) -> Estimate:
        """A multiple, 0 or more."""
        return Estimate(self.value * factor, *(None if end is None else end * factor for end in (self.low, self.high)))

    def shifted(self, amount: float) -> Estimate:
        """The same with an amount added that is known."""
        return Estimate(self.value + amount, *(None if end is None else end + amount for end in (self.low, self.high)))

    @property
    def negated(self) -> Estimate:
        """The same below 0."""
        ends = self.high, self.low
        return Estimate(-self.value, *(None if end is None else -end for end in ends))

    @property
    def half(self) -> tuple[float, float] | None:
        """How far the ends are from the value."""
        if self.low is None or self.high is None:
            return None
        return self.value - self.low, self.high - self.value


def total(estimates: Sequence[Estimate], signs: Sequence[int] | None = None) -> Estimate:
    """The sum of independent estimates, or differences of them: the squares of their errors add up."""
    signed = list(zip(estimates, signs or [1] * len(estimates), strict=True))
    value = math.fsum(each.value * sign for each, sign in signed)
    halves = [(each.half, sign) for each, sign in signed]
    if any(half is None for half, _ in halves):
        return Estimate(value)
    below = [half[0] if sign > 0 else half[1] for half, sign in halves if half]
    above = [half[1] if sign > 0 else half[0] for half, sign in halves if half]
    return Estimate(value, value - math.hypot(*below), value + math.hypot(*above))


def ratio(amounts: Sequence[float], counts: Sequence[float], *, either_way: float = 0.0) -> Estimate | None:
    """The ratio of two sums, 0 or more; None if nothing was counted.

    Args:
        amounts: Of each period, 0 or more.
        counts: Of the same periods, 0 or more.
        either_way: How far the amounts' sum may be off for another reason; the interval contains it.
    """
    counted = math.fsum(counts)
    if not counted > 0:
        return None
    value = math.fsum(amounts) / counted
    used = [(amount, count) for amount, count in zip(amounts, counts, strict=True) if count > 0]
    if len(used) < FEWEST:
        return Estimate(value)
    squares = math.fsum((amount - value * count) ** 2 for amount, count in used)
    error = math.sqrt(len(used) / (len(used) - 1) * squares) / counted
    half = t_975(len(used) - 1) * error + either_way / counted
    return Estimate(value, max(0.0, value - half), value + half)


def t_975(freedom: int) -> float:
    """Student's 97.5 % quantile, by its expansion (Abramowitz and Stegun 26.7.5): within 0.3 % from 4 degrees on."""
    z = _Z
    terms = (
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
    )
    return math.fsum((z, *(term / float(freedom) ** (number + 1) for number, term in enumerate(terms))))
