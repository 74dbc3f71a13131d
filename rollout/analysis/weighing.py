"""The evidence of a step's streams, in numbers: of a fault, and of no harm.

Many streams are weighed at once, since numpy is fast only on large arrays.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from rollout.analysis.bets import Blocks, Floats, Guess, blocks_of, on_no_harm, on_worse
from rollout.analysis.defaults import bounds_of
from rollout.analysis.eprocess import log_no_harm, log_worse, log_worse_by_start
from rollout.analysis.streams import Arm, Stream
from rollout.inventory.ramp_settings import Analysis, Margin, MetricName

FEWEST, PLENTY = 5, 30
"""A Fail needs bad requests in `FEWEST` minutes, or `PLENTY` of them: retries come in one minute."""
_WEIGHTS: Mapping[MetricName, float] = {"server-errors": 6, "lambda-errors": 6}  # of the error budget; others 1
_RATIOS = np.array([1.5, 2, 2.5, 3, 4, 5, 6, 8, 10, 15, 20, 30, 50, 100, 200, 500, 1000])
_ERRORS = (0.001, 2.0)  # what is known of their rate beforehand, and how many requests that is worth: next to nothing
_LATENCIES_WORTH = 100.0  # requests; their rate is known by their quantile
_TOGETHER = 32  # streams whose arrays fit into a processor's cache
_MOST_HARM = 0.999
_EARLIER = 50  # minutes at which earlier faults are looked for; each was the last minute of a look of its own


@dataclass(frozen=True, slots=True)
class Window:
    """The minutes in which the candidate was worse.

    Attributes:
        first: The first of them, from 0.
        candidate: The candidate's bad requests and requests in them.
        legacy: Legacy's.
    """

    first: int
    candidate: tuple[int, int]
    legacy: tuple[int, int]


@dataclass(frozen=True, slots=True, eq=False)
class Evidence:
    """One stream's evidence.

    Attributes:
        stream: The stream.
        harm: The harm to rule out.
        log_worse: The logarithm of the e-value against the tolerance, at its highest.
        log_worse_needed: The level of a Fail.
        log_no_harm: The logarithm of the e-value against harm.
        log_no_harm_needed: The level of a Pass.
        fault: When the candidate was significantly worse than the tolerance, if it was.
        suspicion: The same, with less certainty.
        at_least: How many times worse it is at least, if it is.
        needs: About how many more of the candidate's requests rule out harm; None if unknown.
    """

    stream: Stream
    harm: Margin
    log_worse: float
    log_worse_needed: float
    log_no_harm: float
    log_no_harm_needed: float
    fault: Window | None
    suspicion: Window | None
    at_least: float
    needs: int | None


def shares_of_budget(metrics: Sequence[MetricName]) -> list[float]:
    """The budget of false alarms, split over streams of these metrics: errors are most urgent and get more."""
    weights = [_WEIGHTS.get(metric, 1.0) for metric in metrics]
    return [weight / sum(weights) for weight in weights]


def weigh(streams: Sequence[Stream], alarms: Sequence[float], suspicious: float, analysis: Analysis) -> list[Evidence]:
    """Weigh streams that have requests in both arms.

    Args:
        alarms: The risk of a false alarm, above 0 and below 1, by stream.
        suspicious: The same, for a suspicion.
        analysis: Bounds that differ from the defaults, and the risk of a harmful candidate that passes.
    """
    if not streams:
        return []
    bounds = [bounds_of(stream.metric, analysis)[:2] for stream in streams]
    guess = guessed(streams)
    ratio = np.array([tolerated(stream, tolerance)[0] for stream, (tolerance, _) in zip(streams, bounds, strict=True)])
    harms = np.array([harm_of(stream, harm) for stream, (_, harm) in zip(streams, bounds, strict=True)])
    blocks = _blocks(streams, [stream.candidate for stream in streams])
    harmful = _blocks(streams, [stream.harmful or stream.candidate for stream in streams])
    parts = [slice(start, start + _TOGETHER) for start in range(0, len(streams), _TOGETHER)]
    bets = np.concatenate(
        [on_worse(own := blocks.of(part), guess.of(part), ratio[part]).log_bets(own) for part in parts]
    )
    totals = np.concatenate(
        [
            on_no_harm(own := harmful.of(part), guess.of(part), *harms[part].T).log_bets(own).sum(axis=1)
            for part in parts
        ]
    )
    worse, no_harm, no_harm_needed = log_worse(bets), log_no_harm(totals), -math.log(analysis.missed)
    needed, found = -np.log(alarms), list[Evidence]()
    for n, (stream, (tolerance, harm)) in enumerate(zip(streams, bounds, strict=True)):
        own, above = blocks.of(slice(n, n + 1)), tolerated(stream, tolerance)[1]
        suspicion = _window(own, bets[n], worse[n], min(needed[n], -math.log(suspicious)), above)
        fault = _window(own, bets[n], worse[n], needed[n], above) if suspicion else None
        passes = no_harm[n] >= no_harm_needed
        needs = None if suspicion or passes else _needs(stream, harms[n], totals[n], no_harm_needed)
        numbers = float(worse[n].max()), float(needed[n]), float(no_harm[n]), no_harm_needed
        found.append(Evidence(stream, harm, *numbers, fault, suspicion, 1.0, needs))
    failed = np.array([n for n, each in enumerate(found) if each.fault and not each.stream.latency], dtype=np.int64)
    for n, times in zip(
        failed, _at_least(blocks.of(failed), guess.of(failed), ratio[failed], needed[failed]), strict=True
    ):
        found[n] = replace(found[n], at_least=float(times))
    return found


def tolerated(stream: Stream, tolerance: Margin) -> tuple[float, float]:
    """The tolerated ratio and difference; for a latency its limits are the margin."""
    return (1.0, 0.0) if stream.latency else (1 + tolerance.relative, tolerance.absolute / 100)


def harm_of(stream: Stream, harm: Margin) -> tuple[float, float]:
    """The ratio and the difference to rule out; for a latency its limits are the margin."""
    return (0.0, 0.0) if stream.latency else (harm.relative, min(harm.absolute / 100, _MOST_HARM))


def _blocks(streams: Sequence[Stream], candidates: Sequence[Arm]) -> Blocks:
    """The arms side by side, short ones as if nothing came after them."""
    counts = np.zeros((4, len(streams), max(len(stream.legacy.requests) for stream in streams)))
    for n, (stream, candidate) in enumerate(zip(streams, candidates, strict=True)):
        for kind, numbers in enumerate(
            (candidate.requests, candidate.events, stream.legacy.requests, stream.legacy.events)
        ):
            counts[kind, n, : len(numbers)] = numbers
    return blocks_of(*counts)


def guessed(streams: Sequence[Stream]) -> Guess:
    """What is known of legacy's rates beforehand: a latency's, by its quantile."""
    guesses = [(1 - s.latency.quantile, _LATENCIES_WORTH) if s.latency else _ERRORS for s in streams]
    rate, worth = np.array(guesses).T
    return Guess(rate, worth)


def _window(blocks: Blocks, bets: Floats, evidence: Floats, needed: float, above: float) -> Window | None:
    """When the candidate was worse, if the evidence suffices.

    Only beginnings count from which on the candidate's share of bad requests is more than `above` higher than legacy's
    and they aren't few.
    """
    if evidence.max() < needed:
        return None
    counts = (blocks.candidate, blocks.candidate_bad, blocks.legacy, blocks.legacy_bad, blocks.candidate_bad > 0)
    sums = [np.concatenate([[0.0], np.cumsum(count[0])]) for count in counts]
    enough = np.flatnonzero(evidence >= needed)
    for until in map(int, (enough[-1], evidence.argmax(), *enough[:: len(enough) // _EARLIER + 1])):
        requests, bad, others, others_bad, times = (total[until + 1] - total[: until + 1] for total in sums)
        with np.errstate(invalid="ignore"):  # a minute that is padding
            counted = (bad / requests - others_bad / others > above) & ((times >= FEWEST) | (bad >= PLENTY))
        if counted.any():
            parts = np.where(counted, log_worse_by_start(bets, until), -np.inf)
            first = int(parts.argmax())
            if parts[first] + math.log(np.exp(parts - parts[first]).sum()) >= needed:
                began = int(blocks.ends[0, first - 1]) + 1 if first else 0
                return Window(
                    began, (int(bad[first]), int(requests[first])), (int(others_bad[first]), int(others[first]))
                )
    return None


def _at_least(blocks: Blocks, guess: Guess, ratio: Floats, needed: Floats) -> Floats:
    """How many times worse each candidate surely is: the highest ratio that the same evidence excludes."""
    ladders = np.maximum(np.array([0, *_RATIOS]), ratio[:, None])
    each = np.arange(len(ratio))
    low, high = np.zeros_like(each), np.full_like(each, ladders.shape[1] - 1)
    while (low < high).any():
        middle = (low + high + 1) // 2
        excluded = log_worse(on_worse(blocks, guess, ladders[each, middle]).log_bets(blocks)).max(axis=1) >= needed
        low, high = np.where(excluded, middle, low), np.where(excluded, high, middle - 1)
    return np.asarray(ladders[each, low])


def _needs(stream: Stream, harm: Floats, totals: Floats, needed: float) -> int | None:
    """How many more requests it takes if all goes on as it did, and as legacy does where little was seen."""
    arm = stream.harmful or stream.candidate
    requests, others = float(arm.requests.sum()), float(stream.legacy.requests.sum())
    base = float(stream.legacy.events.sum()) / others
    usual = base / 2 if stream.latency else base
    rate = (float(arm.events.sum()) + usual * 100) / (requests + 100)
    gains = growth_of_no_harm(others / requests, rate, base, float(harm[0]), float(harm[1]))[0]
    missing = needed + math.log(totals.size) - totals
    left = [lack / gain for lack, gain in zip(missing, gains, strict=True) if gain > 0]
    return max(1, math.ceil(min(left))) if left else None


def growth_of_no_harm(
    share: float, rate: float, base: float, relative: float, absolute: float
) -> tuple[Floats, Floats]:
    """How much evidence against harm one request of the candidate brings, by alternative.

    Args:
        share: Requests of legacy for each of the candidate's, above 0.
        rate: The candidate's rate, 0 to 1.
        base: Legacy's rate, 0 to 1.
        relative: The harm's ratio.
        absolute: The harm's difference of shares, 0 to 1.

    Returns:
        Means and variances of logarithms of e-values.
    """
    one, guess = _expected(share, rate, base)
    bets = on_no_harm(one, guess, np.array([relative]), np.array([absolute]))
    return bets.log_bets(one)[0, 0], bets.spread(one)[0, 0]


def growth_of_worse(share: float, rate: float, base: float, ratio: float) -> tuple[Floats, Floats]:
    """How much evidence of more than `ratio` times legacy's rate it brings; the rest as above."""
    one, guess = _expected(share, rate, base)
    bets = on_worse(one, guess, np.array([ratio]))
    return bets.log_bets(one)[0, 0], bets.spread(one)[0, 0]


def _expected(share: float, rate: float, base: float) -> tuple[Blocks, Guess]:
    candidate, bad, legacy, legacy_bad = (np.array([[count]]) for count in (1.0, rate, share, base * share))
    ends = np.zeros((1, 1), dtype=np.int64)
    known = Guess(np.array([base]), np.array([1.0]))
    return Blocks(candidate, bad, legacy, legacy_bad, ends), known
