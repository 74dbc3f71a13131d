"""Between percentages and an ALB's weights, and between a route's split and its forward action. Pure.

An ALB gives a target group its weight over the sum of weights, each 0 to 999, so a percentage in tenths is exact:
10 % is 90 and 10, 33.3 % is 667 and 333. Both are always written: a weight that gets lost becomes 1, not 0.
See https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_TargetGroupTuple.html
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from rollout.model import CANDIDATE_ONLY, LEGACY_ONLY, Arn, Split
from rollout.quantities import Percent


def alb_weights(candidate: Percent) -> tuple[int, int]:
    """The legacy's and the candidate's ALB weight, 0 to 999 each, whose ratio is exactly the percentage."""
    whole, tenth = divmod(candidate.tenths, 10)
    return (1000 - candidate.tenths, candidate.tenths) if tenth else (100 - whole, whole)


@dataclass(frozen=True, slots=True)
class Forward:
    """A forward action as the load balancer has it.

    Attributes:
        weights: Target group ARN to ALB weight, 0 to 999.
        stickiness: How long clients are kept with a group; None when off.
    """

    weights: Mapping[Arn, int]
    stickiness: timedelta | None = None

    def __str__(self) -> str:
        groups = ", ".join(f"{group_name(arn)} {weight}" for arn, weight in self.weights.items())
        return f"{groups}; stickiness {int(self.stickiness.total_seconds())} s" if self.stickiness else groups


def group_name(arn: Arn) -> str:
    """A target group's name, of its ARN."""
    return arn.split(":targetgroup/")[-1].split("/")[0]


def forward_of(split: Split, legacy: Arn, candidate: Arn, stickiness: timedelta) -> Forward:
    """The forward action that divides a route's requests so."""
    if split.alone:
        return Forward({candidate: 1})
    if not split.attached:
        return Forward({legacy: 1})
    mine, its = alb_weights(split.weight)
    return Forward({legacy: mine, candidate: its}, stickiness)


def split_of(forward: Forward, legacy: Arn, candidate: Arn) -> Split | None:
    """How a live forward action divides requests, or None where it isn't one of ours.

    A share finer than a tenth of a per cent, which only someone else writes, isn't one of ours either.
    """
    groups = set(forward.weights)
    if groups == {legacy}:
        return LEGACY_ONLY
    if groups == {candidate}:
        return CANDIDATE_ONLY
    if groups != {legacy, candidate}:
        return None
    total = sum(forward.weights.values())
    tenths, rest = divmod(forward.weights[candidate] * 1000, total) if total else (0, 1)
    return None if rest else Split(Percent(tenths), attached=True)


def same_forward(one: Forward, other: Forward) -> bool:
    """Whether two forward actions mean the same: a single group's weight says nothing."""
    if set(one.weights) != set(other.weights) or one.stickiness != other.stickiness:
        return False
    return len(one.weights) == 1 or all(one.weights[arn] == other.weights[arn] for arn in one.weights)
