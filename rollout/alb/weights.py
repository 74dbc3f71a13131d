"""Between percentages and an ALB's weights, and between a route's split and its forward action. Pure.

An ALB gives a target group its weight over the sum of weights, each 0 to 999, so a percentage in tenths is exact:
10 % is 90 and 10, 33.3 % is 667 and 333. Both are always written: a weight that gets lost becomes 1, not 0.
See https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_TargetGroupTuple.html
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from rollout.inventory.model import CANDIDATE_ONLY, LEGACY_ONLY, Arn, Split
from rollout.inventory.quantities import ALL_TENTHS, Percent


def alb_weights(candidate: Percent) -> tuple[int, int]:
    """The legacy's and the candidate's ALB weight, 0 to 999 each, whose ratio is exactly the percentage."""
    whole, tenth = divmod(candidate.tenths, 10)
    return (1000 - candidate.tenths, candidate.tenths) if tenth else (100 - whole, whole)


@dataclass(frozen=True, slots=True)
class ForwardAction:
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


def forward_of(split: Split, legacy: Arn, candidate: Arn, stickiness: timedelta | None) -> ForwardAction:
    """The forward action that divides a route's requests so.

    Args:
        split: How.
        legacy: The legacy target group.
        candidate: The candidate's.
        stickiness: How long clients are kept with a group, where both are in the action; None if they aren't.
    """
    if split.alone:
        return ForwardAction({candidate: 1})
    if not split.attached:
        return ForwardAction({legacy: 1})
    mine, its = split.live_weights or alb_weights(split.weight)
    return ForwardAction({legacy: mine, candidate: its}, stickiness)


def split_of(forward: ForwardAction, legacy: Arn, candidate: Arn) -> Split | None:
    """How a live forward action divides requests between the two groups; None where it does anything else.

    Weights that only someone else writes are kept in the split, and a share that is finer than a tenth of a per cent is
    told as the nearest tenth, never as none or all.
    """
    groups = set(forward.weights)
    if groups == {legacy}:
        return LEGACY_ONLY
    if groups == {candidate}:
        return CANDIDATE_ONLY
    if groups != {legacy, candidate}:
        return None
    mine, its = forward.weights[legacy], forward.weights[candidate]
    if not mine + its:
        return None
    nearest = round(its * ALL_TENTHS / (mine + its))
    share = Percent(min(max(nearest, 1), ALL_TENTHS - 1) if mine and its else nearest)
    return Split(share, attached=True, live_weights=None if (mine, its) == alb_weights(share) else (mine, its))


def same_forward(one: ForwardAction, other: ForwardAction) -> bool:
    """Whether two forward actions mean the same: weights are shares of their sum, and a single one says nothing."""
    if set(one.weights) != set(other.weights) or one.stickiness != other.stickiness:
        return False
    whole, whole_of_other = sum(one.weights.values()), sum(other.weights.values())
    return len(one.weights) == 1 or all(
        one.weights[arn] * whole_of_other == other.weights[arn] * whole for arn in one.weights
    )
