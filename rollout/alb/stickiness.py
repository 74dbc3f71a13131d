"""What cookies make of a weight where clients use several routes. Pure.

A client's `AWSALBTG` cookie has one name for all routes of a host. A cookie to a candidate that several routes share
holds on each of them, for good; one to a legacy group counts on that group's route only, and elsewhere the weights
decide anew. So each change of route is one more chance to meet the candidate, and none to leave it.
"""

from __future__ import annotations

from rollout.inventory.quantities import ALL_TENTHS, Percent


def expected_share(weight: Percent, changes: int) -> Percent:
    """The share of clients on the candidate, among those that keep cookies and changed route a number of times.

    Args:
        weight: The candidate's weight on all their routes, which share one candidate target group and have a legacy
            group each.
        changes: How many of a client's requests went to another route than the one before, 0 or more.
    """
    on_legacy = 1 - weight.share
    return Percent(round((1 - on_legacy ** (changes + 1)) * ALL_TENTHS))
