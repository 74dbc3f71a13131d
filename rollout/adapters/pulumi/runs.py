"""Runs of the engine on one environment's stacks: opened for one operation, created where they may be."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from pulumi import automation as auto
from pulumi.automation._stack import StackInitMode  # not in the public module, and the constructor takes nothing else

from rollout.adapters.pulumi.ahead import Given
from rollout.adapters.pulumi.backend_files import folder_of
from rollout.adapters.pulumi.engine_events import Diagnostics, NoStackError, explained
from rollout.adapters.pulumi.process import PulumiCli, Stack, Workspace
from rollout.adapters.pulumi.programs import Program, guarded, load_program
from rollout.adapters.pulumi.states import EngineSettings, PulumiStates, remove_empty_sidecars
from rollout.adapters.pulumi.stored import PASSPHRASE, AskEngineError
from rollout.adapters.pulumi.unlocking import Unlocking
from rollout.base.private import private_folder
from rollout.errors import EngineError
from rollout.inventory.model import ROLLBACK_TAG, Environment
from rollout.state.work_folder import work_folder

_ROOM = 1_000_000
"""The free bytes that a backend needs: several states of a stack."""


class EngineRuns(PulumiStates):
    """What all operations of the engine need.

    Args:
        on_lock_cleared: Called with the stack and the dead holder of a removed lock.
    """

    def __init__(
        self, environment: Environment, settings: EngineSettings, on_lock_cleared: Callable[[str, str], None]
    ) -> None:
        super().__init__(environment, settings)
        self._unlocking = Unlocking(environment, settings.backend, on_lock_cleared)

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
            return self._stored(stack).deployment() is None
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
            make_sure_of_room(root)
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
            return self._stored(stack).salt
        return None

    def _engine(self) -> PulumiCli:
        return PulumiCli(self._settings.command, self._settings.version, self._environment.engine_timeout)

    def _program(self, stack: str) -> Program:
        return load_program(getattr(self._environment.programs, stack), self._environment.root, stack)


def make_sure_of_room(folder: Path) -> None:
    """Write to a folder before the engine does: without room the engine would leave half a state."""
    try:
        private_folder(folder)
        with tempfile.TemporaryFile(dir=folder) as probe:
            probe.write(bytes(_ROOM))
    except OSError as error:
        said = f"the backend is not writable: {error.strerror}"
        hint = "free disk space or grant write access, or set another `backend`"
        raise EngineError(said, where=str(folder), hint=hint, code="backend-not-writable") from error
