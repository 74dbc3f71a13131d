"""Target groups that a phase deletes: whether anything uses them still, and whether they are gone. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from rollout.alb.state import AlbState
from rollout.alb.weights import group_name
from rollout.errors import Problem
from rollout.inventory.model import Arn
from rollout.migration.checks.inspection import Inspection


def groups_in_use(found: Inspection, deleted: Collection[Arn]) -> Iterator[Problem]:
    """The target groups to be deleted that a rule or a listener uses still; AWS would not delete them.

    Args:
        deleted: The target groups that would go.
    """
    used = frozenset[str]().union(*found.groups.values())
    for arn in deleted:
        if arn in used:
            yield Problem(
                f"a rule still forwards to target group {group_name(arn)}",
                hint="remove it from that rule",
                code="target-group-in-use",
            )


def groups_left(now: AlbState, deleted: Collection[Arn]) -> Iterator[Problem]:
    """The target groups that were deleted and are there after all."""
    for name, group in now.target_groups.items():
        if group.arn in deleted:
            yield Problem(f"target group {name} still exists", code="target-group-left")
