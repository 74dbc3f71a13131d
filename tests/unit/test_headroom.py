"""How many environments a raise needs, against what Lambda allows."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollout.analysis.headroom import BURST, ENOUGH, Headroom, Load, Timed, headroom

MINUTES = 15
NOTHING = Timed((0.0,) * MINUTES, (0.0,) * MINUTES, (0.0,) * MINUTES)
MANY = st.lists(st.floats(0, 1e9), min_size=MINUTES, max_size=MINUTES)


def timed(a_minute: float, milliseconds: float, p99: float = 0) -> Timed:
    """So many invocations a minute, each of which took so long."""
    return Timed((a_minute,) * MINUTES, (a_minute * milliseconds,) * MINUTES, (p99 or milliseconds,) * MINUTES)


def needed(share: float, limit: float, *, per_second: float = 100, candidate: Timed = NOTHING) -> Headroom:
    """Of legacy's 100 requests a second or so, each of half a second."""
    requests = (per_second * 60,) * MINUTES
    load = Load("score", requests, (share, share), candidate, timed(per_second * 60, 500, 1000))
    found = headroom(load, limit, is_reserved=True)
    assert found
    return found


def test_requests_a_second_times_their_seconds_are_environments() -> None:
    found = needed(0.5, 1000, candidate=timed(600, 100, 300))
    assert (found.mean.value, found.mean.low, found.mean.high) == (5, 5, 5)
    assert found.most == pytest.approx(15)
    assert found.now == pytest.approx(1)
    assert not found.by_legacy
    assert (found.problem, list(found.warnings)) == (None, [])


def test_before_the_candidate_had_requests_legacys_times_count() -> None:
    assert needed(0.5, 1000).by_legacy
    assert needed(0.5, 1000).mean.value == pytest.approx(25)
    few = timed((ENOUGH - 1) / MINUTES, 1)
    assert needed(0.5, 1000, candidate=few).by_legacy


@pytest.mark.parametrize(("limit", "refused", "warned"), [(24, True, False), (26, False, True), (50, False, False)])
def test_what_is_surely_too_much_is_refused_and_what_may_be_is_told(limit: int, refused: bool, warned: bool) -> None:
    found = needed(0.5, limit)
    assert bool(found.problem) is refused
    assert bool(list(found.warnings)) is warned
    assert not found.problem or found.problem.code == "concurrency-exceeded"


def test_uneven_minutes_are_refused_only_below_the_interval() -> None:
    requests = [6000.0 * (1 + (minute % 3 - 1) / 2) for minute in range(MINUTES)]
    load = Load("score", requests, (0.5, 0.5), NOTHING, timed(6000, 500))
    mean = headroom(load, 24, is_reserved=True)
    assert mean
    assert mean.mean.low
    assert mean.mean.low < 24 < mean.mean.value
    assert mean.problem is None
    assert list(mean.warnings)


def test_few_minutes_with_durations_refuse_nothing() -> None:
    load = Load(
        "score", (6000.0,) * MINUTES, (1, 1), NOTHING, Timed((60.0, *(0.0,) * 14), (3e4, *(0.0,) * 14), (500.0,) * 15)
    )
    found = headroom(load, 1, is_reserved=True)
    assert found
    assert found.problem is None
    assert list(found.warnings)


def test_a_jump_over_the_burst_is_told() -> None:
    found = needed(1.0, 10_000, per_second=2 * BURST)
    assert found.problem is None
    assert any("10 seconds" in each for each in found.warnings)


@pytest.mark.parametrize("timings", [NOTHING, timed(60, 0)])
def test_without_requests_or_durations_nothing_is_known(timings: Timed) -> None:
    assert headroom(Load("score", (0.0,) * MINUTES, (1, 1), timings, timed(1, 1)), 10, is_reserved=True) is None
    assert headroom(Load("score", (60.0,) * MINUTES, (1, 1), NOTHING, timings), 10, is_reserved=True) is None


@given(MANY, MANY, MANY, st.floats(0, 1), st.floats(0, 1))
def test_no_number_is_negative_or_none(
    requests: list[float], invocations: list[float], milliseconds: list[float], one: float, other: float
) -> None:
    both = Timed(invocations, milliseconds, milliseconds)
    found = headroom(Load("score", requests, (min(one, other), max(one, other)), both, both), 100, is_reserved=False)
    if found:
        ends = [each for each in (found.mean.low, found.mean.high) if each is not None]
        assert all(math.isfinite(each) and each >= 0 for each in (found.mean.value, found.most, found.now, *ends))
        assert not ends or ends[0] <= ends[1]
        assert found.sentence
        assert found.problem is None or (found.mean.low or 0) > 100
