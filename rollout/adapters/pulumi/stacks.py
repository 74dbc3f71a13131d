"""The `Stacks` port over the Automation API."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from pulumi import automation as auto
from pulumi.automation._stack import StackInitMode  # not in the public module, and the constructor takes nothing else

from rollout.adapters.pulumi import pending_operations as leftovers
from rollout.adapters.pulumi.ahead import Asked, Early, Given
from rollout.adapters.pulumi.engine_events import Diagnostics, NoStackError, Steps, change, explained
from rollout.adapters.pulumi.folder import PASSPHRASE, AskEngineError, folder_of
from rollout.adapters.pulumi.process import PulumiCli, Stack, Workspace
from rollout.adapters.pulumi.programs import Guard, Program, guarded, load_program
from rollout.adapters.pulumi.states import EngineSettings, PulumiStates, remove_empty_sidecars
from rollout.adapters.pulumi.unlocking import Unlocking, locks_on
from rollout.base.private import private_folder
from rollout.base.threads import DaemonPool
from rollout.errors import EngineError
from rollout.inventory.model import ROLLBACK_TAG, Environment, ProgramInput
from rollout.inventory.stacks import ROUTING
from rollout.state.pending import Lock
from rollout.state.plan import Change, ResourceState, StackPreview
from rollout.state.ports import Stacks
from rollout.state.work_folder import work_folder

_QUIET: Mapping[str, Any] = {"color": "never", "suppress_outputs": True, "suppress_progress": True}
_ROOM = 1_000_000
"""The free bytes that a backend needs: several states of a stack."""


class PulumiStacks(PulumiStates):
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
        super().__init__(environment, settings)
        self._unlocking = Unlocking(environment, settings.backend, on_lock_cleared)
        self._early: dict[Asked, Early] = {}

    def backend(self) -> str:
        """See `state.ports.Stacks`.

        It writes only to a folder: elsewhere a test would leave files behind.
        """
        backend = self._settings.backend
        if folder := folder_of(backend):
            _make_sure_of_room(folder)
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
        DaemonPool(1, "program").submit(self._program, stack)  # its import takes a while; an error comes again with it
        self._early[asked] = early
        try:
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
            found = self._folder(stack).deployment()
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

    def _run(
        self, stack: str, opened: Stack, run: Callable[[], object], problems: Diagnostics, *, create: bool
    ) -> None:
        """Run an operation on a stack, which is created if it is missing and may be."""
        if create and self._is_missing(stack):
            explained(lambda: opened.workspace.create_stack(opened.name))
        try:
            self._unlocking.run(stack, opened, run, problems)
        except NoStackError:
            if not create:
                raise
            explained(lambda: opened.workspace.create_stack(opened.name))
            self._unlocking.run(stack, opened, run, problems)

    def _is_missing(self, stack: str) -> bool:
        """Whether it is known without the engine that there is no such stack."""
        with suppress(AskEngineError):
            return self._folder(stack).deployment() is None
        return False

    @contextmanager
    def _opened(
        self,
        stack: str,
        given: Given | None = None,
        plan: Path | None = None,
        before: Callable[[], None] = lambda: None,
        engine: PulumiCli | None = None,
    ) -> Iterator[Stack]:
        """A stack ready for one operation.

        Its work folder is beside the plan, since it contains the salt for the plan's secrets.
        """
        name, environment, settings = self._environment.name, self._environment, self._settings
        config = {
            "aws:region": environment.region,
            "aws:allowedAccountIds": json.dumps([environment.account]),
            "aws:ignoreTags": json.dumps({"keys": [ROLLBACK_TAG]}),  # it may appear and disappear while the engine runs
            **settings.config,
        }
        if given and (root := folder_of(settings.backend)):
            _make_sure_of_room(root)
        remove_empty_sidecars(settings.backend, f"{environment.project}-{stack}")

        def program() -> None:
            before()
            if given:
                guarded(self._program(stack), given)  # the program is loaded while its input isn't known yet

        with work_folder() as temporary:
            folder = plan.with_name(f"{stack}-work") if plan else temporary
            known = folder.exists() and any(folder.iterdir())
            folder.mkdir(exist_ok=True)
            workspace = Workspace(
                work_dir=str(folder),
                program=program,
                env_vars=settings.environ,
                secrets_provider=environment.secrets_provider or PASSPHRASE,
                project_settings=auto.ProjectSettings(name=f"{environment.project}-{stack}", runtime="python"),
                stack_settings=None
                if known
                else {
                    name: auto.StackSettings(
                        environment.secrets_provider, encryption_salt=self._salt(stack), config=dict(config)
                    )
                },
                pulumi_command=engine or self._engine(),
            )
            yield Stack(name, workspace, StackInitMode.SELECT)  # Stack.select creates one of the SDK's own

    def _salt(self, stack: str) -> str | None:
        """The state's salt: with another one the engine would derive a second key, which takes a fifth of a second."""
        with suppress(AskEngineError):
            return self._folder(stack).salt
        return None

    def _engine(self) -> PulumiCli:
        return PulumiCli(self._settings.command, self._settings.version, self._environment.engine_timeout)

    def _program(self, stack: str) -> Program:
        return load_program(getattr(self._environment.programs, stack), self._environment.root, stack)


def _make_sure_of_room(folder: Path) -> None:
    """Write to a folder before the engine does: without room the engine would leave half a state."""
    try:
        private_folder(folder)
        with tempfile.TemporaryFile(dir=folder) as probe:
            probe.write(bytes(_ROOM))
    except OSError as error:
        said = f"the backend is not writable: {error.strerror}"
        hint = "free disk space or grant write access, or set another `backend`"
        raise EngineError(said, where=str(folder), hint=hint, code="backend-not-writable") from error


def _exported(opened: Stack) -> leftovers.Deployment:
    return explained(opened.export_stack).deployment or {}


def _edit(opened: Stack, edit: Callable[[leftovers.Deployment], leftovers.Deployment]) -> None:
    """Edit a state; the engine's lock is held only for the write."""
    found = explained(opened.export_stack)
    explained(lambda: opened.import_stack(auto.Deployment(found.version, edit(found.deployment or {}))))
