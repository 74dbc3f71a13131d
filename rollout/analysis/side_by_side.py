"""Both arms of many streams as blocks, old minutes joined; and bets of many streams by the minute."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from rollout.analysis.bets import Blocks, Floats, blocks_of
from rollout.analysis.streams import Arm

_DAY, _HOUR = 1440, 60
_OF_FIRST_DAYS = 0.95  # of the risk is for looks within two days


def side_by_side(arms: Sequence[tuple[Arm, Arm]]) -> tuple[Blocks, float]:
    """The arms side by side, short ones as if nothing came after them, and what joining old minutes costs.

    Minutes before the day before yesterday's end, counted from the step's beginning, are joined to hours: whole days
    of them, so that at most fifteen such processes are ever looked at. Each has a part of the risk of its own.
    """
    minutes = max(len(legacy.requests) for legacy, _ in arms)
    days = max(0, minutes // _DAY - 1)
    edges = np.concatenate([np.arange(0, days * _DAY, _HOUR), np.arange(days * _DAY, max(minutes, 1))])
    counts = np.zeros((4, len(arms), len(edges)))
    for n, (legacy, candidate) in enumerate(arms):
        for kind, numbers in enumerate((candidate.requests, candidate.events, legacy.requests, legacy.events)):
            joined = numbers if not days else np.add.reduceat(numbers, edges[edges < len(numbers)])
            counts[kind, n, : len(joined)] = joined
    blocks = blocks_of(*counts)
    last = np.concatenate([edges[1:], [minutes]]) - 1
    risk = _OF_FIRST_DAYS if not days else (1 - _OF_FIRST_DAYS) / (days * (days + 1))
    return replace(blocks, ends=last[blocks.ends]), -math.log(risk)


def by_minute(blocks: Blocks, log_bets: Floats) -> Floats:
    """Sums of logarithms of bets over streams, by the minute that each block ends with, and alternative."""
    if (blocks.ends == np.arange(blocks.ends.shape[1])).all():
        return np.asarray(log_bets.sum(axis=0))
    sums = np.zeros((int(blocks.ends.max(initial=0)) + 1, log_bets.shape[-1]))
    np.add.at(sums, blocks.ends, log_bets)  # a block that is padding has none
    return sums
