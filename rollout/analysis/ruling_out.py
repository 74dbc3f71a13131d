"""Whether harm is ruled out: since the step's beginning, and since whichever minute a fault may have begun."""

from __future__ import annotations

import math

import numpy as np

from rollout.analysis.bets import Blocks, Floats
from rollout.analysis.eprocess import log_no_harm, log_no_harm_since

AGAIN = 3  # times the requests that sufficed at first make the recent ones
AGAINST = math.log(3)  # how much evidence for harm the recent minutes may hold
_EVERY = 5  # minutes between earlier looks


def rule_out(blocks: Blocks, log_bets: Floats, needed: float, bake: int) -> tuple[float, int, int, float]:
    """How surely harm is ruled out on one stream, since whichever block it may have begun at.

    If the candidate has been harmful since some block, the e-value of the blocks from there on is ever above 1/`missed`
    with a probability of at most `missed`. So the smallest of these e-values counts: of the whole step, and of each of
    its ends that isn't shorter than the recent blocks are. What sufficed up to a bake ago suffices, unless the recent
    blocks speak for harm: luck goes up and down, and not all streams have it at once.

    Args:
        blocks: Of one stream.
        log_bets: Against harm, by block and alternative.
        needed: The logarithm of 1/`missed`.
        bake: How many minutes the step is watched at least.

    Returns:
        The logarithm of that e-value, where the recent blocks begin, the block since which it is least sure, and how
        many of the candidate's requests sufficed at first.
    """
    many = max(1, int((blocks.candidate[0] > 0).sum()))
    ends, own = blocks.ends[0, :many], log_bets[None, :many]
    sufficed = log_no_harm(np.cumsum(own, axis=1))[0] >= needed
    if not sufficed.any():
        return float(log_no_harm(own.sum(axis=1))[0]), 0, 0, math.inf
    requests = np.cumsum(blocks.candidate[0, :many])
    enough = AGAIN * requests[sufficed.argmax()]

    def at(last: int) -> tuple[float, int, int]:
        starts = np.concatenate([[0], ends[:last] + 1])
        left = requests[last] - np.concatenate([[0.0], requests[:last]])
        first = max(0, int(((left >= enough) & (ends[last] + 1 - starts >= bake)).sum()) - 1)
        since = log_no_harm_since(own[:, : last + 1])[0, : first + 1]
        return float(since.min()), first, int(since.argmin())

    found, first, weakest = at(many - 1)
    if -AGAINST <= found < needed:
        looks = ends[many - 1] - np.arange(_EVERY, bake + 1, _EVERY)
        earlier = np.searchsorted(ends, looks[looks >= ends[0]], side="right") - 1
        found = max([found, *(at(int(look))[0] for look in earlier)])
    return found, first, weakest, float(requests[sufficed.argmax()])
