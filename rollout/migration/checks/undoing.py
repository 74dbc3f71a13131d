"""What has to hold before a phase is undone: every finding at once, before anything is previewed. Pure.

The order is that of the phases, backwards. A rule never loses its last owner: where another tool made it, that tool
has to take it back before routing lets go.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from rollout.alb.header_rules import held_overrides
from rollout.alb.live import Live
from rollout.alb.weights import group_name
from rollout.errors import Problem
from rollout.inventory.model import LEGACY_ONLY, PREPARED, Arn, Environment
from rollout.migration.checks.inspection import Inspection
from rollout.migration.checks.ownership import Ownership
from rollout.migration.checks.preflight import held_rules
from rollout.migration.desired import Start
from rollout.migration.phases import Phase
from rollout.migration.ports import LegacyOwner
from rollout.state.plan import ResourceState


def undo_problems(phase: Phase, environment: Environment, start: Start, owner: LegacyOwner | None) -> Iterator[Problem]:
    """Why a phase can't be undone yet.

    Args:
        phase: `undo-phase2` or `undo-phase1`.
        environment: The inventory.
        start: What it starts from.
        owner: Another tool that made the legacy rules.
    """
    adopted = held_rules(environment, start.live, start.routing)
    if phase.name == "undo-phase1":
        if adopted:
            yield Problem(
                f"routing holds the rule of {', '.join(adopted)}",
                then=f"run `rollout undo phase2 {environment.name}` first",
                code="rule-managed-by-routing",
            )
        return
    if made := held_overrides(environment, start.live):
        yield Problem(
            f"header rules are there: {', '.join(made)}",
            then=f"run `rollout override {environment.name} --remove` first",
            code="header-rules-left",
        )
    ours = start.legacy is not None
    for name, split in start.live.splits(environment).items():
        if split not in (LEGACY_ONLY, PREPARED):
            first = f"run `rollout rollback {environment.name}` first"
            yield Problem(
                f"the candidate gets {split} of its requests",
                where=f"routes.{name}",
                then=first,
                code="candidate-has-traffic",
            )
        elif split == PREPARED and not ours:
            first = f"run `rollout weight {environment.name} 0` first, which takes it out"
            yield Problem(
                "its rule has the candidate at 0 %", where=f"routes.{name}", then=first, code="candidate-attached"
            )
    if owner is not None and start.ownership is not None:
        yield from _homeless(start.ownership, owner, adopted)


def _homeless(ownership: Ownership, owner: LegacyOwner, adopted: Mapping[str, ResourceState]) -> Iterator[Problem]:
    """The rules that nobody would hold, with the command by which their former owner takes each back."""
    why = "doesn't hold its rule: nobody would"
    if ownership.held is None:
        why = f"can't be asked whether it holds its rule: {ownership.reason}"
    for name, rule in adopted.items():
        if name not in (ownership.held or ()):
            back = f"put it back into its code, then run {owner.taking_back(Arn(rule.id))}"
            yield Problem(f"{ownership.who} {why}", where=f"routes.{name}", then=back, code="rule-not-managed")


def undo_warnings(phase: Phase, start: Start) -> Iterator[str]:
    """What to know before a phase is undone."""
    if phase.name == "undo-phase1":
        yield "the candidate's log groups are deleted with all that is in them"
    elif start.legacy is None and start.ownership is None:
        yield "no legacy stack of ours takes these rules back: no state will hold them"


def groups_in_use(found: Inspection, deleted: Collection[Arn]) -> Iterator[Problem]:
    """The target groups to be deleted that a rule or a listener uses still; AWS would not delete them.

    Args:
        found: What a look behind the rules found.
        deleted: The target groups that would go.
    """
    used = frozenset[str]().union(*found.groups.values())
    for arn in deleted:
        if arn in used:
            yield Problem(
                f"a rule forwards to target group {group_name(arn)} still",
                then="take it out of that rule",
                code="target-group-in-use",
            )


def groups_left(now: Live, deleted: Collection[Arn]) -> Iterator[Problem]:
    """The target groups that were deleted and are there after all."""
    for name, group in now.target_groups.items():
        if group.arn in deleted:
            yield Problem(f"target group {name} is there still", code="target-group-left")
