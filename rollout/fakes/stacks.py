"""The `Stacks` port in memory: the real inline programs, states, plans, locks and histories, without an engine.

A preview and an update work out the same steps; an update that is bound to a plan refuses any that the plan hasn't.
Updates go resource by resource, and a test may step in around each of them as around each call.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import wraps
from pathlib import Path
from typing import ParamSpec, TypeVar, cast

from rollout.adapters.pulumi.failures import engine_error
from rollout.errors import Drift, EngineError, Problem
from rollout.fakes.applying import take
from rollout.fakes.aws import InMemoryAws
from rollout.fakes.backend import InMemoryBackend, StackRecord
from rollout.fakes.calls import ApiCall, ApiCalls
from rollout.fakes.planning import PlannedChange, beyond, plan, refreshed
from rollout.fakes.registrations import registrations
from rollout.fakes.rule_resources import as_told
from rollout.inventory.model import Environment, ProgramInput
from rollout.state.history.entries import Update
from rollout.state.pending import Lock
from rollout.state.plan import Change, ResourceState, StackPreview, change_of
from rollout.state.ports import Stacks

P = ParamSpec("P")
T = TypeVar("T")


def _call(method: Callable[P, T]) -> Callable[P, T]:
    """A method of the port, about a stack, as one call: it is logged, and hooks may step in around it."""

    @wraps(method)
    def made(*args: P.args, **kwargs: P.kwargs) -> T:
        client, stack = cast("InMemoryStacks", args[0]), str(args[1])
        return client.calls.make(ApiCall(method.__name__, stack), lambda: method(*args, **kwargs))

    return made


class InMemoryStacks:
    """The `Stacks` port over an `InMemoryBackend` and an `InMemoryAws`.

    Args:
        backend: Clients that share one see each other's states.
        user: Whose locks it takes.
        on_lock_cleared: Called with the stack and the dead holder of a removed lock.
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
        return self.calls.make(ApiCall("backend"), lambda: "the memory can be written to")

    @_call
    def resources(self, stack: str) -> tuple[ResourceState, ...] | None:
        record = self._record(stack)
        return tuple(map(as_told, record.resources.values())) if record else None

    @_call
    def history(self, stack: str, depth: int) -> tuple[Update, ...]:
        record = self._record(stack)
        return tuple(record.history[-depth:]) if record else ()

    @_call
    def preview(
        self, stack: str, given: ProgramInput, plan: Path, *, create: bool = False, refresh: bool = False
    ) -> StackPreview | None:
        if self._record(stack) is None and not create:
            return None
        with self._locked(stack) as record:
            _, steps = self._steps(stack, given, record, refresh=refresh)
        with self._backend.lock:
            number = len(self._backend.plans) + 1
            self._backend.plans[number] = tuple((step.change.urn, step.act) for step in steps)
        plan.write_text(json.dumps({"plan": number}), "utf-8")
        plan.chmod(0o600)
        changes = (step.change for step in steps)
        told = (replace(c, old=c.old and as_told(c.old), new=c.new and as_told(c.new)) for c in changes)
        return StackPreview(stack, tuple(told), refreshed=refresh)

    @contextmanager
    def ahead(self, stack: str, plan: Path, *, create: bool = False) -> Iterator[None]:  # noqa: ARG002 - it has no engine
        yield

    @_call
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
        if self._record(stack) is None:
            raise engine_error([f"no stack named '{self._environment.name}' found"])
        with self._locked(stack) as record, self._backend.entry(record, "update", message):
            guard()
            resources, steps = self._steps(stack, given, record, refresh=refresh)
            if plan is not None:
                self._hold_to(self._backend.plans[json.loads(plan.read_text("utf-8"))["plan"]], steps)
            record.resources = resources
            for step in steps:
                take(step, record, self._aws, self.calls, on_begin=on_begin, on_change=on_change)

    @contextmanager
    def rehearsal(self, stack: str) -> Iterator[Stacks]:
        copy = self.calls.make(ApiCall("rehearsal", stack), lambda: self._backend.copy(self._backend.clock))
        yield InMemoryStacks(self._environment, self._aws, copy, user=self._user, calls=self.calls)

    @_call
    def begun(self, stack: str) -> tuple[ResourceState, ...] | None:
        record = self._record(stack)
        return tuple(record.begun.values()) if record else None

    @_call
    def forget_begun(self, stack: str) -> None:
        with self._locked(stack) as record:
            record.begun.clear()

    @_call
    def retain(self, stack: str, urns: Collection[str]) -> None:
        with self._locked(stack) as record:
            record.resources |= {urn: replace(record.resources[urn], retain_on_delete=True) for urn in urns}

    @_call
    def note(self, stack: str, message: str) -> None:
        if self._record(stack) is None:
            raise EngineError(
                f"there is no stack {stack} to keep the history in",
                hint="run `rollout phase2` first",
                code="stack-missing",
            )
        with self._locked(stack) as record, self._backend.entry(record, "refresh", message):
            pass

    @_call
    def locks(self, stack: str) -> tuple[Lock, ...]:
        record = self._record(stack)
        return tuple(record.locks) if record else ()

    @_call
    def unlock(self, stack: str) -> None:
        if record := self._record(stack):
            record.locks.clear()

    def _record(self, stack: str) -> StackRecord | None:
        return self._backend.stack(self._environment, stack)

    def _steps(
        self, stack: str, given: ProgramInput, record: StackRecord, *, refresh: bool
    ) -> tuple[dict[str, ResourceState], list[PlannedChange]]:
        """The state to start from, and the steps."""
        wanted = tuple(
            replace(each, adopt=given.imports.get((each.type, each.name), each.adopt))
            for each in registrations(stack, replace(given, imports={}), self._aws)
        )
        resources = dict(record.resources)
        reads: list[PlannedChange] = []
        if refresh:
            before, resources = resources, refreshed(resources, self._aws)
            reads = [
                PlannedChange("refresh", change_of("refresh", old, resources.get(urn))) for urn, old in before.items()
            ]
        return resources, [*reads, *plan(wanted, resources, self._aws)]

    def _hold_to(self, planned: tuple[tuple[str, str], ...], steps: list[PlannedChange]) -> None:
        if found := list(beyond(planned, steps)):
            raise Drift(
                "the world moved since the plan was approved; what was applied until then is in the state",
                [Problem(text, code="engine-diagnostic") for text in found],
                hint="run the command again to see what is left",
                code="changed-since-preview",
            )

    @contextmanager
    def _locked(self, stack: str) -> Iterator[StackRecord]:
        with self._backend.locked(self._environment, stack, self._user, self._on_lock_cleared) as record:
            yield record
