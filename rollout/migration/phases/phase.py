"""A phase: its steps, and the hooks that the runner calls, in this order.

The hooks here have the defaults for most phases. A phase overrides those in which it differs, so its own file has
everything specific, and the runner knows no phase by name.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import ClassVar

from rollout.alb.header_rules import bent_overrides, held_overrides, unlike_overrides
from rollout.alb.state import AlbState
from rollout.errors import Problem
from rollout.inventory.model import Arn, Environment, OverrideRule, ProgramInput, Split
from rollout.inventory.quantities import Percent
from rollout.inventory.stacks import LEGACY, ROUTING
from rollout.migration.checks.compare import has_lost, unlike_wanted
from rollout.migration.checks.inspection import Inspection
from rollout.migration.checks.preflight import candidate_problems
from rollout.migration.context import PhaseContext
from rollout.migration.desired import all_known, routing_input
from rollout.migration.policies import POLICIES
from rollout.state.plan import StackPreview


@dataclass(frozen=True, slots=True)
class Step:
    """One stack's part in a phase.

    Attributes:
        stack: The inline program and its stack.
        policy: The table in `policies.POLICIES` for its preview.
        summary: What it does, for people.
    """

    stack: str
    policy: str
    summary: str

    @property
    def creates_stack(self) -> bool:
        """Whether it is what makes the stack in the first place."""
        return POLICIES[self.policy].creates_stack

    @property
    def begins_resources(self) -> bool:
        """Whether a run of it that was cut off may have left something begun, of which its state doesn't know."""
        return POLICIES[self.policy].creates_resources


class Phase:
    """An ordered list of steps behind one gate. A phase has no state; its hooks get all their input.

    Attributes:
        name: As the command has it.
        summary: What it is for, in one sentence.
        steps: In the order in which they are applied.
        reads: The stacks whose resources matter beside those whose rules it hands over.
        tables: The tables of stacks.toml that it goes by, of those that other phases do without.
        moves_traffic: Whether requests may go elsewhere afterwards.
        sets_header_rules: Whether it adds or removes header rules.
        only_watches: Whether it leaves alone all that requests go through.
        undoes: Whether it takes back what an earlier phase did, and so has no need of the candidate.
        gives_way: Whether it gives up where somebody asks for a rollback meanwhile.
        needs_targets: Whether the candidate's target groups have to be able to answer before it begins.
        asks_owner: Whether it matters what another owner of the legacy rules holds.
        asks_forms: Whether it matters which target groups send headers as lists.
        asks_aliases: Whether it runs the candidate's program, which says where aliases point.
        asks_needs: Whether it makes functions, which need roles and networks.
        fits_completed: Whether it is for a completed environment, too.
    """

    name: ClassVar[str]
    summary: ClassVar[str]
    steps: ClassVar[tuple[Step, ...]]
    tables: ClassVar[tuple[str, ...]] = ()
    reads: ClassVar[tuple[str, ...]] = ()
    moves_traffic: ClassVar[bool] = False
    sets_header_rules: ClassVar[bool] = False
    only_watches: ClassVar[bool] = False
    undoes: ClassVar[bool] = False
    gives_way: ClassVar[bool] = True
    needs_targets: ClassVar[bool] = True
    asks_owner: ClassVar[bool] = False
    asks_forms: ClassVar[bool] = False
    asks_aliases: ClassVar[bool] = False
    asks_needs: ClassVar[bool] = False
    fits_completed: ClassVar[bool] = False

    @property
    def writes_rules(self) -> bool:
        """Whether routing's program says what the rules do."""
        return any(step.stack == ROUTING and not POLICIES[step.policy].only_releases for step in self.steps)

    @property
    def hands_over(self) -> bool:
        """Whether it gets the candidate and the rules ready for the weights, or takes that back."""
        return not (self.moves_traffic or self.only_watches)

    @property
    def read_stacks(self) -> tuple[str, ...]:
        """The stacks whose resources matter."""
        return (*self.reads, *((LEGACY, ROUTING) if self.hands_over else ()))

    def preflight(self, environment: Environment, context: PhaseContext) -> Iterable[Problem]:
        """What it needs beyond load balancers, listeners and rules as the inventory has them."""
        yield from candidate_problems(environment, context.live)
        yield from bent_overrides(environment, context.live)

    def weights(self, environment: Environment, asked: Mapping[str, Percent]) -> Mapping[str, Percent]:
        """The weights that it sets, by route.

        Args:
            asked: Those that somebody asked for.
        """
        return asked

    def target_splits(
        self, environment: Environment, context: PhaseContext, weights: Mapping[str, Percent]
    ) -> dict[str, Split]:
        """Each route's split afterwards; a route that isn't in it stays as it is.

        Args:
            weights: The weights that it sets, by route.

        Raises:
            Drift: A rule forwards as neither rollout nor the legacy stack would set it.
        """
        if all(step.stack != ROUTING for step in self.steps):  # it leaves rules alone, whatever they do
            return context.live.splits(environment)
        current = {name: context.live.split_of(route) for name, route in environment.routes.items()}
        return all_known(
            environment, context.live, current | {name: Split.at(weight) for name, weight in weights.items()}
        )

    def program_input(
        self, stack: str, environment: Environment, context: PhaseContext, after: Mapping[str, Split]
    ) -> ProgramInput:
        """What the program of one of its stacks is given."""
        return routing_input(environment, context.live, after)

    def has_lost(self, context: PhaseContext, preview: StackPreview) -> bool:
        """Whether a state has what is gone from AWS, or isn't as it was made: it has to be refreshed.

        Args:
            context: What the phase starts from.
            preview: Of the state as it is.
        """
        return has_lost(preview, context.live)

    def inspect(self, found: Inspection, deleted: Collection[Arn]) -> Iterable[Problem]:
        """What it needs behind the rules.

        Args:
            found: What a look there found.
            deleted: The target groups that it would delete.
        """
        return ()

    def warnings(self, environment: Environment, context: PhaseContext) -> Iterable[str]:
        """What to know before saying yes, and what holds for it alone."""
        return ()

    def verify(
        self, environment: Environment, context: PhaseContext, now: AlbState, after: Mapping[str, Split]
    ) -> Iterable[Problem]:
        """How AWS differs from what it leaves there.

        Args:
            now: AWS as read back.
        """
        yield from unlike_overrides(environment, self.header_rules(environment, context.live), now)
        yield from unlike_wanted(environment, context.live, now, after, written=self.writes_rules)
        if not self.undoes:
            yield from candidate_problems(environment, now)

    def header_rules(self, environment: Environment, live: AlbState) -> dict[str, OverrideRule]:
        """The header rules afterwards, by their logical names."""
        return held_overrides(environment, live)
