"""The `Stacks` port over the Automation API."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from pulumi import automation as auto

from rollout.adapters.pulumi import pending_operations as leftovers
from rollout.adapters.pulumi.ahead import Asked, Early, Given
from rollout.adapters.pulumi.backend_files import folder_of
from rollout.adapters.pulumi.engine_events import Diagnostics, NoStackError, Steps, change, explained
from rollout.adapters.pulumi.process import PulumiCli, Stack
from rollout.adapters.pulumi.programs import Guard
from rollout.adapters.pulumi.runs import EngineRuns, make_sure_of_room
from rollout.adapters.pulumi.states import EngineSettings
from rollout.adapters.pulumi.stored import AskEngineError
from rollout.adapters.pulumi.unlocking import locks_on
from rollout.base.threads import DaemonPool
from rollout.errors import EngineError
from rollout.inventory.model import Environment, ProgramInput
from rollout.inventory.stacks import ROUTING
from rollout.state.pending import Lock
from rollout.state.plan import Change, ResourceState, StackPreview
from rollout.state.ports import Stacks
from rollout.state.work_folder import work_folder

_QUIET: Mapping[str, Any] = {"color": "never", "suppress_outputs": True, "suppress_progress": True}


class PulumiStacks(EngineRuns):
    """The `Stacks` port over the Automation API, for one environment.

    Args:
        on_lock_cleared: Called with the stack and the dead holder of a removed lock.
    """

    def __init__(
        self,
        environment: Environment,
        settings: EngineSettings,
        on_lock_cleared: Callable[[str, str], None] = lambda _stack, _holder: None,
    ) -> None:
        super().__init__(environment, settings, on_lock_cleared)
        self._early: dict[Asked, Early] = {}

    def backend(self) -> str:
        """See `state.ports.Stacks`.

        It writes only to a folder: elsewhere a test would leave files behind.
        """
        backend = self._settings.backend
        if folder := folder_of(backend):
            make_sure_of_room(folder)
            return f"{backend} is writable"
        with self._opened(ROUTING) as opened:
            explained(opened.workspace.list_stacks)
        return f"{backend} answers; the first update shows whether it is writable"

    def preview(
        self, stack: str, given: ProgramInput, plan: Path, *, create: bool = False, refresh: bool = False
    ) -> StackPreview | None:
        early = None if refresh else self._early.pop(Asked(stack, plan, create), None)
        if early and (result := early.finish(given)):
            return result.result()
        return self._preview(stack, lambda: given, plan, create=create, refresh=refresh)

    @contextmanager
    def ahead(self, stack: str, plan: Path, *, create: bool = False) -> Iterator[None]:
        engine = self._engine()
        asked = Asked(stack, plan, create)
        early = Early(lambda given: self._preview(stack, given, plan, create=create, engine=engine), engine)
        self._early[asked] = early
        try:
            early.wait_for_start()
            DaemonPool(1, "program").submit(self._program, stack)  # takes a while; an error comes again with it
            yield
        finally:
            self._early.pop(asked, None)
            early.end()

    def _preview(
        self,
        stack: str,
        given: Given,
        plan: Path,
        *,
        create: bool,
        refresh: bool = False,
        engine: PulumiCli | None = None,
    ) -> StackPreview | None:
        with self._opened(stack, given, plan, engine=engine) as opened:
            steps, problems = Steps(), Diagnostics()

            def told(event: auto.EngineEvent) -> None:
                opened.hear(event)
                steps.add(event)
                problems.add(event)

            def run() -> None:
                steps.clear()
                opened.preview(plan=str(plan), refresh=refresh or None, on_event=told, **_QUIET)

            try:
                self._run(stack, opened, run, problems, create=create)
            except NoStackError:
                return None
        if plan.exists():
            plan.chmod(0o600)
        return StackPreview(stack, steps.changes(), refreshed=refresh)

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
        """See `state.ports.Stacks`.

        The engine runs the program once it holds the lock, so the guard runs there.
        """
        guarding = Guard(guard)
        with self._opened(stack, lambda: given, plan, guarding) as opened, guarding.explained():
            problems = Diagnostics()

            def told(event: auto.EngineEvent) -> None:
                opened.hear(event)
                problems.add(event)
                if event.resource_pre_event is not None:
                    begun = change(event.resource_pre_event.metadata)
                    if begun.is_real:
                        on_begin(begun)
                elif event.res_outputs_event is not None:
                    done = change(event.res_outputs_event.metadata)
                    if done.is_real:
                        on_change(done)

            def run() -> None:
                opened.up(
                    plan=str(plan) if plan else None,
                    message=message,
                    refresh=refresh or None,
                    on_event=told,
                    show_secrets=False,
                    **_QUIET,
                )

            self._run(stack, opened, run, problems, create=plan is None)

    @contextmanager
    def rehearsal(self, stack: str) -> Iterator[Stacks]:
        """See `state.ports.Stacks`; the copy has its own passphrase."""
        found = None
        if not self._is_missing(stack):
            with self._opened(stack) as opened, suppress(NoStackError):
                found = explained(opened.export_stack)
        with work_folder() as folder:
            copy = PulumiStacks(self._environment, replace(self._settings, backend=folder.as_uri()))
            if found is not None:
                with copy._opened(stack) as opened:
                    explained(lambda: opened.workspace.create_stack(opened.name))
                    explained(lambda: opened.import_stack(found))
            yield copy

    def begun(self, stack: str) -> tuple[ResourceState, ...] | None:
        with suppress(AskEngineError):
            found = self._stored(stack).deployment()
            return None if found is None else leftovers.begun(found.model_dump())
        with self._opened(stack) as opened:
            try:
                return leftovers.begun(_exported(opened))
            except NoStackError:
                return None

    def forget_begun(self, stack: str) -> None:
        with self._opened(stack) as opened:
            self._unlocking.run(stack, opened, lambda: _edit(opened, leftovers.without_begun))

    def retain(self, stack: str, urns: Collection[str]) -> None:
        with self._opened(stack) as opened:
            self._unlocking.run(
                stack, opened, lambda: _edit(opened, lambda state: leftovers.with_retained(state, urns))
            )

    def note(self, stack: str, message: str) -> None:
        """See `state.ports.Stacks`.

        A refresh of the stack's own resource alone reads nothing from AWS and runs no program.
        """
        with self._opened(stack) as opened:
            project, name = f"{self._environment.project}-{stack}", self._environment.name
            root = f"urn:pulumi:{name}::{project}::pulumi:pulumi:Stack::{project}-{name}"

            def run() -> None:
                opened.refresh(target=[root], message=message, on_event=opened.hear, **_QUIET)

            try:
                self._unlocking.run(stack, opened, run)
            except NoStackError:
                raise EngineError(
                    f"there is no stack {stack} for the history",
                    hint="run `rollout phase2` first",
                    code="stack-missing",
                ) from None

    def locks(self, stack: str) -> tuple[Lock, ...]:
        with self._opened(stack) as opened:
            return locks_on(stack, opened)

    def unlock(self, stack: str) -> None:
        with self._opened(stack) as opened:
            explained(opened.cancel)


def _exported(opened: Stack) -> leftovers.Deployment:
    return explained(opened.export_stack).deployment or {}


def _edit(opened: Stack, edit: Callable[[leftovers.Deployment], leftovers.Deployment]) -> None:
    """Edit a state; the engine's lock is held only for the write."""
    found = explained(opened.export_stack)
    explained(lambda: opened.import_stack(auto.Deployment(found.version, edit(found.deployment or {}))))
