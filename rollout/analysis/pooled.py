"""A fault on all routes at once: the evidence of many streams of one metric, multiplied.

What is too small to be sure of on one route is plain on eight. The product of e-processes of independent streams is
one, too. So half of a metric's risk of a false alarm is the product's, if the metric has several streams.

Both bounds must be exceeded here as well, and which one is the wider differs from route to route. So there are two
products, and the smaller one counts: of the bets against "at most so many times legacy's rate", and of those against
the wider bound of each route and minute, by legacy's counts before.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rollout.analysis.bets import Floats, on_more, on_worse, rate_before
from rollout.analysis.defaults import bounds_of
from rollout.analysis.eprocess import log_worse
from rollout.analysis.side_by_side import by_minute, side_by_side
from rollout.analysis.weighing import FEWEST, PLENTY, Evidence, allowed_alone, guessed, tolerated
from rollout.inventory.ramp_settings import Analysis

SHARE = 0.5
"""How much of a metric's risk of a false alarm is the product's."""


@dataclass(frozen=True, slots=True)
class Together:
    """Several streams of one metric that are significantly worse together.

    Attributes:
        log_worse: The logarithm of the e-value.
        log_worse_needed: The level of a Fail.
    """

    log_worse: float
    log_worse_needed: float


def together(each: Sequence[Evidence], by_ratio: Floats, alarm: float, analysis: Analysis) -> Together | None:
    """Weigh the streams of one metric together.

    Args:
        each: The streams' own evidence.
        by_ratio: The sums of logarithms of bets against the tolerated ratio, by minute and member of `WORSE`.
        alarm: The risk of a false alarm, above 0 and below 1.

    Returns:
        None if they aren't worse.
    """
    evidence, streams = log_worse(by_ratio[None])[0], [one.stream for one in each]
    blocks, penalty = side_by_side([(stream.legacy, stream.candidate) for stream in streams])
    needed = penalty - float(np.log(alarm))
    bad = blocks.candidate_bad.sum(axis=0)
    if evidence.max() < needed or ((bad > 0).sum() < FEWEST and bad.sum() < PLENTY):
        return None
    if not streams[0].latency:
        guess = guessed(streams)
        tolerance = bounds_of(streams[0].metric, analysis)[0]
        ratio, shift = np.array([tolerated(stream, tolerance) for stream in streams]).T
        alone = allowed_alone(blocks, ratio, shift)
        is_ratio = rate_before(blocks, guess) * (ratio - 1)[:, None] >= shift[:, None]
        bets = np.where(
            is_ratio[:, :, None],
            on_worse(blocks, guess, ratio, alone).log_bets(blocks),
            on_more(blocks, guess, shift, alone).log_bets(blocks),
        )
        phi = np.array([one.phi for one in each])
        evidence = np.minimum(evidence, log_worse(by_minute(blocks, bets / phi[:, None, None])[None])[0])
    worse = float(evidence.max())
    return Together(worse, needed) if worse >= needed else None
