"""The evidence of a step's streams, in numbers: of a fault, and of no harm.

Many streams are weighed at once, since numpy is fast only on large arrays.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from rollout.analysis.bets import (
    Blocks,
    Floats,
    Guess,
    highest_recent,
    on_more,
    on_no_harm,
    on_worse,
    rate_before,
)
from rollout.analysis.defaults import bounds_of
from rollout.analysis.dispersion import phis
from rollout.analysis.eprocess import (
    log_no_harm,
    log_sum,
    log_worse,
    log_worse_by_start,
    log_worse_since,
)
from rollout.analysis.metrics import Count
from rollout.analysis.ruling_out import rule_out
from rollout.analysis.side_by_side import by_minute, side_by_side
from rollout.analysis.streams import Kind, Stream
from rollout.inventory.ramp_settings import Analysis, Margin, MetricName

FEWEST, PLENTY = 5, 30
"""A Fail needs bad requests in `FEWEST` minutes, or `PLENTY` of them: retries come in one minute."""
_WEIGHTS: Mapping[MetricName, float] = {"server-errors": 6, "lambda-errors": 6}  # of the error budget; others 1
_RATIOS = np.array([1.5, 2, 2.5, 3, 4, 5, 6, 8, 10, 15, 20, 30, 50, 100, 200, 500, 1000])
_ERRORS = (0.001, 2.0)  # what is known of their rate beforehand, and how many requests that is worth: next to nothing
_LATENCIES_WORTH = 100.0  # requests; their rate is known by their quantile
_TOGETHER, _CACHED = 160, 32  # streams that are weighed at once, and those whose arrays fit into a processor's cache
BAKE = 30
"""How many minutes a step is watched at least, if nobody says."""
_MOST_HARM = 0.999
_KNOWN = 3.0
_MORE = np.unique(np.geomspace(1, 1e9, 2000).round())  # requests that may be missing, within a per cent
_MORE_SLOW, _MOST_SLOW = 0.5, 0.05
_EARLIER = 50  # minutes at which earlier faults are looked for; each was the last minute of a look of its own


@dataclass(frozen=True, slots=True)
class WorseMinutes:
    """The minutes in which the candidate was worse.

    Attributes:
        first: The first of them, from 0.
        candidate: The candidate's bad requests and requests in them.
        legacy: Legacy's.
    """

    first: int
    candidate: Count
    legacy: Count


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
        log_lately_worse: The logarithm of the evidence against the tolerance of late, at its highest.
        log_lately_worse_needed: The level of a suspicion.
        at_least: How many times worse it is at least, if it is.
        needs: About how many more of the candidate's requests rule out harm; None if unknown.
        phi: How many bad requests count as one.
        sufficed: How many of the candidate's requests first ruled out harm; infinite if none did.
    """

    stream: Stream
    harm: Margin
    log_worse: float
    log_worse_needed: float
    log_no_harm: float
    log_no_harm_needed: float
    fault: WorseMinutes | None
    log_lately_worse: float
    log_lately_worse_needed: float
    at_least: float
    needs: int | None
    phi: float
    sufficed: float

    @property
    def suspicion(self) -> bool:
        """Whether it was lately worse, with less certainty than a fault takes."""
        return self.log_lately_worse >= self.log_lately_worse_needed


def shares_of_budget(metrics: Sequence[MetricName], parts: Sequence[float] | None = None) -> list[float]:
    """The budget of false alarms, split over streams of these metrics: errors are most urgent and get more.

    Args:
        parts: How much of its metric's each has; 1 if left out.
    """
    each = zip(metrics, parts or [1.0] * len(metrics), strict=True)
    weights = [_WEIGHTS.get(metric, 1.0) * part for metric, part in each]
    return [weight / sum(weights) for weight in weights]


def weigh(
    streams: Sequence[Stream],
    alarms: Sequence[float],
    suspicious: Sequence[float],
    analysis: Analysis,
    *,
    bake: int = BAKE,
    together: dict[Kind, Floats] | None = None,
) -> list[Evidence]:
    """Weigh streams that have requests in both arms.

    Args:
        alarms: The risk of a false alarm, above 0 and below 1, by stream.
        suspicious: The same, for a suspicion.
        analysis: Bounds that differ from the defaults, and the risk of a harmful candidate that passes.
        bake: How many minutes a step is watched at least, 0 or more.
        together: Gets each kind's logarithms of bets, by minute and member of `WORSE`, summed over its streams.
    """
    found, sums = list[Evidence](), {} if together is None else together
    needed, lately, phi = -np.log(np.array(alarms)), -np.log(np.array(suspicious)), phis(streams, analysis)
    for start in range(0, len(streams), _TOGETHER):
        some = slice(start, start + _TOGETHER)
        found += _weigh(streams[some], needed[some], lately[some], analysis, (bake, phi[some], sums))
    return found


def _weigh(
    streams: Sequence[Stream],
    needed: Floats,
    suspicious: Floats,
    analysis: Analysis,
    also: tuple[int, Floats, dict[Kind, Floats]],
) -> list[Evidence]:
    bake, phi, together = also
    bounds = [bounds_of(stream.metric, analysis) for stream in streams]
    guess = guessed(streams)
    ratio, shift = np.array([tolerated(s, tolerance) for s, (tolerance, *_) in zip(streams, bounds, strict=True)]).T
    harms = np.array([harm_of(stream, harm) for stream, (_, harm, _) in zip(streams, bounds, strict=True)])
    blocks, penalty = side_by_side([(stream.legacy, stream.candidate) for stream in streams])
    harmful = blocks
    if any(stream.harmful for stream in streams):
        harmful, _ = side_by_side([(stream.legacy, stream.harmful or stream.candidate) for stream in streams])
    alone = allowed_alone(blocks, ratio, shift)
    parts = [slice(start, start + _CACHED) for start in range(0, len(streams), _CACHED)]
    by_ratio = np.concatenate(
        [on_worse(own := blocks.of(part), guess.of(part), ratio[part], alone[part]).log_bets(own) for part in parts]
    )
    against_harm = np.concatenate(
        [on_no_harm(own := harmful.of(part), guess.of(part), *harms[part].T).log_bets(own) for part in parts]
    )
    slow = np.array([n for n, stream in enumerate(streams) if stream.legacy_harmful], dtype=np.int64)
    if slow.size:
        against_harm[slow] = _of_latencies([streams[n] for n in slow], harmful.of(slow), against_harm[slow])
    by_ratio /= phi[:, None, None]
    against_harm /= phi[:, None, None]
    for kind in {stream.kind for stream in streams}:
        rows = np.array([stream.kind == kind for stream in streams])
        sums = by_minute(blocks.of(np.flatnonzero(rows)), by_ratio[rows])
        together[kind] = together[kind] + sums if kind in together else sums
    worse = log_worse(by_ratio)
    needed, no_harm_needed = needed + penalty, -math.log(analysis.missed) + penalty
    found = list[Evidence]()
    for n, (stream, (_, harm, _)) in enumerate(zip(streams, bounds, strict=True)):
        one, bets, evidence, fault = blocks.of(slice(n, n + 1)), [by_ratio[n]], worse[n], None
        no_harm, first, weakest, sufficed = rule_out(one, against_harm[n], no_harm_needed, bake)
        lately = log_worse_since(bets[0][first:])
        if not stream.latency and max(evidence.max() - needed[n], lately.max() - suspicious[n]) >= 0:
            some = slice(n, n + 1)  # both bounds must be exceeded, and so both hypotheses refuted
            bets.append(on_more(one, guess.of(some), shift[some], alone[some]).log_bets(one)[0] / phi[n])
            evidence = np.minimum(evidence, log_worse(bets[1][None])[0])
            lately = np.minimum(lately, log_worse_since(bets[1][first:]))
        fault = _window(one, bets, evidence, needed[n])
        needs = None
        if no_harm < no_harm_needed:
            needs = _needs(stream, harms[n], phi[n] * against_harm[n, weakest:].sum(axis=0), phi[n] * no_harm_needed)
        levels = float(evidence.max()), float(needed[n]), no_harm, no_harm_needed
        late = float(lately.max()), float(suspicious[n])
        found.append(Evidence(stream, harm, *levels, fault, *late, 1.0, needs, float(phi[n]), sufficed))
    failed = np.array([n for n, each in enumerate(found) if each.fault and not each.stream.latency], dtype=np.int64)
    for n, times in zip(
        failed, _at_least(blocks.of(failed), guess.of(failed), ratio[failed], needed[failed], phi[failed]), strict=True
    ):
        found[n] = replace(found[n], at_least=float(times))
    return found


def _of_latencies(streams: Sequence[Stream], above: Blocks, log_bets: Floats) -> Floats:
    """Bets against harm for latencies of any shape.

    If nearly as many of legacy's requests are above the harmful limit as above its own, because latencies are all the
    same, or spread over decades, or the same few are cold, then no number of requests tells an equal candidate from a
    harmful one. So harm is also that more of the candidate's requests are above the harmful limit than of legacy's, by
    `_MORE_SLOW` of the share beyond the quantile, at most `_MOST_SLOW` of all; both must be exceeded. As for errors
    each block bets against the wider bound, by legacy's counts before.

    Args:
        streams: Latencies.
        above: Legacy's counts above its own limit and the candidate's above the harmful one.
        log_bets: The bets on these.
    """
    beyond = np.array([1 - stream.latency.quantile for stream in streams if stream.latency])
    shares = np.minimum(_MORE_SLOW * beyond, _MOST_SLOW)
    both, _ = side_by_side([(s.legacy_harmful or s.legacy, s.harmful or s.candidate) for s in streams])
    guess = Guess(shares, np.full(len(streams), _ERRORS[1]))
    same = slice(both.ends.shape[1])  # blocks of the same requests, which may have more padding beside other metrics
    wider = rate_before(both, guess) + shares[:, None] > rate_before(above, guessed(streams))[:, same]
    others = on_no_harm(both, guess, np.zeros(len(streams)), shares).log_bets(both)
    bets = log_bets.copy()
    bets[:, same] = np.where(wider[:, :, None], others, log_bets[:, same])
    return bets


def allowed_alone(blocks: Blocks, ratio: Floats, shift: Floats) -> Floats:
    """The rate that is let by in minutes without legacy: by its last requests, as high as they may have been."""
    highest = highest_recent(blocks)
    return np.maximum(highest * ratio[:, None], highest + shift[:, None])


def tolerated(stream: Stream, tolerance: Margin) -> tuple[float, float]:
    """The tolerated ratio and difference; for a latency its limits are the margin."""
    return (1.0, 0.0) if stream.latency else (1 + tolerance.relative, tolerance.absolute / 100)


def harm_of(stream: Stream, harm: Margin) -> tuple[float, float]:
    """The ratio and the difference to rule out; for a latency its limits are the margin."""
    return (0.0, 0.0) if stream.latency else (harm.relative, min(harm.absolute / 100, _MOST_HARM))


def guessed(streams: Sequence[Stream]) -> Guess:
    """What is known of legacy's rates beforehand: a latency's, by its quantile."""
    guesses = [(1 - s.latency.quantile, _LATENCIES_WORTH) if s.latency else _ERRORS for s in streams]
    rate, worth = np.array(guesses).T
    return Guess(rate, worth)


def _window(blocks: Blocks, bets: Sequence[Floats], evidence: Floats, needed: float) -> WorseMinutes | None:
    """When the candidate was worse, if the evidence suffices against each hypothesis.

    Only beginnings count from which on the bad requests aren't few.
    """
    if evidence.max() < needed:
        return None
    counts = (blocks.candidate, blocks.candidate_bad, blocks.legacy, blocks.legacy_bad, blocks.candidate_bad > 0)
    sums = [np.concatenate([[0.0], np.cumsum(count[0])]) for count in counts]
    enough = np.flatnonzero(evidence >= needed)
    for until in map(int, (enough[-1], evidence.argmax(), *enough[:: len(enough) // _EARLIER + 1])):
        requests, bad, others, others_bad, times = (total[until + 1] - total[: until + 1] for total in sums)
        counted = (times >= FEWEST) | (bad >= PLENTY)
        if not counted.any():
            continue
        parts = [np.where(counted, log_worse_by_start(each, until), -np.inf) for each in bets]
        if min(float(log_sum(each)) for each in parts) >= needed:
            first = int(np.minimum.reduce(parts).argmax())
            began = int(blocks.ends[0, first - 1]) + 1 if first else 0
            return WorseMinutes(
                began, (float(bad[first]), int(requests[first])), (float(others_bad[first]), int(others[first]))
            )
    return None


def _at_least(blocks: Blocks, guess: Guess, ratio: Floats, needed: Floats, phi: Floats) -> Floats:
    """How many times worse each candidate surely is: the highest ratio that the same evidence excludes."""
    ladders = np.maximum(np.array([0, *_RATIOS]), ratio[:, None])
    each = np.arange(len(ratio))
    low, high = np.zeros_like(each), np.full_like(each, ladders.shape[1] - 1)
    while (low < high).any():
        middle = (low + high + 1) // 2
        bets = on_worse(blocks, guess, ladders[each, middle]).log_bets(blocks) / phi[:, None, None]
        excluded = log_worse(bets).max(axis=1) >= needed
        low, high = np.where(excluded, middle, low), np.where(excluded, high, middle - 1)
    return np.asarray(ladders[each, low])


def _needs(stream: Stream, harm: Floats, totals: Floats, needed: float) -> int | None:
    """How many more requests it takes if all goes on as it did, and as legacy does where little was seen."""
    arm = stream.harmful or stream.candidate
    requests, others = float(arm.requests.sum()), float(stream.legacy.requests.sum())
    base = float(stream.legacy.events.sum()) / others
    usual = base / 2 if stream.latency else base
    known = _KNOWN / usual if usual else 0.0  # requests, in which legacy has few bad ones
    rate = (float(arm.events.sum()) + usual * known) / (requests + known)
    gains = growth_of_no_harm(others / requests, rate, base, float(harm[0]), float(harm[1]))[0]
    enough = log_no_harm(totals + gains * _MORE[:, None]) >= needed
    return int(_MORE[enough.argmax()]) if enough.any() else None


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


def growth_of_worse(share: float, rate: float, base: float, ratio: float, shift: float) -> tuple[Floats, Floats]:
    """How much evidence of more than `ratio` times legacy's rate, or of more than `shift` above it, it brings.

    One of the two is nothing: a ratio of 1, or a shift of 0. The rest is as above.
    """
    one, guess = _expected(share, rate, base)
    bets = on_more(one, guess, np.array([shift])) if shift else on_worse(one, guess, np.array([ratio]))
    return bets.log_bets(one)[0, 0], bets.spread(one)[0, 0]


def _expected(share: float, rate: float, base: float) -> tuple[Blocks, Guess]:
    candidate, bad, legacy, legacy_bad = (np.array([[count]]) for count in (1.0, rate, share, base * share))
    ends = np.zeros((1, 1), dtype=np.int64)
    known = Guess(np.array([base]), np.array([1.0]))
    return Blocks(candidate, bad, legacy, legacy_bad, ends), known
