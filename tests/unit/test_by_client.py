"""Verdicts by client: each counts once in a window, as its share of bad requests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollout.analysis import bets as strategies
from rollout.analysis.bets import Bets, Blocks, Guess
from rollout.analysis.by_client import judge_clients
from rollout.analysis.judge import judge
from rollout.analysis.streams import CODES, Arm, Latency, Stream, Window, by_code
from rollout.analysis.verdicts import AnalysisResult, Verdict
from rollout.inventory.ramp_settings import Analysis, Metric, MetricName

START = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
P99 = Latency(0.99, limit=0.4, tolerated=0.44, harmful=0.6)
RATES = st.floats(0.001, 0.999)
Numbers = np.ndarray


def arm(clients: Numbers, share: Numbers | float) -> Arm:
    return Arm(clients, clients * share)


def errors(
    minutes: int,
    bad: Numbers | float,
    *,
    legacy_bad: Numbers | float = 0.001,
    metric: MetricName = "server-errors",
    route: str = "a",
) -> Stream:
    """A hundred new clients of the candidate's a minute, and 1,900 of legacy's, with these shares of bad requests."""
    candidate, legacy = arm(np.full(minutes, 100.0), bad), arm(np.full(minutes, 1900.0), legacy_bad)
    return Stream(metric, (route,), START, legacy, candidate, unit="clients")


def windows(*streams: tuple[int, Stream]) -> list[Window]:
    return [Window(since, (replace(stream, start=START + timedelta(minutes=since)),)) for since, stream in streams]


def judged(
    *streams: tuple[int, Stream], counted: Sequence[Stream] = (), bake: int = 30, analysis: Analysis | None = None
) -> AnalysisResult:
    bakes = timedelta(minutes=bake)
    return judge_clients(windows(*streams), counted, analysis or Analysis(), steps=5, bake=bakes)


@st.composite
def two_points(draw: st.DrawFn, mean: float) -> tuple[tuple[float, float], ...]:
    """Two shares and their chances, with this mean: the worst distributions are among these."""
    low, high = draw(st.floats(0, 1)) * mean, mean + draw(st.floats(0, 1)) * (1 - mean)
    upper = (mean - low) / (high - low) if high > low else 0.0
    return (low, 1 - upper), (high, upper)


@given(st.data(), st.tuples(st.integers(1, 50), st.integers(1, 50)), RATES, RATES)
def test_a_bet_on_a_share_gains_no_more_by_expectation_than_on_a_request(
    data: st.DataObject, sizes: tuple[int, int], base: float, p: float
) -> None:
    """Whatever the clients' shares are, up to the tolerance and from the harm on."""
    ours, theirs = (np.array([[20.0, size]]) for size in sizes)
    blocks = Blocks(ours, ours * 0.1, theirs, theirs * 0.15, np.arange(2)[None])
    guess, ratio, shift = Guess(np.array([base]), np.array([500.0])), np.array([1.25]), np.array([0.05])
    for bets, q in (
        (strategies.on_worse(blocks, guess, ratio), min(1.0, 1.25 * p)),
        (strategies.on_more(blocks, guess, shift), min(1.0, p + 0.05)),
        (strategies.on_no_harm(blocks, guess, ratio - 1, shift), min(1.0, p + max(0.25 * p, 0.05))),
    ):
        if bets.candidate_stake.min() < 0 and q == 1:
            continue  # no candidate is harmful here
        gains = sizes[0] * np.log(expected(bets, data.draw(two_points(q)), candidate=True))
        gains += sizes[1] * np.log(expected(bets, data.draw(two_points(p)), candidate=False))
        assert gains.max() <= 1e-9


def expected(bets: Bets, shares: Sequence[tuple[float, float]], *, candidate: bool) -> Numbers:
    """The expectation of the bets of the second block on one client."""
    found = np.zeros(bets.candidate_stake.shape[-1])
    for share, chance in shares:
        one = np.array([[0.0, 1.0]])
        ours, theirs = (one, one * 0) if candidate else (one * 0, one)
        blocks = Blocks(ours, ours * share, theirs, theirs * share, np.arange(2)[None])
        found += chance * np.exp(bets.log_bets(blocks))[0, 1]
    return found


@pytest.mark.parametrize("bad", [0.0, 0.02, 0.04, 0.5])
@pytest.mark.parametrize("clients", [100, 300])
def test_clients_with_one_request_each_are_judged_as_requests_are(bad: float, clients: int) -> None:
    counts, minutes = np.full(30, clients), np.arange(30)
    whole = Stream(
        "server-errors",
        ("a",),
        START,
        Arm(counts * 19, np.where(minutes % 3, 2, 1)),
        Arm(counts, np.rint(counts * bad * (minutes % 2)).astype(int)),
    )
    shares = replace(
        whole,
        unit="clients",
        legacy=Arm(whole.legacy.requests.astype(float), whole.legacy.events.astype(float)),
        candidate=Arm(whole.candidate.requests.astype(float), whole.candidate.events.astype(float)),
    )
    by_request, by_client = (judge([each], Analysis(), steps=5).findings[0] for each in (whole, shares))
    assert by_client.verdict is by_request.verdict
    assert by_client.numbers == by_request.numbers
    assert (by_request.unit, by_client.unit) == ("requests", "clients")
    assert judged((0, shares)).verdict is by_request.verdict


def test_a_good_candidate_passes_and_a_bad_one_fails_with_sentences_of_clients() -> None:
    good, bad = judged((0, errors(30, 0.001))), judged((0, errors(30, 0.02)))
    assert good.verdict is Verdict.PASS
    assert good.sentence == (
        "5xx 0.1 % of 3,000 clients' requests against legacy's 0.1 % of 57,000 clients', each client counted once: "
        "no worse than 0.6 % (95 % sure)"
    )
    assert bad.verdict is Verdict.FAIL
    assert bad.findings[0].candidate[1] == 3000
    few = judged((0, errors(3, 0.001)))
    assert few.verdict is Verdict.INCONCLUSIVE
    assert few.sentence.endswith(" more clients")


def test_sums_of_shares_that_are_rounded_are_judged() -> None:
    """Differences of such sums may be below 0 by a hair."""
    random, clients = np.random.default_rng(1), np.full(120, 20.0)
    for _ in range(40):
        ours, theirs = (random.binomial(2, 0.05, 120) / random.integers(3, 26, 120) / clients for _ in range(2))
        one = Stream("server-errors", ("a",), START, arm(clients, theirs), arm(clients, ours), unit="clients")
        numbers = judged((0, one)).findings[0].numbers
        assert numbers is not None
        assert np.isfinite([*numbers.values()]).all()


def test_one_client_counts_once_whatever_it_sends() -> None:
    """Half of the candidate's requests are one client's that always fails."""
    one = np.zeros(30)
    one[0] = 0.01
    assert judged((0, errors(30, one + 0.001))).verdict is Verdict.PASS


def test_a_fault_that_begins_late_for_clients_that_stay_is_seen_by_a_later_window() -> None:
    old, late = errors(60, 0.001), errors(30, 0.02)
    found = judged((0, old), (30, late))
    assert found.verdict is Verdict.FAIL
    assert "since" not in found.sentence
    assert judged((0, old), (30, errors(30, 0.001))).verdict is Verdict.PASS


def test_each_metric_and_route_has_one_result_the_worst_windows() -> None:
    found = judged((0, errors(60, 0.001)), (30, errors(30, 0.02)))
    assert [(each.metric, each.routes, each.verdict) for each in found.findings] == [
        ("server-errors", ("a",), Verdict.FAIL)
    ]


@pytest.mark.parametrize(("minutes", "verdict"), [(29, Verdict.PASS), (40, Verdict.INCONCLUSIVE)])
def test_a_pass_takes_all_windows_that_have_clients_enough(minutes: int, verdict: Verdict) -> None:
    """The second one is neither suspicious nor surely harmless; after 40 minutes it has clients enough."""
    first = errors(60 + minutes, 0.001)
    assert judged((0, first), (60, errors(minutes, 0.0035))).verdict is verdict


def test_a_pass_takes_no_window_that_can_not_have_clients_enough() -> None:
    """Where few come, a later window never has as many as the first one by the time that it is left out."""
    slow = [
        replace(each, candidate=arm(np.full(len(each.candidate.requests), 3.0), 0.001))
        for each in (errors(480, 0.001), errors(60, 0.001))
    ]
    assert judged((0, slow[0]), (420, slow[1])).verdict is Verdict.PASS


def test_the_first_window_has_to_pass_though_it_is_shorter_than_the_bake() -> None:
    assert judged((0, errors(3, 0.001))).verdict is Verdict.INCONCLUSIVE


def test_a_young_window_holds_a_step_by_a_suspicion_and_by_silence() -> None:
    old = errors(50, 0.001)
    quiet = np.where(np.arange(20) < 10, 100.0, 0.0)
    silent = replace(errors(20, 0.001), candidate=arm(quiet, 0.001))
    assert judged((0, old), (30, errors(6, np.resize([0.03, 0], 6)))).verdict is Verdict.INCONCLUSIVE
    assert judged((0, old), (30, silent)).verdict is Verdict.NO_DATA
    assert judged((0, old), (30, errors(20, 0.001))).verdict is Verdict.PASS
    assert judged((0, old), (30, replace(silent, candidate=arm(quiet * 0, 0.0)))).verdict is Verdict.PASS


def test_new_clients_that_become_fewer_are_no_silence_and_minutes_without_any_are() -> None:
    fewer = np.floor(600 * 0.8 ** np.arange(30))
    few = replace(errors(30, 0.001), candidate=arm(fewer, 0.001))
    assert judged((0, few)).verdict is Verdict.PASS
    missing = errors(30, 0.001)
    for each in (missing.candidate, missing.legacy):
        each.requests[-3:] = each.events[-3:] = 0
    assert judged((0, missing)).verdict is Verdict.NO_DATA


def counted(bad: int, *, metric: MetricName = "server-errors", minutes: int = 3) -> Stream:
    """By requests, as CloudWatch counts them."""
    requests = np.full(minutes, 50)
    return Stream(metric, ("a",), START, Arm(requests * 19, requests * 0 + 1), Arm(requests, requests * 0 + bad))


def test_cloudwatch_stops_a_crash_before_there_are_logs_and_never_passes() -> None:
    assert judge_clients([], [counted(25)], Analysis(), steps=5).verdict is Verdict.FAIL
    assert judge_clients([], [counted(0, minutes=60)], Analysis(), steps=5).verdict is Verdict.NO_DATA


@pytest.mark.parametrize("bad", [1, 3, 5])
def test_what_is_worse_by_requests_alone_is_no_crash(bad: int) -> None:
    streams = [counted(bad, minutes=30)]
    assert judge(streams, Analysis(), steps=5).verdict is Verdict.FAIL
    assert judged((0, errors(30, 0.001)), counted=streams).verdict is Verdict.PASS


def test_a_crash_by_requests_fails_beside_clients_that_do_not() -> None:
    found = judged((0, errors(30, 0.001)), counted=[counted(25)])
    assert found.verdict is Verdict.FAIL
    assert found.findings[0].unit == "requests"


def test_what_logs_do_not_tell_is_judged_by_requests() -> None:
    for bad, verdict in ((0, Verdict.PASS), (3, Verdict.FAIL)):
        throttles = counted(bad, metric="throttles", minutes=30)
        assert judged((0, errors(30, 0.001)), counted=[throttles]).verdict is verdict


@pytest.mark.parametrize(("bad", "verdict"), [(0, Verdict.PASS), (3, Verdict.FAIL)])
def test_requests_have_all_of_the_risk_where_logs_tell_no_metric(bad: int, verdict: Verdict) -> None:
    throttles = counted(bad, metric="throttles", minutes=40)
    nothing = [Window(0, ()), Window(30, ())]
    with np.errstate(all="raise"):
        assert judge_clients(nothing, [throttles], Analysis(), steps=5).verdict is verdict


def test_retries_are_one_clients_and_bursts_of_clients_are_told() -> None:
    """A minute in which many clients fail counts as fewer."""
    uneven = np.resize([0.02, 0.0, 0.0, 0.0], 40)
    bad = judged((0, errors(40, uneven / 4, legacy_bad=uneven)), analysis=Analysis(retries=5))
    assert "bad clients at a time" in bad.sentence
    assert "at a time" not in judged((0, errors(40, 0.001)), analysis=Analysis(retries=5)).sentence


def test_a_warm_up_is_the_steps_and_not_a_windows() -> None:
    slow, clients = np.where(np.arange(30) < 2, 0.5, 0.0), np.full(30, 100.0)
    one = Stream(
        "latency-p99",
        ("a",),
        START,
        arm(clients * 19, 0.01),
        arm(clients, slow),
        P99,
        arm(clients, slow),
        unit="clients",
    )
    fine = replace(one, candidate=arm(clients, 0.0), harmful=arm(clients, 0.0))
    assert judged((0, one)).verdict is Verdict.PASS
    assert judged((0, fine), (30, one)).verdict is Verdict.FAIL


def refused(minutes: int = 30, routes: str = "a", **shares: tuple[float, float]) -> list[Stream]:
    """4xx by code, such as `c404=(legacy's share, the candidate's)`."""
    seen = {name.removeprefix("c"): each for name, each in shares.items()}
    return [
        replace(errors(minutes, bad, legacy_bad=legacy, metric="client-errors", route=route), codes=codes)
        for route in routes
        for codes in by_code(seen)
        for legacy, bad in [seen.get(codes[0], (0.0, 0.0))]
    ]


def by_codes(streams: Sequence[Stream], **metric: object) -> AnalysisResult:
    analysis = Analysis(metric={"client-errors": Metric(**metric)})
    return judge_clients([Window(0, tuple(streams))], (), analysis, steps=5)


@pytest.mark.parametrize(("on_worse", "verdict"), [(None, Verdict.INCONCLUSIVE), ("fail", Verdict.FAIL)])
def test_a_rise_of_one_code_does_not_hide_behind_a_fall_of_another(on_worse: str | None, verdict: Verdict) -> None:
    """All together they are as many as before."""
    assert judged((0, errors(30, 0.06, legacy_bad=0.06, metric="client-errors"))).verdict is Verdict.PASS
    found = by_codes(refused(c404=(0.06, 0.01), c401=(0.0, 0.05)), on_worse=on_worse)
    assert found.verdict is verdict
    assert found.findings[0].codes == ("401",)
    assert found.sentence.startswith("401 5 % of 3,000 clients' requests against legacy's 0 % of 57,000")
    assert ("it only holds the step" in found.sentence) == (on_worse is None)
    assert by_codes(refused(c404=(0.06, 0.01), c401=(0.0, 0.001)), on_worse=on_worse).verdict is Verdict.PASS


def test_a_code_that_is_worse_on_all_routes_fails_on_all_together_and_others_pass() -> None:
    found = by_codes(refused(6, "abcdefgh", c404=(0.02, 0.02), c403=(0.001, 0.02)), on_worse="fail")
    alone = by_codes(refused(6, c404=(0.02, 0.02), c403=(0.001, 0.02)), on_worse="fail")
    assert (alone.verdict, found.verdict) == (Verdict.INCONCLUSIVE, Verdict.FAIL)
    assert (found.findings[0].codes, found.findings[0].routes) == (("403",), tuple("abcdefgh"))
    assert found.findings[0].sentence.startswith("403 ")


def test_codes_that_no_side_shows_are_one_result_with_their_names() -> None:
    found = by_codes(refused(c403=(0.001, 0.001), c422=(0.0, 0.001)))
    assert found.verdict is Verdict.PASS
    unseen = next(each for each in found.findings if len(each.codes) > 1)
    assert unseen.sentence.startswith("400, 401, 404, 409, 429 and other 4xx 0 % of 3,000 clients' requests")
    assert by_codes(refused()).sentence.startswith("4xx 0 % of 3,000 clients' requests")


@given(st.sets(st.sampled_from(CODES)), st.sampled_from(["a", "ab"]), st.sampled_from(["hold", "fail"]))
def test_a_codes_part_of_the_risk_is_the_same_whichever_occur(seen: set[str], routes: str, on_worse: str) -> None:
    """A part that is chosen by what was seen would raise more false alarms than are allowed."""
    shares = {f"c{code}": (0.001, 0.001) for code in seen}
    streams = [*refused(3, routes, **shares), *(errors(3, 0.001, route=route) for route in routes)]
    found = by_codes(streams, on_worse=on_worse).findings
    risks = {each.codes: float(np.exp(-(each.numbers or {})["log-e-worse-needed"])) for each in found}
    each = {risk / max(1, len(codes)) for codes, risk in risks.items() if codes}
    assert max(each) == pytest.approx(min(each))
    assert sum(risks.values()) * len(routes) <= Analysis().false_alarms / 5
    suspicions = [float(np.exp(-(each.numbers or {})["log-e-lately-worse-needed"])) for each in found]
    assert sum(suspicions) <= Analysis().missed


@given(st.lists(st.integers(1, 500), unique=True, max_size=9))
def test_the_windows_parts_of_the_risk_are_at_most_all_of_it(later: list[int]) -> None:
    """A look's evidence needs more where a window begins later, as much as the parts say."""
    needed = list[float]()
    for number in (0, *later):
        numbers = judged((30 * number, errors(1, 0.5))).findings[0].numbers
        assert numbers is not None
        needed.append(numbers["log-e-worse-needed"])
    assert np.exp(-np.array(needed)).sum() <= Analysis().false_alarms / 5
