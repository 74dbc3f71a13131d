"""A phase's input, read in parallel, and the checks whether AWS is ready for it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import chain

from rollout.alb.state import AlbState
from rollout.base import threads
from rollout.errors import Problem
from rollout.inventory.model import Environment
from rollout.inventory.quantities import Percent
from rollout.inventory.stacks import LEGACY, MONITORING, ROUTING
from rollout.migration import events
from rollout.migration.checks.aliases import unready_problems, with_aliases
from rollout.migration.checks.event_forms import other_forms
from rollout.migration.checks.function_needs import FunctionNeeds
from rollout.migration.checks.inspection import Inspection, quota_problems, target_problems, usages
from rollout.migration.checks.kinds import kind_warnings
from rollout.migration.checks.ownership import asked, ownership_of
from rollout.migration.checks.preflight import live_problems, overlap_problems
from rollout.migration.context import PhaseContext, PhaseInputs
from rollout.migration.gates import first_raised, may_raise, only_lowers
from rollout.migration.phases import Phase
from rollout.migration.ports import LoadBalancers
from rollout.migration.runner.run import PhaseRun, PlannedStep, deleted_groups, stop_at
from rollout.state.ports import Stacks

ASKING = timedelta(minutes=1)


class Readiness:
    """Whether an environment is ready for a phase."""

    def __init__(
        self,
        environment: Environment,
        load_balancers: LoadBalancers,
        stacks: Stacks,
        emit: events.Listener,
        inputs: PhaseInputs,
    ) -> None:
        self._environment = environment
        self._load_balancers = load_balancers
        self._stacks = stacks
        self._emit = emit
        self._inputs = inputs

    def start(self, phase: Phase, weights: Mapping[str, Percent]) -> PhaseContext:
        """Read AWS and, where the phase hands rules over, who holds them; side by side. Then check it.

        Raises:
            PreflightFailed: Something isn't as the phase needs it.
            ConfigError: A weight would rise, and what is written of the guard or of parity can't be gone by.
        """
        environment = self._environment
        context = self._read(phase)
        live = context.live
        if phase.only_watches:
            stop_at(environment, phase, phase.preflight(environment, context))
            return context
        wrong = tuple(live_problems(environment, live))
        if wrong and not phase.hands_over:  # the states cost time, so they are read only where there is much to tell
            context = replace(context, legacy=self._stacks.resources(LEGACY), routing=self._stacks.resources(ROUTING))
        states = (*(context.legacy or ()), *(context.routing or ()))
        found = [live_problems(environment, live, states) if wrong else (), phase.preflight(environment, context)]
        wanted = phase.weights(environment, weights)
        if not only_lowers(environment, live, wanted):
            found.append(overlap_problems(environment, live))
        if may_raise(environment, live, wanted):
            environment.require("guard")
            required = environment.guard is not None and environment.guard.required
            found.append(self._inputs.guard.problems(live) if required else ())
        found.append(self._unlike(live, wanted))
        stop_at(environment, phase, chain.from_iterable(found))
        self._emit(
            events.PreflightPassed(environment.name, live.account, len(environment.routes), len(live.target_groups))
        )
        return context

    def _unlike(self, live: AlbState, weights: Mapping[str, Percent]) -> Iterable[Problem]:
        """Why routes must not get their first requests, where parity is asked for."""
        first = first_raised(self._environment, live, weights)
        if not first or self._inputs.parity is None:
            return ()
        self._environment.require("ramp")
        return self._inputs.parity.problems(live, first)

    def check_parity(self, run: PhaseRun) -> None:
        """Stop if there is another build since the phase began: an approval takes its time.

        Raises:
            PreflightFailed: There is.
        """
        weights = {name: split.weight for name, split in run.after.items()}
        stop_at(run.environment, run.phase, self._unlike(run.context.live, weights))

    def _read(self, phase: Phase) -> PhaseContext:
        environment, inputs = self._environment, self._inputs
        pool = threads.DaemonPool(3)
        asks = inputs.owner if phase.asks_owner else None
        holds = pool.submit(asked, asks, ASKING) if asks else None
        ours = [stack for stack in phase.read_stacks if stack != LEGACY or environment.is_legacy_ours]
        states = {stack: pool.submit(self._stacks.resources, stack) for stack in ours}
        live = self._load_balancers.read(environment)
        groups = [group.arn for group in live.target_groups.values() if group.is_lambda]
        aliased = [
            live.target_groups[group].arn
            for function in with_aliases(environment).values()
            for group in function.groups
            if group in live.target_groups
        ]
        held = {stack: reading.result() for stack, reading in states.items()}
        return PhaseContext(
            live,
            ownership=ownership_of(environment, live, asks, holds.result()) if asks and holds else None,
            legacy=held.get(LEGACY),
            routing=held.get(ROUTING),
            monitoring=held.get(MONITORING),
            multi_value=self._load_balancers.multi_value(groups) if phase.asks_forms else frozenset(),
            owner=inputs.owner,
            idle=inputs.idle,
            aliases=inputs.aliases() if phase.asks_aliases or aliased else {},
            needs=inputs.needs() if phase.asks_needs else FunctionNeeds(),
            targets=self._load_balancers.targets(aliased) if phase.asks_aliases and aliased else {},
            read_aliases=inputs.aliases,
            asked=inputs.builds,
            guard=inputs.guard,
            controller=inputs.controller,
            fleet=inputs.fleet,
        )

    def check_targets(self, run: PhaseRun, planned: Sequence[PlannedStep], found: Inspection) -> tuple[str, ...]:
        """Stop if a group that gets more requests couldn't answer them, or a quota would break; what else to know.

        Raises:
            PreflightFailed: It couldn't, or would.
        """
        environment, phase, live = run.environment, run.phase, run.context.live
        splits = live.splits(environment)
        raised = {
            environment.routes[name].candidate
            for name, split in run.after.items()
            if phase.hands_over or name not in splits or split.weight > splits[name].weight
        }
        candidates = {route.candidate for route in environment.routes.values()}
        if not phase.needs_targets:  # of those that others build it is known already
            theirs = set() if phase.undoes else {r.candidate for r in environment.routes.values() if not r.is_built}
            candidates, raised = candidates & theirs, raised & theirs
        problems = [*target_problems(environment, live, found, raised)]
        problems += other_forms(environment, live, found.multi_value, raised)
        problems += unready_problems(environment, run.context.aliases, raised)
        problems += phase.inspect(found, deleted_groups(planned))
        if phase.hands_over and not phase.undoes:
            problems += quota_problems(usages(environment, live, found))
        stop_at(environment, phase, problems)
        rest = {route.legacy for route in environment.routes.values()} | (candidates - raised)
        left = (
            *target_problems(environment, live, found, rest),
            *other_forms(environment, live, found.multi_value, rest),
        )
        changes = kind_warnings(environment, live, found.attributes, found.states)
        return (*map(str, left), *(changes if phase.hands_over and not phase.undoes else ()))
