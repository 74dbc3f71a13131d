"""Whether the candidate's requests cost more than legacy's by more than is allowed, minute by minute. Pure.

Dollars a request aren't bad requests among requests: CloudWatch has their sums alone, and one slow request may cost a
thousand times another. So no e-process holds. The minutes' residuals of both rates have an asymptotic confidence
sequence instead, which holds at all looks together once there are minutes enough for a mean to be nearly normal
(Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas, Time-uniform central limit theory and asymptotic confidence
sequences, Annals of Statistics 2024). That is no guarantee from the first minute on, so it holds a step and fails none.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

FEWEST = 10
"""Minutes with requests on each side before anything is said."""
_TUNED = 30
"""The number of minutes at which the sequence is narrowest."""


@dataclass(frozen=True, slots=True)
class Rate:
    """What a side's requests cost.

    Attributes:
        each: US dollars a request.
        error: The standard error by the minutes.
        requests: How many there were.
        minutes: In how many minutes.
    """

    each: float
    error: float
    requests: int
    minutes: int


def rate(dollars: Sequence[float], requests: Sequence[float]) -> Rate | None:
    """A side's rate; None if it had requests in too few minutes.

    Args:
        dollars: By minute.
        requests: Of the same minutes.
    """
    used = [(cost, count) for cost, count in zip(dollars, requests, strict=True) if count > 0]
    if len(used) < FEWEST:
        return None
    total = math.fsum(count for _, count in used)
    each = math.fsum(cost for cost, _ in used) / total
    squares = math.fsum((cost - each * count) ** 2 for cost, count in used)
    error = math.sqrt(len(used) / (len(used) - 1) * squares) / total
    return Rate(each, error, round(total), len(used))


def is_dearer(legacy: Rate, candidate: Rate, allowed: float, risk: float, *, unsure: float = 0.0) -> bool:
    """Whether the candidate surely costs more than legacy and what is allowed.

    Args:
        allowed: How much more it may cost, a ratio.
        risk: That it is said of a candidate that doesn't, at any look, about; above 0 and below 1.
        unsure: How far the difference may be off for another reason, in dollars.
    """
    difference = candidate.each - (1 + allowed) * legacy.each
    error = math.hypot(candidate.error, (1 + allowed) * legacy.error)
    return difference - unsure > _reach(min(legacy.minutes, candidate.minutes), risk) * error


def _reach(minutes: int, risk: float) -> float:
    """How many standard errors a mean of so many minutes may be off above, at any time: one-sided."""
    tuned = (-2 * math.log(risk) + math.log(-2 * math.log(risk) + 1)) / _TUNED
    spread = minutes * tuned + 1
    return math.sqrt(2 * spread / (minutes * tuned) * math.log(1 + math.sqrt(spread) / (2 * risk)))
