"""Noise, and what is said of a route in the end."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import beta, binom

from rollout.analysis.exact import at_most, at_most_as_many
from rollout.errors import Defect
from rollout.inventory.conditions import Request
from rollout.inventory.parity import RouteParity
from rollout.parity import self_check
from rollout.parity.answer import FunctionAnswer
from rollout.parity.comparing.places import Differences
from rollout.parity.comparing.shown import Shown
from rollout.parity.outcome import Answers, outcome_of, skipped
from rollout.parity.request import ParityRequest
from rollout.parity.rules import NO_RULES, Rules
from rollout.parity.tally import Tally
from rollout.parity.verdict import Result, RouteVerdict, verdict_of
from tests.unit.parity.test_comparing import TODAY, rules

Handler = Callable[[int], FunctionAnswer]
RANDOM = random.Random(1)  # noqa: S311 - noise is no secret


def said(value: Any, status: int = 200, **headers: str) -> FunctionAnswer:
    return FunctionAnswer(status, tuple(headers.items()), json.dumps(value).encode(), took=timedelta(seconds=0.01))


def asked(number: int, **headers: str) -> ParityRequest:
    return ParityRequest("score", Request.of("GET", f"/score/{number}", headers.items()))


def judged(
    legacy: Handler,
    candidate: Handler,
    numbers: Iterable[int] = range(100),
    by: Rules = NO_RULES,
    *,
    varies: bool = True,
) -> RouteVerdict:
    tally = Tally()
    for n, number in enumerate(numbers):
        answers = Answers(legacy(number), legacy(number), candidate(number))
        tally.add(outcome_of(asked(number), answers, by, Shown(), seeded=n < 3))
    return verdict_of("score", tally, by, varies=varies)


def score(number: int) -> FunctionAnswer:
    return said({"score": number, "ok": True})


def noisy(number: int) -> FunctionAnswer:
    return said({"score": number, "id": RANDOM.random(), "at": RANDOM.random()})


@settings(max_examples=30)
@given(st.integers(1, 5_000), st.floats(0, 1))
def test_a_bound_is_the_exact_one(total: int, share: float) -> None:
    count = int(share * total)
    exact = 1.0 if count == total else float(beta(count + 1, total - count).ppf(0.95))
    assert at_most(count, total) == pytest.approx(exact, rel=1e-6)
    assert at_most_as_many(count, total, 0.3) == pytest.approx(float(binom(total, 0.3).cdf(count)), rel=1e-6, abs=1e-12)


def test_none_of_three_thousand_is_a_tenth_of_a_per_cent() -> None:
    found = judged(score, score, range(3000))
    assert found.result is Result.SAME
    assert found.sentence == "differs in at most 0.1 % of answers (95 % sure): 0 of 3,000"


def test_the_same_request_a_hundred_times_counts_once() -> None:
    found = judged(score, score, [1, 2] * 100)
    assert (found.requests, found.shapes) == (2, 1)
    assert found.at_most > 0.7


def test_one_wrong_answer_is_found_among_many() -> None:
    found = judged(score, lambda n: said({"score": str(n), "ok": True}) if n == 77 else score(n))
    assert (found.result, found.different) == (Result.DIFFERENT, 1)
    assert [(each.place, each.examples) for each in found.differences] == [("body $.score (type)", (("77", '"77"'),))]


@pytest.mark.parametrize("fault", [said({}, 404), FunctionAnswer(0, failure="the function failed: KeyError")])
def test_a_candidate_that_answers_nothing_differs_everywhere(fault: FunctionAnswer) -> None:
    found = judged(score, lambda _: fault)
    assert (found.result, found.different) == (Result.DIFFERENT, 100)


class TestNoise:
    def test_what_legacy_has_with_itself_is_no_difference(self) -> None:
        found = judged(noisy, noisy)
        assert (found.result, found.different) == (Result.SAME, 0)
        assert {each.place for each in found.noise} == {"body $.id (value)", "body $.at (value)"}

    def test_a_place_with_noise_excuses_no_other_kind(self) -> None:
        found = judged(noisy, lambda n: said({"score": n, "id": str(RANDOM.random()), "at": RANDOM.random()}))
        assert [each.place for each in found.differences] == ["body $.id (type)"]

    def test_what_is_noise_now_and_then_excuses_no_constant_difference(self) -> None:
        times = iter(range(10_000))

        def flaps(number: int) -> FunctionAnswer:
            return said({"score": number, "cached": next(times) % 50 == 0})

        found = judged(flaps, lambda n: said({"score": n, "cached": "no"}))
        assert found.result is Result.DIFFERENT
        found = judged(flaps, lambda n: said({"score": n, "cached": True}))
        assert found.result is Result.DIFFERENT

    def test_a_function_that_never_answers_twice_alike_is_not_equal(self) -> None:
        found = judged(lambda _: said(RANDOM.random()), lambda _: said(RANDOM.random()))
        assert found.result is Result.UNKNOWN


class TestNoCoverage:
    def test_two_refusals_are_not_parity(self) -> None:
        assert judged(lambda _: said({}, 401), lambda _: said({}, 401)).result is Result.UNKNOWN

    def test_nothing_compared_is_not_parity(self) -> None:
        tally = Tally()
        tally.add(skipped(asked(1), "no answer in time"))
        found = verdict_of("score", tally, NO_RULES, varies=False)
        assert (found.result, found.at_most, found.skipped) == (Result.UNKNOWN, 1.0, {"no answer in time": 1})

    def test_parameters_that_never_varied_are_not_parity(self) -> None:
        assert judged(score, score, [7] * 50).result is Result.UNKNOWN
        assert judged(score, score, [7] * 50, varies=False).result is Result.SAME

    def test_rules_that_hide_all_are_not_parity(self) -> None:
        everything = rules(ignore=[{"path": "$**"}, {"path": "text"}])
        found = judged(score, lambda n: said({"score": -n}), by=everything)
        assert found.result is Result.UNKNOWN
        assert found.rules["$**"] == 100

    def test_a_failure_of_legacy_is_skipped(self) -> None:
        found = judged(lambda _: FunctionAnswer(0, failure="the function failed: OSError"), score)
        assert (found.result, [*found.skipped.values()]) == (Result.UNKNOWN, [100])


def test_all_answers_of_one_status_are_noted() -> None:
    assert judged(score, score).notes == ("legacy answered all with 200",)


def test_a_candidate_that_is_much_slower_is_noted() -> None:
    def slow(number: int) -> FunctionAnswer:
        return FunctionAnswer(200, body=score(number).body, took=timedelta(seconds=0.3))

    assert judged(score, slow).slower
    assert not judged(slow, score).slower


def test_cold_starts_are_held_against_cold_starts() -> None:
    def starting(number: int, seconds: float) -> FunctionAnswer:
        took = timedelta(seconds=seconds if number % 10 == 0 else 0.01)
        return FunctionAnswer(200, body=score(number).body, took=took, is_cold=number % 10 == 0)

    found = judged(lambda n: starting(n, 0.5), lambda n: starting(n, 2))
    assert (found.slower, found.slower_cold, found.medians) == (False, True, (10.0, 10.0))
    assert found.cold_medians == (500.0, 2000.0)
    assert not judged(lambda n: starting(n, 0.5), score).slower_cold  # the candidate had none


def test_the_self_check_finds_a_comparison_that_finds_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    self_check.self_check()
    monkeypatch.setattr(Differences, "add", lambda *_: None)
    with pytest.raises(Defect):
        self_check.self_check()


CANARY = "canary-1f0e"


@pytest.mark.parametrize("value", [{"token": CANARY}, {"user": {"apiKey": CANARY}}, {"echo": f"of {CANARY}!"}])
def test_a_secret_is_in_no_example(value: Any) -> None:
    request = asked(1, Authorization=f"Bearer {CANARY}", Cookie=f"s={CANARY}")
    answers = Answers(said(value), said(value), said({"other": 1}))
    found = outcome_of(request, answers, rules(), Shown(), seeded=True)
    assert found.places
    assert CANARY not in repr(found)
    assert CANARY not in repr((request, answers))


def test_equal_secrets_can_be_told_to_be_equal() -> None:
    shown = Shown()
    assert shown.value("$.token", "abc") == shown.value("$.token", "abc") != shown.value("$.token", "abd")
    assert Shown().value("$.token", "abc") != shown.value("$.token", "abc")


def test_rules_of_no_inventory_are_none() -> None:
    assert Rules.of(RouteParity(), TODAY).all == ()
