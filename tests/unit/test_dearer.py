"""Whether costs surely differ: the error over all looks, and how soon a difference is seen."""

from __future__ import annotations

import numpy as np
import pytest

from rollout.analysis.cost.dearer import FEWEST, is_dearer, rate

MINUTES = 90


def ramp(rng: np.random.Generator, times: float, allowed: float, risk: float) -> int | None:
    """The first minute at whose end a candidate of so many times legacy's costs is said to be dearer."""
    both = [rng.poisson(mean, MINUTES).tolist() for mean in (400, 40)]
    spent = [
        [rng.lognormal(0, 1.2, count).sum() * factor for count in counts]
        for counts, factor in zip(both, (1.0, times), strict=True)
    ]
    for minute in range(FEWEST, MINUTES + 1):
        rates = [rate(dollars[:minute], counts[:minute]) for dollars, counts in zip(spent, both, strict=True)]
        if rates[0] and rates[1] and is_dearer(rates[0], rates[1], allowed, risk):
            return minute
    return None


@pytest.mark.thorough
def test_what_is_allowed_is_rarely_called_dearer_at_any_of_all_looks() -> None:
    """At a level of 5 %, of durations with a long tail; the sequence is asymptotic, so a little more is tolerated."""
    rng = np.random.default_rng(7)
    wrong = sum(ramp(rng, 1.2, 0.2, 0.05) is not None for _ in range(300))
    assert wrong / 300 <= 0.06


def test_what_costs_much_more_is_seen_within_the_bake() -> None:
    rng = np.random.default_rng(8)
    seen = [ramp(rng, 1.8, 0.2, 0.01) for _ in range(20)]
    assert sorted(minute or MINUTES for minute in seen)[10] <= 30


def test_what_is_cheaper_never_is() -> None:
    rng = np.random.default_rng(9)
    assert {ramp(rng, 0.7, 0.0, 0.01) for _ in range(20)} == {None}


def test_few_minutes_say_nothing() -> None:
    assert rate([1.0] * (FEWEST - 1), [10] * (FEWEST - 1)) is None
    assert rate([1.0] * 30, [0] * 30) is None


def test_what_is_unsure_for_another_reason_counts() -> None:
    legacy, candidate = (rate([each] * 20, [10] * 20) for each in (1.0, 1.3))
    assert legacy
    assert candidate
    assert is_dearer(legacy, candidate, 0.2, 0.01)
    assert not is_dearer(legacy, candidate, 0.2, 0.01, unsure=0.02)
    assert not is_dearer(legacy, candidate, 0.3, 0.01)
