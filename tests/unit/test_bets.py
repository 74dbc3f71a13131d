"""That the bets are fair: worked out over all outcomes, not drawn."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from rollout.analysis import bets as strategies
from rollout.analysis import eprocess
from rollout.analysis.bets import Blocks, Guess

SIZES = st.tuples(st.integers(1, 12), st.integers(1, 12))
RATES = st.floats(0.001, 0.999)


def binomial(bad: np.ndarray, requests: int, share: float) -> np.ndarray:
    """The chance of each number of bad answers among few requests, exactly."""
    ways = np.array([math.comb(requests, int(count)) for count in bad.flat], dtype=float).reshape(bad.shape)
    return np.asarray(ways * share**bad * (1 - share) ** (requests - bad))


def outcomes(candidate: int, legacy: int) -> Blocks:
    """Every pair of counts that a block can end with, each as a stream whose first block was the same for all."""
    bad = np.array(list(itertools.product(range(candidate + 1), range(legacy + 1))), dtype=float)
    first, many = np.array([20.0, 2.0, 20.0, 3.0]), len(bad)
    second = np.column_stack([np.full(many, candidate), bad[:, 0], np.full(many, legacy), bad[:, 1]])
    counts = np.stack([np.tile(first, (many, 1)), second], axis=1)
    ends = np.tile(np.arange(2), (many, 1))
    return Blocks(counts[:, :, 0], counts[:, :, 1], counts[:, :, 2], counts[:, :, 3], ends)


def expectation(blocks: Blocks, log_bets: np.ndarray, q: float, p: float) -> float:
    """The highest expectation of the second block's e-values, if the rates are q and p."""
    candidate, legacy = int(blocks.candidate[0, 1]), int(blocks.legacy[0, 1])
    chance = binomial(blocks.candidate_bad[:, 1], candidate, q) * binomial(blocks.legacy_bad[:, 1], legacy, p)
    return float((chance[:, None] * np.exp(log_bets[:, 1])).sum(axis=0).max())


def guesses(blocks: Blocks, rate: float, worth: float = 500.0) -> Guess:
    return Guess(np.full(len(blocks.candidate), rate), np.full(len(blocks.candidate), worth))


@given(SIZES, RATES, RATES, st.floats(1, 4), RATES)
def test_a_bet_on_worse_gains_nothing_by_expectation_up_to_the_tolerance(
    sizes: tuple[int, int], guess: float, p: float, ratio: float, part: float
) -> None:
    blocks = outcomes(*sizes)
    bets = strategies.on_worse(blocks, guesses(blocks, guess), np.full(len(blocks.candidate), ratio)).log_bets(blocks)
    for q in (min(1.0, ratio * p), min(1.0, ratio * p) * part):
        assert expectation(blocks, bets, q, p) <= 1 + 1e-9


@given(SIZES, RATES, RATES, st.floats(0.0001, 0.5), RATES)
def test_a_bet_on_more_gains_nothing_by_expectation_up_to_the_tolerance(
    sizes: tuple[int, int], guess: float, p: float, shift: float, part: float
) -> None:
    blocks = outcomes(*sizes)
    bets = strategies.on_more(blocks, guesses(blocks, guess), np.full(len(blocks.candidate), shift)).log_bets(blocks)
    assert not np.isnan(bets).any()
    for q in (min(1.0, p + shift), min(1.0, p + shift) * part):
        assert expectation(blocks, bets, q, p) <= 1 + 1e-9


@given(SIZES, RATES, RATES)
def test_without_legacy_a_bet_is_fair_up_to_what_is_let_by(sizes: tuple[int, int], allowed: float, part: float) -> None:
    blocks = outcomes(sizes[0], 0)
    let_by = np.full_like(blocks.legacy, allowed)
    bets = strategies.on_worse(blocks, guesses(blocks, 0.001), np.ones(len(let_by)), let_by).log_bets(blocks)
    for q in (allowed, allowed * part):
        assert expectation(blocks, bets, q, 0.5) <= 1 + 1e-9


@given(SIZES, RATES, RATES, st.tuples(st.floats(0, 3), st.floats(0, 0.4)), RATES)
@example((12, 1), 0.9, 0.5, (0.0, 0.1), 0.5)  # where legacy's stake is as high as it may be
def test_a_bet_on_no_harm_gains_nothing_by_expectation_from_the_harm_on(
    sizes: tuple[int, int], guess: float, p: float, harm: tuple[float, float], part: float
) -> None:
    relative, absolute = harm
    border = p + max(relative * p, absolute)
    blocks = outcomes(*sizes)
    margins = (np.full(len(blocks.candidate), margin) for margin in (relative, absolute))
    bets = strategies.on_no_harm(blocks, guesses(blocks, guess), *margins).log_bets(blocks)
    assert np.isfinite(bets).all()
    if border < 1:
        for q in (border, border + (1 - border) * part):
            assert expectation(blocks, bets, q, p) <= 1 + 1e-9


@given(st.integers(1, 30), RATES, RATES)
def test_a_bet_against_a_ceiling_is_fair(requests: int, ceiling: float, part: float) -> None:
    bad = np.arange(requests + 1.0)[:, None]
    for worse, rate in ((True, ceiling * part), (False, ceiling + (1 - ceiling) * part)):
        bets = strategies.alone(np.full_like(bad, requests), bad, np.full(len(bad), ceiling), worse=worse)[:, 0]
        for q in (ceiling, rate):
            assert (binomial(bad, requests, q) * np.exp(bets)).sum(axis=0).max() <= 1 + 1e-9


def test_for_rare_events_a_bet_is_the_conditional_binomial_test() -> None:
    counts = (np.array([[count]]) for count in (50, 3, 950, 1))
    blocks = strategies.blocks_of(*counts)
    bets = strategies.on_worse(blocks, guesses(blocks, 1e-6), np.array([1.25])).log_bets(blocks)[0, 0]
    shares = [50 * ratio / (50 * ratio + 950) for ratio in (1.25, *1.25 * strategies.WORSE)]
    likelihoods = np.array([4 * share**3 * (1 - share) for share in shares])
    assert bets == pytest.approx(np.log(likelihoods[1:] / likelihoods[0]), abs=0.05)


def test_the_weights_of_beginnings_are_a_budget() -> None:
    assert 0.95 < eprocess.start_weights(10**6).sum() <= 1


def test_a_fault_that_begins_late_is_found_by_its_own_minutes() -> None:
    quiet, loud = np.full((1, 300, len(strategies.WORSE)), -0.5), np.full((1, 8, len(strategies.WORSE)), 4.0)
    evidence = eprocess.log_worse(np.concatenate([quiet, loud], axis=1))[0]
    assert evidence[299] < 0
    assert evidence[-1] > 8 * 4.0 + math.log(eprocess.start_weights(301)[-1])
    assert eprocess.log_worse_by_start(np.concatenate([quiet, loud], axis=1)[0], 307).argmax() == 300


def test_minutes_with_one_arm_alone_are_joined_with_those_that_follow() -> None:
    blocks = strategies.blocks_of(
        np.array([[0, 2, 0, 0, 3, 1]]),
        np.array([[0, 1, 0, 0, 0, 1]]),
        np.array([[5, 0, 0, 4, 9, 0]]),
        np.array([[1, 0, 0, 0, 2, 0]]),
    )
    assert blocks.candidate.tolist() == [[2, 3]]
    assert blocks.candidate_bad.tolist() == [[1, 0]]
    assert blocks.legacy.tolist() == [[5, 13]]
    assert blocks.legacy_bad.tolist() == [[1, 2]]
    assert blocks.ends.tolist() == [[1, 4]]
