"""Bets on two arms that run side by side: what each request with or without an error says about their rates.

In each minute, there is a bet on each request against a hypothesis on the rates p of legacy's bad requests and q of
the candidate's: q ≤ a + r·p, or q ≥ a + r·p. For a chosen point on that line, θ_c = a + r·θ_l, and stakes d of
opposite signs with n_c·d_c·r + n_l·d_l = 0, the product over a minute's requests

    e = ∏_c (1 + d_c·(y - θ_c)) · ∏_l (1 + d_l·(y - θ_l))        (y is 1 for a bad request, else 0)

has by 1 + x ≤ exp(x) an expectation of at most exp(n_c·d_c·(q - a - r·p)), which is at most 1 under the hypothesis,
whatever p is and however high. So a product of minutes whose points and stakes are chosen before the minute is a
nonnegative supermartingale, even where p changes from minute to minute.

The point and stakes that gain the most are the likelihood ratio of an alternative to the nearest point of the line:
the e-variables of Turner, Ly and Grünwald, "Generic E-variables for exact sequential k-sample tests that allow for
optional stopping", 2021. For rare events they come to the conditional binomial test, the likelihood ratio of the
candidate's share of the events. That one is valid for frequent events as well, by the same inequality (and by
Hoeffding 1963, theorem 4, at equal rates), but throws half of the evidence away at a median.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

WORSE = np.array([1.8, 4.0, 9.0, 40.0, 400.0])
"""The faults to look for: odds ratios to the border of the tolerance."""
BETTER = np.array([0.0, 0.3, 0.55, 0.8])
"""The good candidates to look for: from as good as legacy to the border of harm, by log odds."""
_BETTER_THAN_AS_GOOD = np.array([0.04, 0.2, 0.5, 0.75])  # odds ratios, where as good as legacy is the border of harm
_LEAST = 1e-6
_NEXT_TO_0 = 1e-12
_MOST = 0.9  # of what can be staked on legacy where the nearest point isn't known exactly
_RARE = 0.05  # below it a bet goes by ratios alone
_RECENT = 10  # blocks that tell legacy's rate where it has fallen
_HALVINGS = 40
PATIENCE, ABSENT = 5, 10
"""The candidate's requests wait for so many minutes, and for so many of legacy's usual requests, and then no more."""


@dataclass(frozen=True, slots=True, eq=False)
class Blocks:
    """Counts of both arms by stream and block; those after a stream's last are 0.

    A block is a minute, or as many as it takes until both arms have a request. Where legacy is silent for long while
    the candidate isn't, a block is the candidate's alone.

    Attributes:
        candidate: The candidate's requests.
        candidate_bad: Those of them that count as bad.
        legacy: Legacy's requests.
        legacy_bad: Those of them that count as bad.
        ends: The last minute of each block, from 0.
    """

    candidate: Floats
    candidate_bad: Floats
    legacy: Floats
    legacy_bad: Floats
    ends: NDArray[np.int64]

    def of(self, streams: slice | NDArray[np.int64]) -> Blocks:
        """Some streams'."""
        return Blocks(
            self.candidate[streams],
            self.candidate_bad[streams],
            self.legacy[streams],
            self.legacy_bad[streams],
            self.ends[streams],
        )


def blocks_of(candidate: Floats, candidate_bad: Floats, legacy: Floats, legacy_bad: Floats) -> Blocks:
    """Join minutes in which an arm had no requests with those that follow, and leave out what stays alone.

    Only requests decide, never what became of them. The candidate's don't wait for ever: see `Blocks`.

    Args:
        candidate: Requests, by stream and minute.
        candidate_bad: Those of them that count as bad.
        legacy: Requests.
        legacy_bad: Those of them that count as bad.
    """
    counts = np.stack([candidate, candidate_bad, legacy, legacy_bad]).astype(float)
    minutes = counts.shape[2]
    alone = np.flatnonzero(((candidate > 0) != (legacy > 0)).any(axis=0))
    asked = counts[0] > 0
    waited, usual = np.zeros(len(candidate)), np.cumsum(counts[2], axis=1) / np.maximum(np.cumsum(asked, axis=1), 1)
    whole = (counts[0] > 0) & (counts[2] > 0)
    for minute in range(int(alone[0]) if alone.size else minutes, minutes):
        ours, theirs = counts[0, :, minute] > 0, counts[2, :, minute] > 0
        waited = np.where(theirs, 0, waited + asked[:, minute])
        silent = (waited >= PATIENCE) & (waited * usual[:, minute] >= ABSENT)
        whole[:, minute] = ours & (theirs | silent)
        waiting = ~whole[:, minute]
        if minute + 1 < minutes:
            counts[:, waiting, minute + 1] += counts[:, waiting, minute]
            counts[:, waiting, minute] = 0
    most = max(1, int(whole.sum(axis=1).max(initial=0)))
    order = np.argsort(~whole, axis=1, kind="stable")[:, :most]
    kept = np.take_along_axis(counts * whole, order[None], axis=2)
    return Blocks(kept[0], kept[1], kept[2], kept[3], order)


@dataclass(frozen=True, slots=True, eq=False)
class Bets:
    """Bets on each request, by stream, block and alternative.

    Attributes:
        candidate_point: The candidate's rate at the point of the hypothesis, above 0 and below 1.
        candidate_stake: The gain of a bad request for each part above the point.
        legacy_point: Legacy's rate there.
        legacy_stake: The same for legacy.
    """

    candidate_point: Floats
    candidate_stake: Floats
    legacy_point: Floats
    legacy_stake: Floats

    def log_bets(self, blocks: Blocks) -> Floats:
        """Logarithms of the e-values, by stream, block and alternative."""
        candidate = _log_product(
            blocks.candidate[:, :, None], blocks.candidate_bad[:, :, None], self.candidate_point, self.candidate_stake
        )
        candidate += _log_product(
            blocks.legacy[:, :, None], blocks.legacy_bad[:, :, None], self.legacy_point, self.legacy_stake
        )
        return candidate

    def spread(self, blocks: Blocks) -> Floats:
        """The variances of the logarithms, if the counts are expectations."""
        return _variance(
            blocks.candidate, blocks.candidate_bad, self.candidate_point, self.candidate_stake
        ) + _variance(blocks.legacy, blocks.legacy_bad, self.legacy_point, self.legacy_stake)


@dataclass(frozen=True, slots=True, eq=False)
class Guess:
    """Legacy's prior rates, by stream.

    Attributes:
        rate: Above 0 and below 1.
        worth: The number of legacy's requests that it is worth, above 0.
    """

    rate: Floats
    worth: Floats

    def of(self, streams: slice | NDArray[np.int64]) -> Guess:
        """Some streams'."""
        return Guess(self.rate[streams], self.worth[streams])


def on_worse(blocks: Blocks, guess: Guess, ratio: Floats, alone: Floats | None = None) -> Bets:
    """Bets against "the candidate's rate is at most `ratio` times legacy's", for each of `WORSE`.

    Rare events are bet on by their ratio alone, the conditional test: what legacy's rate was before, in a failure of
    both perhaps, is nothing to it.

    Args:
        guess: Legacy's rates before anything is known of them.
        ratio: Above 0, by stream.
        alone: By stream and block, the rate that is let by where the candidate is alone; none is judged without.
    """
    weight, steep = _candidate_weight(blocks), ratio[:, None, None]
    base = rate_before(blocks, guess)[:, :, None]
    rare = base < _RARE
    if rare.all():
        return _with_single(_conditional(weight, steep), blocks, alone)
    rate = _odds_times(np.minimum(steep * base, 1 - _LEAST), WORSE)
    point = _nearest(weight, rate, base, steep)
    border = np.clip(steep * point, _NEXT_TO_0, 1 - _NEXT_TO_0)
    stake = np.maximum(rate - border, 0) / (border * (1 - border))
    bets = Bets(border, stake, point, -stake * steep * weight / (1 - weight))
    if rare.any():
        bets = _chosen(rare, _conditional(weight, steep), bets)
    return _with_single(bets, blocks, alone)


def on_more(blocks: Blocks, guess: Guess, shift: Floats, alone: Floats | None = None) -> Bets:
    """Bets against "the candidate's rate is at most legacy's and `shift`"; the rest as `on_worse`.

    Args:
        guess: Legacy's rates before anything is known of them.
        shift: A difference of shares, 0 to 1, by stream.
        alone: As for `on_worse`.
    """
    weight, more = _candidate_weight(blocks), shift[:, None, None]
    base = np.minimum(rate_before(blocks, guess)[:, :, None], 1 - more - _LEAST)
    rate = _odds_times(base + more, WORSE)
    low, high = np.broadcast_to(base, rate.shape), np.maximum(rate - more, base)
    for _ in range(_HALVINGS):  # the nearest point: where what both arms pull with is the same
        point = (low + high) / 2
        border = point + more
        ours, theirs = weight * (border - rate) / (border * (1 - border)), (1 - weight) * (point - base)
        below = ours + theirs / (point * (1 - point)) < 0
        low, high = np.where(below, point, low), np.where(below, high, point)
    border = low + more
    stake = np.maximum(rate - border, 0) / (border * (1 - border))
    return _with_single(Bets(border, stake, low, -stake * weight / (1 - weight)), blocks, alone)


def _conditional(weight: Floats, steep: Floats) -> Bets:
    """Likelihood ratios of the candidate's share of the bad requests; the points are 0, as only bad requests count."""
    even, odds = weight * steep + 1 - weight, weight * steep * WORSE + 1 - weight
    nothing = np.zeros((1, 1, 1))
    return Bets(nothing, WORSE * even / odds - 1, nothing, even / odds - 1)


def _chosen(mask: NDArray[np.bool_], these: Bets, others: Bets) -> Bets:
    return Bets(
        np.where(mask, these.candidate_point, others.candidate_point),
        np.where(mask, these.candidate_stake, others.candidate_stake),
        np.where(mask, these.legacy_point, others.legacy_point),
        np.where(mask, these.legacy_stake, others.legacy_stake),
    )


def _with_single(bets: Bets, blocks: Blocks, allowed: Floats | None) -> Bets:
    """The same bets, and others where the candidate is alone."""
    single = ((blocks.legacy == 0) & (blocks.candidate > 0))[:, :, None]
    if not single.any():
        return bets
    border = np.clip(np.ones_like(blocks.legacy) if allowed is None else allowed, _LEAST, 1 - _LEAST)[:, :, None]
    stake = np.maximum(_odds_times(border, WORSE) - border, 0) / (border * (1 - border))
    nothing = np.zeros_like(border)
    return _chosen(single, Bets(border, stake, nothing, nothing), bets)


def highest_recent(blocks: Blocks) -> Floats:
    """What legacy's rate was at most before each block, by its last requests: three standard deviations higher."""
    requests, bad = _recent(blocks.legacy), _recent(blocks.legacy_bad)
    known = requests > 0
    requests, bad = (
        np.where(known, each, _before(whole)) for each, whole in ((requests, blocks.legacy), (bad, blocks.legacy_bad))
    )
    return np.asarray(np.minimum(_upper(bad) / np.maximum(requests, 1), 1))


def on_no_harm(blocks: Blocks, guess: Guess, relative: Floats, absolute: Floats) -> Bets:
    """Bets against "the candidate's rate is above legacy's by `relative` and by `absolute`", for each of `BETTER`.

    Each block bets against the wider bound, by the counts of earlier blocks. A block with more requests than these
    is left out: a bet on so many at a wrong rate loses more than later ones can win back.

    Args:
        guess: Legacy's rates before anything is known of them.
        relative: A ratio, 0.5 for half as much again, by stream.
        absolute: A difference of shares, 0 to 1, by stream.
    """
    weight = _candidate_weight(blocks)
    base = rate_before(blocks, guess)[:, :, None]
    steep = 1 + relative[:, None, None]
    by_ratio = relative[:, None, None] * base >= absolute[:, None, None]
    ratio, shift = np.where(by_ratio, steep, 1.0), np.where(by_ratio, 0.0, absolute[:, None, None])
    border = np.minimum(ratio * base + shift, 1 - _LEAST)
    span = np.log(border / (1 - border)) - np.log(base / (1 - base))
    rate = _odds_times(border, np.where(span > _LEAST, np.exp(span * (BETTER - 1)), _BETTER_THAN_AS_GOOD))
    point = np.where(by_ratio, _nearest(weight, rate, base, ratio), _near(weight, rate, base, shift))
    border = np.clip(ratio * point + shift, _NEXT_TO_0, 1 - _NEXT_TO_0)
    known = np.maximum(_before(blocks.candidate), _before(blocks.legacy)) + guess.worth[:, None]
    taken = (blocks.candidate <= known) & (blocks.legacy > 0)
    stake = np.where(taken[:, :, None], np.minimum(rate - border, 0), 0) / (border * (1 - border))
    back = np.minimum(-stake * ratio * weight / (1 - weight), _MOST / point)
    stake = np.maximum(stake, -back * (1 - weight) / (ratio * weight))
    return Bets(border, stake, point, back)


def alone(requests: Floats, bad: Floats, ceiling: Floats, *, worse: bool) -> Floats:
    """Bets against "the rate is at most `ceiling`", or at least, where there is one arm.

    Args:
        requests: By stream and minute.
        bad: Those of them that count as bad.
        ceiling: Above 0 and below 1, by stream.
        worse: Whether to bet on a rate above the ceiling.

    Returns:
        Logarithms of the e-values by stream, minute and alternative.
    """
    point = ceiling[:, None, None]
    rate = _odds_times(point, WORSE if worse else _BETTER_THAN_AS_GOOD)
    return _log_product(requests[:, :, None], bad[:, :, None], point, (rate - point) / (point * (1 - point)))


def rate_before(blocks: Blocks, guess: Guess) -> Floats:
    """Legacy's rate before each block, by stream and block.

    It uses all that came before, or the last minutes if they are surely below: a failure that is over is forgotten.
    And only legacy's counts: if the candidate's counted, one more bad request could improve its verdict.
    """
    worth = guess.worth[:, None]
    rate = (_before(blocks.legacy_bad) + guess.rate[:, None] * worth) / (_before(blocks.legacy) + worth)
    requests = _recent(blocks.legacy)
    recent = np.where(requests > 0, _upper(_recent(blocks.legacy_bad)) / np.maximum(requests, 1), 1)
    return np.asarray(np.clip(np.minimum(rate, recent), _LEAST, 1 - _LEAST))


def _recent(counts: Floats) -> Floats:
    """What was counted in the last blocks before each."""
    before = _before(counts)
    recent = before.copy()
    recent[:, _RECENT:] -= before[:, : max(0, before.shape[1] - _RECENT)]
    return np.maximum(recent, 0)  # sums of shares are rounded


def _upper(count: Floats) -> Floats:
    return np.asarray(count + 3 * np.sqrt(count) + 3)


def _before(counts: Floats) -> Floats:
    """The counts before each block."""
    return np.maximum(np.cumsum(counts, axis=1) - counts, 0)


def _candidate_weight(blocks: Blocks) -> Floats:
    """The candidate's share of a block's requests; any where there are none."""
    both = blocks.candidate + blocks.legacy
    paired = (blocks.candidate > 0) & (blocks.legacy > 0)
    return np.asarray(np.where(paired, blocks.candidate / np.maximum(both, _NEXT_TO_0), 0.5)[:, :, None])


def _odds_times(rate: Floats, factor: Floats) -> Floats:
    return np.asarray(np.minimum(rate * factor / (1 - rate + rate * factor), 1 - _LEAST))


def _nearest(weight: Floats, rate: Floats, base: Floats, ratio: Floats) -> Floats:
    """Legacy's rate at the point of q = ratio·p that is nearest to (base, rate) by relative entropy.

    It is the smaller root of ratio·t² - (w·(rate + ratio) + (1 - w)·(1 + base·ratio))·t + w·rate + (1 - w)·base.
    """
    product = weight * rate + (1 - weight) * base
    total = weight * (rate + ratio) + (1 - weight) * (1 + base * ratio)
    root = np.sqrt(np.maximum(total**2 - 4 * ratio * product, 0))
    return np.asarray(np.maximum(2 * product / (total + root), _NEXT_TO_0))


def _near(weight: Floats, rate: Floats, base: Floats, shift: Floats) -> Floats:
    """Legacy's rate at the point of q = p + shift that is nearest by variances; a cubic's root would gain little."""
    risen = np.minimum(base + shift, 0.5)
    tight, loose = (1 - weight) * risen * (1 - risen), weight * base * (1 - base)
    point = (loose * (rate - shift) + tight * base) / (loose + tight)
    return np.asarray(np.clip(point, base / 10, 1 - shift))


def _log_product(requests: Floats, bad: Floats, point: Floats, stake: Floats) -> Floats:
    if not point.any():
        return np.asarray(bad * np.log1p(stake))
    return np.asarray(bad * np.log1p(stake * (1 - point)) + (requests - bad) * np.log1p(-stake * point))


def _variance(requests: Floats, bad: Floats, point: Floats, stake: Floats) -> Floats:
    rate = (bad / requests)[:, :, None]
    step = np.log1p(stake * (1 - point)) - np.log1p(-stake * point)
    return np.asarray(requests[:, :, None] * rate * (1 - rate) * step**2)
