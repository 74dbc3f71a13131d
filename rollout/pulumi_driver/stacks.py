"""The `Stacks` port over the Automation API."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar
from urllib.parse import unquote, urlsplit

from pulumi import automation as auto

from rollout.errors import EngineError, Locked
from rollout.model import Environment, ProgramInput
from rollout.phases import ROUTING
from rollout.plan import Change, ResourceState, StackPreview, states_of
from rollout.pulumi_driver.process import Engine, Stack, Workspace
from rollout.pulumi_driver.programs import Program, guarded, load_program
from rollout.pulumi_driver.telling import (
    LOCK,
    Diagnostics,
    LockedError,
    NoStackError,
    Steps,
    change,
    explained,
    is_alive,
)

T = TypeVar("T")

_ROOM = 1_000_000
"""Bytes that a backend must have room for: several states of a stack."""


@dataclass(frozen=True, slots=True)
class EngineSettings:
    """How to run the engine.

    Attributes:
        command: The Pulumi CLI.
        version: Its version.
        backend: Where the state is kept, a URL.
        variables: Environment variables for the engine and its plugins, over this process's own.
        config: Provider configuration, such as `aws:region`.
    """

    command: Path
    version: str
    backend: str
    variables: Mapping[str, str] = field(default_factory=dict)
    config: Mapping[str, str] = field(default_factory=dict)


class PulumiStacks:
    """The `Stacks` port over the Automation API, for one environment.

    Args:
        environment: The inventory.
        settings: How to run the engine.
        on_lock_cleared: Told the stack and the dead holder of a lock that was taken away.
    """

    def __init__(
        self,
        environment: Environment,
        settings: EngineSettings,
        on_lock_cleared: Callable[[str, str], None] = lambda _stack, _holder: None,
    ) -> None:
        self._environment = environment
        self._settings = settings
        self._on_lock_cleared = on_lock_cleared

    def resources(self, stack: str) -> tuple[ResourceState, ...] | None:
        """See `ports.Stacks`."""
        with self._opened(stack) as opened:
            try:
                deployment = explained(opened.export_stack)
            except NoStackError:
                return None
        return states_of((deployment.deployment or {}).get("resources") or ())

    def backend(self) -> str:
        """See `ports.Stacks`.

        Only a folder is written to: anywhere else a trial would leave something behind.
        """
        backend = self._settings.backend
        if backend.startswith("file://"):
            folder = Path(unquote(urlsplit(backend).path))
            try:
                folder.mkdir(parents=True, exist_ok=True, mode=0o700)
                with tempfile.TemporaryFile(dir=folder) as probe:
                    probe.write(bytes(_ROOM))
            except OSError as error:
                then = "make room or give write access, or name another `backend`"
                raise EngineError(
                    f"the backend can't be written to: {error.strerror}", where=backend, then=then
                ) from error
            return f"{backend} can be written to"
        with self._opened(ROUTING) as opened:
            explained(opened.workspace.list_stacks)
        return f"{backend} answers; whether it can be written to shows at the first update"

    def preview(
        self, stack: str, given: ProgramInput, plan: Path, *, create: bool = False, refresh: bool = False
    ) -> StackPreview | None:
        """See `ports.Stacks`."""
        with self._opened(stack, given, plan) as opened:
            steps, problems = Steps(), Diagnostics()

            def told(event: auto.EngineEvent) -> None:
                steps.add(event)
                problems.add(event)

            def run() -> None:
                steps.clear()
                opened.preview(
                    plan=str(plan),
                    refresh=refresh or None,
                    color="never",
                    suppress_outputs=True,
                    suppress_progress=True,
                    on_event=told,
                )

            try:
                self._unlocked(stack, opened, run, problems)
            except NoStackError:
                if not create:
                    return None
                explained(lambda: opened.workspace.create_stack(opened.name))
                self._unlocked(stack, opened, run, problems)
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
        on_change: Callable[[Change], None] = lambda _: None,
    ) -> None:
        """See `ports.Stacks`."""
        with self._opened(stack, given, plan) as opened:
            problems = Diagnostics()

            def told(event: auto.EngineEvent) -> None:
                problems.add(event)
                done = event.res_outputs_event
                if done is not None:
                    told_change = change(done.metadata)
                    if told_change.is_real:
                        on_change(told_change)

            def run() -> None:
                opened.up(
                    plan=str(plan) if plan else None,
                    message=message,
                    refresh=refresh or None,
                    color="never",
                    suppress_outputs=True,
                    suppress_progress=True,
                    show_secrets=False,
                    on_event=told,
                )

            self._unlocked(stack, opened, run, problems)

    @contextmanager
    def _opened(self, stack: str, given: ProgramInput | None = None, plan: Path | None = None) -> Iterator[auto.Stack]:
        """A stack ready for one operation.

        Its work folder lies beside the plan, since it holds the salt that the plan's secrets are encrypted with.
        """
        name, environment, settings = self._environment.name, self._environment, self._settings
        variables = {
            "PULUMI_BACKEND_URL": settings.backend,
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            **({} if _has_passphrase() else {"PULUMI_CONFIG_PASSPHRASE": ""}),
            **settings.variables,
        }
        config = {
            "aws:region": environment.region,
            "aws:allowedAccountIds": json.dumps([environment.account]),
            **settings.config,
        }
        program = (lambda: guarded(self._program(stack), given)) if given else None
        with tempfile.TemporaryDirectory(prefix="rollout-") as temporary:
            folder = plan.with_name(f"{stack}-work") if plan else Path(temporary)
            known = folder.exists() and any(folder.iterdir())
            folder.mkdir(exist_ok=True)
            workspace = Workspace(
                work_dir=str(folder),
                program=program,
                env_vars=variables,
                secrets_provider=environment.secrets_provider or "passphrase",
                project_settings=auto.ProjectSettings(name=f"{environment.project}-{stack}", runtime="python"),
                stack_settings=None if known else {name: auto.StackSettings(config=dict(config))},
                pulumi_command=Engine(settings.command, settings.version),
            )
            yield Stack.select(name, workspace)

    def _program(self, stack: str) -> Program:
        return load_program(getattr(self._environment.programs, stack), self._environment.root, stack)

    def _unlocked(self, stack: str, opened: auto.Stack, run: Callable[[], T], problems: Diagnostics) -> T:
        """Run an operation; a stale lock is cleared once and the operation run again."""
        try:
            return explained(run, problems)
        except LockedError as error:
            holder = LOCK.search(error.text)
            if holder is None or is_alive(holder):
                raise Locked(
                    f"stack {self._environment.project}-{stack}/{self._environment.name} is being updated by "
                    + (f"{holder['user']}@{holder['host']} (pid {holder['pid']})" if holder else "someone else"),
                    then="wait until that is done; `rollout rollback` moves traffic all the same",
                ) from error
            opened.cancel()
            self._on_lock_cleared(stack, f"{holder['user']}@{holder['host']} (pid {holder['pid']})")
            return explained(run, problems)


def _has_passphrase() -> bool:
    return any(os.environ.get(name) for name in ("PULUMI_CONFIG_PASSPHRASE", "PULUMI_CONFIG_PASSPHRASE_FILE"))
