"""What goes from one stage of a run to the next."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rollout.alb.state import LiveRule
from rollout.alb.weights import ForwardAction
from rollout.errors import PreflightFailed, Problem
from rollout.inventory.model import Arn, Environment, ProgramInput, Split
from rollout.migration.checks.belonging import ForeignChange
from rollout.migration.context import PhaseContext
from rollout.migration.guarding import GuardedRaise
from rollout.migration.phases import Phase, Step
from rollout.migration.policy import Violation
from rollout.migration.rollback.asked import Since
from rollout.state.plan import TARGET_GROUP, Op, ResourceState, StackPreview


@dataclass(frozen=True, slots=True)
class PhaseRun:
    """One run of a phase, and what it starts from and wants; `raising` is its side of the guard, if a weight rises."""

    environment: Environment
    phase: Phase
    context: PhaseContext
    after: Mapping[str, Split]
    accept_live: bool
    waive: tuple[str, ...]
    since: Since | None
    raising: GuardedRaise | None = None


@dataclass(frozen=True, slots=True)
class PlannedStep:
    """A step whose preview was allowed.

    Attributes:
        foreign: What the preview would delete although it isn't the stack's own.
        begun: What a run that was cut off began.
        on_copy: Whether it was previewed on a copy of its stack, so as to change no state.
        writes: Live rules that the stack only reads, and the forward actions that rollout itself gives them.
    """

    step: Step
    given: ProgramInput
    preview: StackPreview
    plan: Path
    waived: tuple[Violation, ...]
    drift: tuple[str, ...] | None
    foreign: tuple[ForeignChange, ...] = ()
    begun: tuple[ResourceState, ...] = ()
    on_copy: bool = False
    writes: tuple[tuple[LiveRule, ForwardAction], ...] = ()


def deleted_groups(planned: Sequence[PlannedStep]) -> frozenset[Arn]:
    """The target groups that go."""
    left = {each.change.urn for item in planned for each in item.foreign}
    return frozenset(
        Arn(change.old.id)
        for item in planned
        for change in item.preview.changes
        if change.op is Op.DELETE and change.type == TARGET_GROUP and change.old and change.urn not in left
    )


def stop_at(environment: Environment, phase: Phase, problems: Iterable[Problem]) -> None:
    """Stop a phase before anything is changed, if there is any problem.

    Raises:
        PreflightFailed: There is.
    """
    if found := tuple(problems):
        raise PreflightFailed(f"{environment.name} is not ready for {phase.name}; nothing was changed", found)
