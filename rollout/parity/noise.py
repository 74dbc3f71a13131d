"""Which differences are legacy's own: it was asked twice, and its second answer differed from its first there, too.

Noise is learnt by route, place and kind: a time that differs at `$.now` excuses another time there, and no missing key
and no number. It never widens silently: where the candidate differs clearly more often than legacy does with itself,
that is a difference. This is Diffy's idea (Twitter 2015), with a test in place of a threshold.
"""

from __future__ import annotations

from rollout.analysis.exact import at_most_as_many

SURPRISE = 0.001
"""How improbable a candidate's differences must be as noise."""


def is_noise(with_itself: int, with_candidate: int) -> bool:
    """Whether a place's differences are noise.

    As noise, each difference is as likely with the candidate as with legacy itself.

    Args:
        with_itself: The requests for which legacy's two answers differ there.
        with_candidate: Those for which the candidate's answer does.
    """
    return with_itself > 0 and at_most_as_many(with_itself, with_itself + with_candidate, 0.5) >= SURPRISE
