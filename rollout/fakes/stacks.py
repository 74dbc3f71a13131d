"""The `Stacks` port in memory: the real inline programs, states, plans, locks and histories, without an engine.

A preview and an update work out the same steps; an update that is bound to a plan refuses any that the plan hasn't.
Updates go resource by resource, and a test may step in around each of them as around each call.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from rollout.adapters.pulumi.failures import engine_error
from rollout.errors import AwsError, Drift, EngineError, Locked, Problem
from rollout.fakes.aws import InMemoryAws
from rollout.fakes.backend import InMemoryBackend, StackRecord, full_name
from rollout.fakes.calls import ApiCall, ApiCalls
from rollout.fakes.planning import PlannedStep, beyond, plan, recorded, refreshed, resolved
from rollout.fakes.registrations import registrations, token
from rollout.fakes.resource_types import resource_type
from rollout.inventory.model import Environment, ProgramInput
from rollout.state.history.entries import Update
from rollout.state.pending import Holder, Lock
from rollout.state.plan import Change, ResourceState, StackPreview, change_of
from rollout.state.ports import Stacks

_UPDATE = timedelta(seconds=1)
"""How long an update takes, so that histories have an order."""


class InMemoryStacks:
    """The `Stacks` port over an `InMemoryBackend` and an `InMemoryAws`.

    Args:
        environment: The inventory.
        aws: The account.
        backend: Clients that share one see each other's states.
        user: Whose locks it takes.
        on_lock_cleared: Told the stack and the dead holder of a lock.
        calls: What this client did, by the port's names, such as `preview` of `routing`; and each step of an update, by
            the engine's names, such as `create` of `Function:rust-scorer`. A hook that raises anything but an
            `Exception` or `KeyboardInterrupt` kills it: the lock stays.
    """

    def __init__(
        self,
        environment: Environment,
        aws: InMemoryAws,
        backend: InMemoryBackend,
        *,
        user: str = "somebody",
        on_lock_cleared: Callable[[str, str], None] = lambda _stack, _holder: None,
        calls: ApiCalls | None = None,
    ) -> None:
        self.calls = calls or ApiCalls()
        self._environment = environment
        self._aws = aws
        self._backend = backend
        self._user = user
        self._on_lock_cleared = on_lock_cleared

    def backend(self) -> str:
        """See `state.ports.Stacks`."""
        return self.calls.make(ApiCall("backend"), lambda: "the memory can be written to")

    def resources(self, stack: str) -> tuple[ResourceState, ...] | None:
        """See `state.ports.States`."""

        def read() -> tuple[ResourceState, ...] | None:
            record = self._backend.stack(self._environment, stack)
            return tuple(record.resources.values()) if record else None

        return self.calls.make(ApiCall("resources", stack), read)

    def history(self, stack: str, depth: int) -> tuple[Update, ...]:
        """See `state.ports.States`."""

        def read() -> tuple[Update, ...]:
            record = self._backend.stack(self._environment, stack)
            return tuple(record.history[-depth:]) if record else ()

        return self.calls.make(ApiCall("history", stack), read)

    def preview(
        self, stack: str, given: ProgramInput, plan: Path, *, create: bool = False, refresh: bool = False
    ) -> StackPreview | None:
        """See `state.ports.Stacks`."""

        def run() -> StackPreview | None:
            record = self._backend.stack(self._environment, stack)
            if record is None and not create:
                return None
            with self._locked(stack) as record:
                _, steps = self._steps(stack, given, record, refresh=refresh)
            with self._backend.lock:
                number = len(self._backend.plans) + 1
                self._backend.plans[number] = tuple((step.change.urn, step.act) for step in steps)
            plan.write_text(json.dumps({"plan": number}), "utf-8")
            plan.chmod(0o600)
            return StackPreview(stack, tuple(step.change for step in steps), refreshed=refresh)

        return self.calls.make(ApiCall("preview", stack), run)

    def up(
        self,
        stack: str,
        given: ProgramInput,
        *,
        plan: Path | None,
        message: str,
        refresh: bool = False,
        guard: Callable[[], None] = lambda: None,
        on_begin: Callable[[Change], None] = lambda _: None,
        on_change: Callable[[Change], None] = lambda _: None,
    ) -> None:
        """See `state.ports.Stacks`."""

        def run() -> None:
            if self._backend.stack(self._environment, stack) is None:
                raise engine_error([f"no stack named '{self._environment.name}' found"])
            with self._locked(stack) as record, self._entry(record, "update", message):
                guard()
                resources, steps = self._steps(stack, given, record, refresh=refresh)
                if plan is not None:
                    self._hold_to(self._backend.plans[json.loads(plan.read_text("utf-8"))["plan"]], steps)
                record.resources = resources
                for step in steps:
                    self._take(step, record, on_begin, on_change)

        self.calls.make(ApiCall("up", stack), run)

    @contextmanager
    def rehearsal(self, stack: str) -> Iterator[Stacks]:
        """See `state.ports.Stacks`."""
        copy = self.calls.make(ApiCall("rehearsal", stack), lambda: self._backend.copy(self._backend.clock))
        yield InMemoryStacks(self._environment, self._aws, copy, user=self._user, calls=self.calls)

    def begun(self, stack: str) -> tuple[ResourceState, ...] | None:
        """See `state.ports.Stacks`."""

        def read() -> tuple[ResourceState, ...] | None:
            record = self._backend.stack(self._environment, stack)
            return tuple(record.begun.values()) if record else None

        return self.calls.make(ApiCall("begun", stack), read)

    def forget_begun(self, stack: str) -> None:
        """See `state.ports.Stacks`."""

        def run() -> None:
            with self._locked(stack) as record:
                record.begun.clear()

        self.calls.make(ApiCall("forget_begun", stack), run)

    def retain(self, stack: str, urns: Collection[str]) -> None:
        """See `state.ports.Stacks`."""

        def run() -> None:
            with self._locked(stack) as record:
                record.resources |= {urn: replace(record.resources[urn], retain_on_delete=True) for urn in urns}

        self.calls.make(ApiCall("retain", stack), run)

    def note(self, stack: str, message: str) -> None:
        """See `state.ports.Stacks`."""

        def run() -> None:
            if self._backend.stack(self._environment, stack) is None:
                raise EngineError(
                    f"there is no stack {stack} to keep the history in", then="run phase 2 first", code="stack-missing"
                )
            with self._locked(stack) as record, self._entry(record, "refresh", message):
                pass

        self.calls.make(ApiCall("note", stack), run)

    def locks(self, stack: str) -> tuple[Lock, ...]:
        """See `state.ports.Stacks`."""

        def read() -> tuple[Lock, ...]:
            record = self._backend.stack(self._environment, stack)
            return tuple(record.locks) if record else ()

        return self.calls.make(ApiCall("locks", stack), read)

    def unlock(self, stack: str) -> None:
        """See `state.ports.Stacks`."""

        def run() -> None:
            if record := self._backend.stack(self._environment, stack):
                record.locks.clear()

        self.calls.make(ApiCall("unlock", stack), run)

    def _steps(
        self, stack: str, given: ProgramInput, record: StackRecord, *, refresh: bool
    ) -> tuple[dict[str, ResourceState], list[PlannedStep]]:
        """The state to start from, and the steps."""
        wanted = tuple(
            replace(each, adopt=given.imports.get((each.type, each.name), each.adopt))
            for each in registrations(stack, replace(given, imports={}), self._aws)
        )
        resources = dict(record.resources)
        reads: list[PlannedStep] = []
        if refresh:
            before, resources = resources, refreshed(resources, self._aws)
            reads = [
                PlannedStep("refresh", change_of("refresh", old, resources.get(urn))) for urn, old in before.items()
            ]
        return resources, [*reads, *plan(wanted, resources, self._aws)]

    def _hold_to(self, planned: tuple[tuple[str, str], ...], steps: list[PlannedStep]) -> None:
        if found := list(beyond(planned, steps)):
            raise Drift(
                "the world moved since the plan was approved; what was applied until then is in the state",
                [Problem(text, code="engine-diagnostic") for text in found],
                then="run the command again to see what is left",
                code="changed-since-preview",
            )

    def _take(
        self,
        step: PlannedStep,
        record: StackRecord,
        on_begin: Callable[[Change], None],
        on_change: Callable[[Change], None],
    ) -> None:
        """Take one step, and write what came of it into the state."""
        change, urn = step.change, step.change.urn
        if step.act == "refresh":
            return
        if change.is_real:
            on_begin(change)
        state = self._applied(step, record) if change.is_real else change.new
        if state is None:
            record.resources.pop(urn, None)
        else:
            record.resources[urn] = state
        if change.is_real:
            on_change(replace(change, new=state))

    def _applied(self, step: PlannedStep, record: StackRecord) -> ResourceState | None:
        """What the state has of a resource after its step."""
        change, aws = step.change, self._aws
        known = {token(urn): state.id.rpartition("/")[2] for urn, state in record.resources.items()}
        inputs = resolved(step.registration.inputs, known) if step.registration else {}
        kind = resource_type(change.type, inputs or (change.old.inputs if change.old else {}))
        new = replace(change.new, inputs=inputs) if change.new else None
        old = record.resources.get(change.urn)

        def take() -> ResourceState | None:
            match step.act:
                case "same" if old and new:
                    return replace(old, retain_on_delete=new.retain_on_delete, parent=new.parent)
                case "import":
                    return change.new
                case "create" if new:
                    id_, outputs = kind.create(aws, inputs)
                    return replace(new, id=id_, outputs=outputs)
                case "update" if old and new:
                    return replace(new, id=old.id, outputs=kind.update(aws, old.id, recorded(old), inputs))
                case "replace" if old and new:
                    kind.delete(aws, old.id, old.inputs)
                    id_, outputs = kind.create(aws, inputs)
                    return replace(new, id=id_, outputs=outputs)
                case "delete" if old and not old.retain_on_delete:
                    kind.delete(aws, old.id, old.inputs)
            return None

        if step.act == "same":
            return take()
        if step.act == "create" and new:
            record.begun[new.urn] = new
        label = f"{change.type.rpartition(':')[2]}:{change.name}"
        try:
            state = self.calls.make(ApiCall(step.act, label), take)
        except AwsError as error:
            raise engine_error([error.what]) from error
        record.begun.pop(change.urn, None)
        return state

    @contextmanager
    def _locked(self, stack: str) -> Iterator[StackRecord]:
        """Hold a stack, which is made if it isn't there; a kill leaves the lock, whose holder is dead then."""
        backend, environment = self._backend, self._environment
        with backend.lock:
            record = backend.stacks.setdefault(full_name(environment, stack), StackRecord())
            for lock in record.locks:
                if lock.state not in (Holder.DEAD, Holder.ORPHAN):
                    raise Locked(
                        f"stack {full_name(environment, stack)} is being updated by {lock.holder}",
                        then="wait until that is done; `rollout rollback` moves traffic all the same",
                    )
            dead = tuple(record.locks)
            mine = Lock(stack, self._user, "here", 1, backend.clock.utc, Holder.ALIVE)
            record.locks[:] = [mine]
        for lock in dead:
            self._on_lock_cleared(lock.stack, lock.holder)
        left: list[Lock] = [replace(mine, state=Holder.DEAD)]
        try:
            yield record
            left = []
        except (Exception, KeyboardInterrupt):
            left = []
            raise
        finally:
            with backend.lock:
                record.locks[:] = [*(lock for lock in record.locks if lock is not mine), *left]

    @contextmanager
    def _entry(self, record: StackRecord, kind: str, message: str) -> Iterator[None]:
        """An entry in the history; a kill leaves none."""
        clock, result = self._backend.clock, "succeeded"
        start = clock.utc
        try:
            yield
        except (Exception, KeyboardInterrupt):
            result = "failed"
            raise
        finally:
            clock.advance(_UPDATE)
            if result == "failed" or sys.exception() is None:
                record.history.append(Update(kind, result, message, start, clock.utc))
