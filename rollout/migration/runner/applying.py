"""Applies the approved plans, in order, and always reports what was done."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import TimeoutError as TooLate
from functools import partial

from rollout.base import threads
from rollout.base.clock import Clock
from rollout.base.formatting import count_of
from rollout.errors import Interrupted, RolloutError
from rollout.inventory.model import Environment
from rollout.migration import events
from rollout.migration.ports import LoadBalancers
from rollout.migration.runner.concurrency import ConcurrentChanges
from rollout.migration.runner.previews import Previews
from rollout.migration.runner.run import PhaseRun, PlannedStep
from rollout.state.plan import Change, Op
from rollout.state.ports import Stacks

LAST_LOOK = 2.0
"""How many seconds Ctrl-C leaves for a look at the rules."""


class Applying:
    """Applies planned steps.

    Args:
        previews: What previewed the steps.
        concurrent: What others do meanwhile.
    """

    def __init__(
        self,
        load_balancers: LoadBalancers,
        stacks: Stacks,
        clock: Clock,
        emit: events.Listener,
        *,
        previews: Previews,
        concurrent: ConcurrentChanges,
    ) -> None:
        self._load_balancers = load_balancers
        self._stacks = stacks
        self._clock = clock
        self._emit = emit
        self._previews = previews
        self._concurrent = concurrent

    def apply(self, run: PhaseRun, planned: Sequence[PlannedStep], message: str) -> None:
        """Apply the approved plans in order.

        Args:
            message: For Pulumi's update history.

        Raises:
            Drift: The world moved since the preview.
            EngineError, Locked, Interrupted: As they say.
        """
        environment = run.environment
        for number, item in enumerate(planned):
            if not (item.preview.changes or item.preview.refreshed or item.writes):
                continue
            stack, wanted, done = item.step.stack, len(item.preview.changes), list[Change]()
            if item.on_copy:
                self._previews.repeat(item)
            self._previews.leave(item)
            began, begun_at = self._clock.now(), dict[str, float]()

            def begun(change: Change, stack: str = stack, begun_at: dict[str, float] = begun_at) -> None:
                if change.op is not Op.SAME:
                    begun_at[change.urn] = self._clock.now()
                    self._emit(events.ResourceStarted(environment.name, stack, change))

            def told(
                change: Change, stack: str = stack, done: list[Change] = done, begun_at: dict[str, float] = begun_at
            ) -> None:
                if change.op is not Op.SAME:
                    done.append(change)
                    start = begun_at.pop(change.urn, None)
                    took = None if start is None else round(self._clock.now() - start, 3)
                    self._emit(events.ResourceChanged(environment.name, stack, change, took))

            self._emit(events.StepStarted(environment.name, stack, item.step.summary, wanted))
            try:
                self._stacks.up(
                    stack,
                    item.given,
                    plan=item.plan,
                    message=message,
                    refresh=item.preview.refreshed,
                    guard=partial(self._write, run, item, is_first=number == 0),
                    on_begin=begun,
                    on_change=told,
                )
            except KeyboardInterrupt:
                raise self._interrupted(run, item, len(done), len(begun_at), planned[number + 1 :]) from None
            finally:
                self._report_adopted(run, item, done)
            self._emit(events.StepApplied(environment.name, stack, wanted, round(self._clock.now() - began, 3)))

    def _write(self, run: PhaseRun, item: PlannedStep, *, is_first: bool) -> None:
        """Write the rules that the stack only reads, once it is locked: what it reads next is what they do by then."""
        self._concurrent.guard(run, is_first=is_first)
        for rule, forward in item.writes:
            self._load_balancers.modify(rule, forward)

    def _report_adopted(self, run: PhaseRun, item: PlannedStep, done: Sequence[Change]) -> None:
        """Say what the state has taken over, and what has to be made anew."""
        own = item.given.imports
        adopted = [str(each.new) for each in done if each.op is Op.IMPORT and (each.type, each.name) in own]
        gone = [str(each) for each in item.begun if each.custom and (each.type, each.name) not in own]
        if adopted or gone:
            name, stack = run.environment.name, item.step.stack
            self._emit(events.LeftoversSettled(name, stack, tuple(adopted), tuple(gone)))

    def _interrupted(
        self, run: PhaseRun, item: PlannedStep, done: int, begun: int, later: Sequence[PlannedStep]
    ) -> Interrupted:
        """What was done when it was stopped, what isn't known, and what the rules say a moment later."""
        total = len({change.urn for change in item.preview.changes})
        under_way = f", {begun} in progress, which may take effect" if begun else ""
        rest = "".join(f"; {other.step.stack} not begun" for other in later)
        so_far = f"{item.step.stack} {min(done, total)} of {count_of(total, 'resource')} done{under_way}{rest}"
        return Interrupted(
            f"stopped: {so_far}{self._live_now(run.environment)}",
            hint="run the same command again to finish it",
        )

    def _live_now(self, environment: Environment) -> str:
        """The live weights, if they can be read at once."""
        reading = threads.DaemonPool(1).submit(lambda: self._load_balancers.read(environment, tags=False))
        try:
            splits = reading.result(LAST_LOOK).splits(environment)
        except (TooLate, RolloutError, KeyboardInterrupt):
            return ""
        return "; live now: " + ", ".join(f"{name} {split.weight} %" for name, split in splits.items())
