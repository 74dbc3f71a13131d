"""Exact intervals of a share, without scipy, which isn't installed with rollout. Pure."""

from __future__ import annotations

import math

_HALVINGS = 60  # to a float's precision
_NEGLIGIBLE = 1e-18


def at_most(count: int, total: int, sure: float = 0.95) -> float:
    """The upper end of the exact one-sided interval of a share (Clopper and Pearson 1934): 0 of 3,000 is 0.1 %.

    Args:
        count: How many of the total it was, 0 to total.
        total: 0 or more; of none, nothing is known.
        sure: The confidence, 0 to 1.
    """
    if count >= total:
        return 1.0
    low, high = count / total, 1.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if at_most_as_many(count, total, middle) > 1 - sure else (low, middle)
    return high


def at_most_as_many(count: int, total: int, share: float) -> float:
    """The probability of at most so many of a total, each with the probability `share`: the binomial distribution's."""
    if share <= 0 or count >= total:
        return 1.0
    if share >= 1 or count < 0:
        return 0.0
    if count > total * share:  # from the other end, where the first term isn't too small for a float
        return 1.0 - at_most_as_many(total - count - 1, total, 1 - share)
    odds = (1 - share) / share
    terms = math.lgamma(total + 1) - math.lgamma(count + 1) - math.lgamma(total - count + 1)
    term = math.exp(terms + count * math.log(share) + (total - count) * math.log1p(-share))
    found = term
    for each in range(count, 0, -1):
        ratio = each / (total - each + 1) * odds
        term *= ratio
        found += term
        if ratio < 1 and term < found * _NEGLIGIBLE:
            break
    return min(found, 1.0)
