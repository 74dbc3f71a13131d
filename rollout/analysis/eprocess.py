"""Evidence that allows any number of looks: bets multiplied over the minutes.

If a hypothesis holds, an e-process against it is ever above a number N with a probability of at most 1/N: Ville's
inequality, 1939. So looks cost nothing, and a fault is reported in the minute in which it is clear.

A fault can begin at any time. So the bets against the tolerance are multiplied from each minute on, and the sum of
these products with fixed weights that sum to 1 is an e-process again. See Shin, Ramdas and Rinaldo, "E-detectors: a
nonparametric framework for sequential change detection", 2022; their sums have no weights, and so raise a false alarm
sooner or later.
"""

from __future__ import annotations

import numpy as np

from rollout.analysis.bets import WORSE, Floats

PRIOR = np.array([0.3, 0.3, 0.25, 0.1, 0.05])
"""The weight of each member of `WORSE`."""
AT_ONCE = 0.75
"""The weight of a fault from the first minute on, as most are."""
_SERIES = 2.11  # what 1 / (n·log(n)²) sums to from 2 on, rounded up
_LARGEST, _LARGEST_LOG_BET = 1e200, 200.0  # whose product is still a float


def start_weights(blocks: int) -> Floats:
    """The weights of faults by their first block; at most 1 in all."""
    later = np.arange(2, blocks + 1)
    weights = (1 - AT_ONCE) / _SERIES / (later * np.log(later) ** 2)
    return np.concatenate([[AT_ONCE], weights])[:blocks]


def log_worse(log_bets: Floats) -> Floats:
    """The logarithm of the e-process against the tolerance, by stream and block.

    Args:
        log_bets: By stream, block and member of `WORSE`.
    """
    bets = np.exp(np.minimum(log_bets, _LARGEST_LOG_BET))
    found = np.empty(bets.shape[:2])
    running = np.zeros((bets.shape[0], len(WORSE)))
    for block, weight in enumerate(start_weights(bets.shape[1])):
        running = np.minimum((running + weight) * bets[:, block], _LARGEST)
        found[:, block] = running @ PRIOR
    return np.log(np.maximum(found, 1 / _LARGEST))


def log_worse_by_start(log_bets: Floats, until: int) -> Floats:
    """The parts of one stream's e-process after block `until`, by the block that the fault begins at.

    Args:
        log_bets: Of one stream, by block and member of `WORSE`.
        until: The last block that counts, from 0.
    """
    return np.asarray(np.log(start_weights(until + 1)) + log_worse_since(log_bets[: until + 1]))


def log_worse_since(log_bets: Floats) -> Floats:
    """How strong the evidence of a fault is that began at each block, of one stream, by that block.

    The highest is Page's statistic ("Continuous inspection schemes", 1954), which tells how things stand now.
    """
    return log_sum(np.cumsum(log_bets[::-1], axis=0)[::-1] + np.log(PRIOR))


def log_no_harm_since(log_bets: Floats) -> Floats:
    """The logarithm of the e-value against "harmful since then", by stream and number of blocks that are left out.

    Args:
        log_bets: By stream, block and alternative.
    """
    sums = np.cumsum(log_bets[:, ::-1], axis=1)[:, ::-1]
    return log_no_harm(np.concatenate([sums, np.zeros_like(sums[:, :1])], axis=1))


def log_no_harm(log_totals: Floats) -> Floats:
    """The logarithm of the e-process against harm.

    Args:
        log_totals: Sums of logarithms of bets; the last axis has the alternatives.
    """
    return np.asarray(log_sum(log_totals) - np.log(log_totals.shape[-1]))


def log_sum(logs: Floats) -> Floats:
    """The logarithm of the sum along the last axis."""
    highest = logs.max(axis=-1, keepdims=True)
    return np.asarray(highest[..., 0] + np.log(np.exp(np.maximum(logs - highest, -700.0)).sum(axis=-1)))
