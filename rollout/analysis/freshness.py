"""Whether there is still something to judge: an implementation that fell silent says nothing, and nothing is no Pass.

A minute without requests is missing if it ought to have had some. How many it ought to have is what came in the hour
before the silence: at `ABSENT` requests that didn't come, silence by chance is as likely as 1 in 20,000. New clients
become fewer while a window lasts, since the others were counted; so what came just before counts, if that is less.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np

from rollout.analysis.bets import ABSENT
from rollout.analysis.streams import Counts, Stream

LATELY = 15
"""A silence counts if it ended less than so many minutes ago."""
_HOUR, _JUST = 60, 3


def silent_since(stream: Stream) -> tuple[str, int] | None:
    """Which implementation has lately been silent though it had requests before, and from which minute on, from 0."""
    spans = (_HOUR, _JUST) if stream.unit == "clients" else (_HOUR,)
    arms = (("candidate", stream.candidate), ("legacy", stream.legacy))
    found = [(who, _silence(arm.requests, spans)) for who, arm in arms]
    return next(((who, since) for who, since in found if since is not None), None)


def _silence(requests: Counts, spans: Sequence[int]) -> int | None:
    if requests[-LATELY - 1 :].all():
        return None
    busy = np.flatnonzero(requests)[-LATELY - 1 :]
    for start, end in itertools.pairwise([*busy, len(requests)]):
        usual = min(requests[max(0, start + 1 - span) : start + 1].mean() for span in spans)
        if end > len(requests) - LATELY and (end - start - 1) * usual >= ABSENT:
            return int(start) + 1
    return None
