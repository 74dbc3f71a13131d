"""How many bad requests come at a time, by how much minutes vary."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollout.analysis.dispersion import dispersion, phis
from rollout.analysis.judge import judge
from rollout.analysis.streams import Arm, Stream
from rollout.analysis.verdicts import Verdict
from rollout.inventory.ramp_settings import Analysis, MetricName

HOURS = np.full(240, 950)
Ints = np.ndarray


def drawn(rate: float, at_once: int = 1, seed: int = 1) -> Ints:
    return np.random.default_rng(seed).binomial(HOURS, rate / at_once) * at_once


def phi(bad: Ints) -> float:
    return dispersion([Arm(HOURS, bad)])[0]


@pytest.mark.parametrize("rate", [0.0, 0.0002, 0.001, 0.05, 0.5, 1.0])
def test_independent_requests_come_one_at_a_time(rate: float) -> None:
    assert phi(drawn(rate)) == 1


@pytest.mark.parametrize("at_once", [2, 3, 5])
@pytest.mark.parametrize("rate", [0.001, 0.02])
def test_clusters_are_seen(at_once: int, rate: float) -> None:
    assert 0.8 * at_once < phi(drawn(rate, at_once)) < 1.4 * at_once


def test_rates_that_change_by_the_minute_are_seen_and_those_that_drift_are_not() -> None:
    random = np.random.default_rng(1)
    assert 5 < phi(random.binomial(HOURS, random.beta(0.05 * 99, 0.95 * 99, 240))) < 16  # 1 + 949·0.01
    assert phi(random.binomial(HOURS, np.linspace(0.01, 0.1, 240))) == 1


@pytest.mark.parametrize("minutes", [1, 5])
def test_an_outage_in_the_hours_before_is_no_cluster(minutes: int) -> None:
    bad = drawn(0.001)
    bad[100 : 100 + minutes] = 285
    assert phi(bad) == 1


def test_too_few_bad_requests_tell_nothing() -> None:
    bad = np.zeros(240, dtype=int)
    bad[:4] = 3
    assert phi(bad) == 1
    assert dispersion([Arm(bad, bad)]) == (1, np.inf)
    assert dispersion([Arm(bad[:0], bad[:0])]) == (1, np.inf)


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50)), max_size=40))
def test_it_is_finite_and_never_below_one(minutes: list[tuple[int, int]]) -> None:
    counts = np.array(minutes, dtype=int).reshape(-1, 2)
    found, most = dispersion([Arm(counts.max(axis=1, initial=0), counts.min(axis=1, initial=50))])
    assert 1 <= found <= most
    assert found < np.inf


def judged(before: Ints, analysis: Callable[[], Analysis] = Analysis) -> tuple[Verdict, float, str]:
    """Five bad requests of one client in each of five minutes."""
    requests, bad = np.full(30, 50), np.resize([5, 0, 0, 0, 0, 0], 30)
    legacy = Arm(requests * 19, np.resize([1, 1, 1, 0], 30))
    stream = Stream(
        "server-errors", ("a",), datetime(2026, 3, 1, tzinfo=UTC), legacy, Arm(requests, bad), before=Arm(HOURS, before)
    )
    found = judge([stream], analysis(), steps=5)
    numbers = found.findings[0].numbers
    assert numbers is not None
    return found.verdict, numbers["phi"], found.sentence


def test_evidence_counts_clusters_as_one_and_says_so() -> None:
    plain, clustered = judged(drawn(0.001)), judged(drawn(0.001, 5))
    assert plain[:2] == (Verdict.FAIL, 1)
    assert clustered[0] is Verdict.INCONCLUSIVE
    assert 4 < clustered[1] < 7
    assert "requests at a time" in clustered[2]
    assert "at a time" not in plain[2]


def rare(bad: Ints, others: Ints, metric: MetricName = "server-errors") -> float:
    """phi of throttles beside another metric of the same route."""
    none, start = Arm(HOURS[:0], HOURS[:0]), datetime(2026, 3, 1, tzinfo=UTC)
    pairs: tuple[tuple[MetricName, Ints], ...] = (("throttles", bad), (metric, others))
    streams = [Stream(name, ("a",), start, none, none, before=Arm(HOURS, before)) for name, before in pairs]
    return float(phis(streams, Analysis())[0])


def test_a_rare_metric_has_the_clusters_of_the_other_errors_as_far_as_it_is_not_known_better() -> None:
    bursts, often = np.zeros(240, dtype=int), drawn(0.02)
    bursts[[60, 61, 200]] = 12
    assert rare(bursts, drawn(0.001)) == 1
    assert rare(bursts, drawn(0.002, 5)) == phi(drawn(0.002, 5))
    assert rare(bursts, drawn(0.05, 5), "client-errors") == 1
    assert rare(often, drawn(0.002, 5)) < 1.5


def test_clients_have_the_clusters_of_requests_before_as_far_as_they_are_not_known_better() -> None:
    few, many = (Arm(np.full(30, 100.0), np.resize(shares, 30)) for shares in ([0.5, 0, 0, 0], [20.0, 21.0, 19.0]))
    for legacy, least, most in ((few, 4, 7), (many, 1, 2)):
        one = Stream(
            "client-errors",
            ("a",),
            datetime(2026, 3, 1, tzinfo=UTC),
            legacy,
            legacy,
            before=Arm(HOURS, drawn(0.02, 5)),
            unit="clients",
        )
        assert least <= phis([one], Analysis(retries=50))[0] <= most


def test_how_many_retries_there_are_can_be_said() -> None:
    verdict, number, _ = judged(drawn(0.001), lambda: Analysis(retries=6))
    assert (verdict, number) == (Verdict.INCONCLUSIVE, 6)
