"""Counting answers, and the interval that holds a fair count."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from fractions import Fraction
from math import comb

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollout.inventory.quantities import Percent
from rollout_sandbox.load import Answer, Endpoint, Verdict, binomial_interval, by_route, tally
from rollout_sandbox.load.answers import judge

SCORE = Endpoint("score", "public", "http://127.0.0.1:1", "GET", "/score", "legacy", "candidate")
KEPT = replace(SCORE, route="kept", candidate=None)
FINE = Answer(SCORE, None, timedelta(0), timedelta(0), 200, "legacy", cookie=False, verdict=Verdict.FINE)


def test_answers_are_counted_by_route_and_together() -> None:
    answers = [
        FINE,
        replace(FINE, by="candidate"),
        replace(FINE, by="candidate", cookie=True),
        replace(FINE, endpoint=KEPT),
        replace(FINE, endpoint=KEPT, status=0, by="", verdict=Verdict.LOST),
        replace(FINE, status=404, by="", verdict=Verdict.WRONG),
    ]
    score, kept = (by_route(answers)[name] for name in ("score", "kept"))
    assert (score.requests, score.lost, score.wrong) == (4, 0, 1)
    assert (score.fresh, score.fresh_on_candidate) == (3, 1)  # neither a cookie's choice nor a kept route's
    assert (kept.requests, kept.lost, kept.wrong, kept.fresh) == (2, 1, 0, 0)
    assert kept.statuses == {200: 1, 0: 1}
    assert kept.by == {"legacy": 1, "": 1}
    assert tally(answers).requests == 6


@given(st.integers(1, 60), st.integers(1, 999).map(Percent), st.sampled_from([0.2, 0.05, 1e-4]))
def test_the_interval_is_the_narrowest_that_leaves_so_little_outside(n: int, share: Percent, outside: float) -> None:
    chance = Fraction(share.tenths, 1000)
    likely = [comb(n, k) * chance**k * (1 - chance) ** (n - k) for k in range(n + 1)]
    found = binomial_interval(n, share, outside)
    for below in (likely[: found.start], likely[found.stop :]):
        assert sum(below) <= outside / 2 * 1.000001
    for one_less in (likely[: found.start + 1], likely[found.stop - 1 :]):
        assert sum(one_less) >= outside / 2 * 0.999999


@pytest.mark.parametrize("share", [0, 100])
def test_nobody_and_everybody_leave_no_room(share: int) -> None:
    assert binomial_interval(70, Percent.of(share)) == range(70 * share // 100, 70 * share // 100 + 1)


def test_many_trials_are_no_trouble() -> None:
    found = binomial_interval(100_000, Percent.of(10))
    assert 10_000 - found.start == pytest.approx(found.stop - 10_000, abs=10)
    assert found.start == pytest.approx(10_000 - 4.89 * 94.87, abs=10)


@pytest.mark.parametrize(
    ("others", "by", "status", "verdict"),
    [
        ({"special"}, "special", 200, Verdict.OTHERS),
        ({""}, "", 301, Verdict.OTHERS),
        ({"special"}, "legacy", 200, Verdict.FINE),
        ({"special"}, "stranger", 200, Verdict.WRONG),
        ({"special"}, "", 404, Verdict.WRONG),
        ({"special"}, "special", 502, Verdict.LOST),
    ],
)
def test_what_a_rule_before_has_taken_is_not_wrong(others: set[str], by: str, status: int, verdict: Verdict) -> None:
    asked = replace(SCORE, others=frozenset(others))
    assert judge(asked, status, by) is verdict


def test_what_others_took_says_nothing_of_weights() -> None:
    found = tally([FINE, replace(FINE, by="special", verdict=Verdict.OTHERS)])
    assert (found.requests, found.wrong, found.others, found.fresh) == (2, 0, 1, 1)
