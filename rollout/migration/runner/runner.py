"""The runner: the stages that all phases share, in order.

It starts from the live rules, asks before any change, applies exactly what was approved, and is done only when the load
balancer confirms it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as TooLate
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from rollout.alb.state import AlbState
from rollout.base import threads
from rollout.base.clock import Clock
from rollout.errors import RolloutError, UsageError
from rollout.inventory.model import Arn, Environment, Split
from rollout.inventory.quantities import Percent
from rollout.inventory.stacks import LEGACY, ROUTING
from rollout.migration import events
from rollout.migration.checks.headroom import Headrooms, headroom_problems, headroom_warnings
from rollout.migration.checks.inspection import Inspection
from rollout.migration.checks.ownership import Ownership
from rollout.migration.context import PhaseContext, PhaseInputs
from rollout.migration.emitter import observed
from rollout.migration.gates import Gate, moved_routes, raised_routes
from rollout.migration.guarding import Raising
from rollout.migration.phases import PHASES, Phase, Step
from rollout.migration.ports import Approver, LoadBalancers, Marks
from rollout.migration.rollback.asked import DEPTH, Since
from rollout.migration.runner.applying import Applying
from rollout.migration.runner.approval import Volumes, ask, gate_of
from rollout.migration.runner.concurrency import ConcurrentChanges
from rollout.migration.runner.previews import Previews
from rollout.migration.runner.read_back import ReadBack
from rollout.migration.runner.readiness import Readiness
from rollout.migration.runner.result import PhaseResult
from rollout.migration.runner.run import PhaseRun, PlannedStep, deleted_groups, stop_at
from rollout.state.history.record import Record, moves, with_record
from rollout.state.ports import Stacks
from rollout.state.work_folder import work_folder

COUNTING = 2.0
"""How many seconds a gate waits for CloudWatch after its previews."""
_LATE = "CloudWatch did not answer in time"
T = TypeVar("T")
S = TypeVar("S")


class PhaseRunner:
    """Runs the phases of one environment.

    Args:
        inputs: What phases go by beside the load balancers and the stacks.
        by: The user, for Pulumi's update history.
        volumes: Asked beside the previews how many requests the routes have.
        headroom: Asked beside them, if a weight rises, how many of the candidate's environments that needs, given the
            targets of target groups.
        known: What else to know before saying yes, whatever the phase.
        raising: Makes the side of the guard for what moves traffic; None where the inventory has no guard.
        take_back: Moves routes back to legacy, if a rollback began during an update.
        on_verified: Called with the live state once all rules were read back as wanted.
        times: Gives AWS's time of day and this machine's.
    """

    def __init__(
        self,
        environment: Environment,
        load_balancers: LoadBalancers,
        stacks: Stacks,
        clock: Clock,
        emit: events.Listener,
        *,
        marks: Marks,
        inputs: PhaseInputs,
        by: str,
        volumes: Callable[[AlbState], Volumes],
        headroom: Callable[[AlbState, Mapping[str, Split], Mapping[Arn, tuple[str, ...]]], Headrooms],
        known: Sequence[str],
        raising: Raising | None,
        take_back: Callable[[Sequence[str]], object],
        on_verified: Callable[[AlbState], object],
        times: Callable[[], tuple[datetime, datetime]],
    ) -> None:
        self._environment = environment
        self._load_balancers = load_balancers
        self._stacks = stacks
        self._emit = emit
        self._by = by
        self._volumes, self._headroom = volumes, headroom
        self._known = tuple(known)
        self._times = times
        self._raising = raising
        self._readiness = Readiness(environment, load_balancers, stacks, emit, inputs)
        self._previews = Previews(environment, stacks, marks, emit)
        self._concurrent = ConcurrentChanges(load_balancers, stacks, take_back)
        self._applying = Applying(
            load_balancers, stacks, clock, emit, previews=self._previews, concurrent=self._concurrent
        )
        self._read_back = ReadBack(load_balancers, clock, emit, concurrent=self._concurrent, on_verified=on_verified)

    def run(
        self,
        name: str,
        approve: Approver | None,
        *,
        weights: Mapping[str, Percent] | None = None,
        accept_live: bool = False,
        waive: Sequence[str] = (),
        message: str | Callable[[], str] | None = None,
        preview_only: bool = False,
        since: Since | None = None,
    ) -> PhaseResult:
        """Run a phase from preflight to read-back.

        Args:
            name: A key of `phases.PHASES`.
            approve: Asked once, with all that would change; None refuses.
            weights: For `weight`: the new weight of each route that changes; the others keep their live one.
            accept_live: Start from the live rules even if another process changed them.
            waive: Resources that may change beyond the phase's policy, such as `Function:rust-scorer`.
            message: For Pulumi's update history; a function is called after the approval.
            preview_only: Stop at the gate.
            since: What was known of rollbacks when what asks for this began; by default what is known now.

        Raises:
            UsageError: The environment is completed, and the phase isn't for such a one.
            PreflightFailed: AWS isn't as the inventory says, or another phase comes first.
            PolicyViolation: The preview would do more than the phase is for.
            Drift: A rule, AWS or the state has changed since the preview.
            GateRefused: Not approved.
            VerifyFailed: Applied, but the load balancer says something else.
            EngineError, AwsError, Locked, Interrupted: As they say.
        """
        phase, environment = PHASES[name], self._environment
        self._require(phase)
        with observed(self._emit, environment.name, name), work_folder() as folder:
            with self._previews.ahead(phase, folder):
                run = self._start(phase, weights or {}, accept_live, tuple(waive), since, preview_only=preview_only)
                live = run.context.live
                planned, gate = self._plan(run, folder)
            before = {route: live.split_of(environment.routes[route]) for route in environment.routes}
            result = PhaseResult(environment.name, name, changed=False, gate=gate, before=before, after=run.after)
            if gate.is_empty:
                for item in planned if not preview_only else ():
                    self._previews.forget(item)
                self._emit(events.NothingToDo(environment.name, name))
                self._remind(run.context.ownership)
                return result
            self._emit(events.GateOpened(environment.name, gate))
            if preview_only:
                return result
            ask(gate, approve, self._emit)
            self._concurrent.stop_if_moved(run, self._load_balancers.read(environment))
            self._readiness.check_parity(run)
            said = (message() if callable(message) else message) or f"rollout {name} {environment.name}"
            self._apply(run, planned, with_record(_message(said, planned), self._record(result, planned)))
            if not run.phase.only_watches:
                self._read_back.verify(run, deleted_groups(planned))
        self._report(run, planned)
        return replace(result, changed=True)

    def _start(
        self,
        phase: Phase,
        weights: Mapping[str, Percent],
        accept_live: bool,
        waive: tuple[str, ...],
        since: Since | None,
        *,
        preview_only: bool,
    ) -> PhaseRun:
        """Where a phase starts from; what is known of rollbacks is looked up before the rules are."""
        environment = self._environment
        stacks = tuple(step.stack for step in phase.steps)
        self._emit(events.PhaseStarted(environment.name, phase.name, phase.summary, stacks))
        asks = phase.gives_way and not preview_only and since is None
        times, history = self._times(), self._stacks.history(ROUTING, DEPTH) if asks else ()
        context = self._readiness.start(phase, weights)
        if asks:
            since = Since(*times, history, context.live)
        after = phase.target_splits(environment, context, weights)
        moved = [] if preview_only else list(moved_routes(environment, context.live, after))
        raises = any(raised_routes(environment, context.live, after))
        raising = self._raising(moved, raises=raises) if moved and self._raising else None
        since = since if phase.gives_way else None
        run = PhaseRun(environment, phase, context, after, accept_live, waive, since, raising)
        self._concurrent.stop_if_rolled_back(run, context.live)
        return run

    def _plan(self, run: PhaseRun, folder: Path) -> tuple[Sequence[PlannedStep], Gate]:
        """Preview all steps, and look behind the rules meanwhile."""
        phase, context, beside = run.phase, run.context, threads.DaemonPool(3)
        inspecting = None if phase.only_watches else beside.submit(self._load_balancers.inspect, context.live)
        counting = beside.submit(self._volumes, context.live) if phase.moves_traffic else None
        raises = phase.moves_traffic and any(raised_routes(run.environment, context.live, run.after))
        sizing = beside.submit(self._sized, run, inspecting) if raises and inspecting else None
        planned = [self._previews.prepare(run, step, folder) for step in phase.steps if _concerns(step, context)]
        behind = self._readiness.check_targets(run, planned, inspecting.result()) if inspecting else ()
        until = time.monotonic() + COUNTING
        room = _in_time(sizing, until, _LATE) if sizing else ()
        stop_at(run.environment, phase, headroom_problems(room))
        behind = (*behind, *headroom_warnings(room))
        return planned, gate_of(run, planned, behind, self._known, _in_time(counting, until, _LATE) if counting else {})

    def _sized(self, run: PhaseRun, inspecting: Future[Inspection]) -> Headrooms:
        return self._headroom(run.context.live, run.after, inspecting.result().targets)

    def _record(self, result: PhaseResult, planned: Sequence[PlannedStep]) -> Record:
        plan = " ".join(item.preview.digest for item in planned)
        moved = moves(result.before, result.after)
        return Record(phase=result.phase, at=self._times()[0], by=self._by, plan=plan, moves=moved)

    def _apply(self, run: PhaseRun, planned: Sequence[PlannedStep], message: str) -> None:
        try:
            self._applying.apply(run, planned, message)
        except RolloutError:
            self._concurrent.give_way(run)
            raise
        finally:
            if run.raising and (said := run.raising.end()):
                self._emit(events.Warned(run.environment.name, said))

    def _require(self, phase: Phase) -> None:
        environment = self._environment
        environment.require(*phase.tables)
        if environment.completed and not phase.fits_completed:
            raise UsageError(
                f"{environment.name} is completed: legacy is retired, and the rules forward to the candidate only",
                hint=f"`rollout phase1 {environment.name}` deploys a new build",
                code="completed",
            )

    def _report(self, run: PhaseRun, planned: Sequence[PlannedStep]) -> None:
        """Say what came of it, and what another owner of the adopted rules has to do."""
        environment, live = self._environment, run.context.live
        changes = [change for item in planned for change in item.preview.changes]
        for name, route in environment.routes.items():
            before, after = live.split_of(route), run.after.get(name)
            if run.phase.moves_traffic and after is not None and (before is None or before.weight != after.weight):
                weight = before.weight if before else None
                self._emit(events.WeightSet(environment.name, name, weight, after.weight))
        self._emit(events.PhaseFinished(environment.name, run.phase.name, len(changes)))
        self._remind(run.context.ownership)

    def _remind(self, ownership: Ownership | None) -> None:
        """After the cutover: what another owner has to run, or may have to."""
        if ownership is not None and ownership.commands:
            routes, commands = tuple(ownership.held or ()), tuple(map(str, ownership.commands))
            name = self._environment.name
            self._emit(events.OwnerToRelease(name, ownership.owner, routes, commands, ownership.advice))


def _in_time(reading: Future[T], until: float, otherwise: S) -> T | S:
    try:
        return reading.result(max(0.0, until - time.monotonic()))
    except TooLate:
        return otherwise


def _concerns(step: Step, context: PhaseContext) -> bool:
    """Whether there is anything of ours to do: another owner's legacy rules aren't in a stack of ours."""
    return step.stack != LEGACY or context.legacy is not None


def _message(said: str, planned: Sequence[PlannedStep]) -> str:
    """The update's message, with what was waived: Pulumi's history keeps it."""
    names = dict.fromkeys(violation.resource for item in planned for violation in item.waived)
    first, *rest = said.split("\n")
    return "\n".join([f"{first} [policy waived: {', '.join(names)}]", *rest]) if names else said
