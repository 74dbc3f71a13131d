"""The parts for one environment that are about Pulumi: its engine, its stacks' states, and where they are kept."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, cached_property
from typing import TYPE_CHECKING

from rollout.api.access import access, sandbox_account
from rollout.api.backend import backend, backend_warning, sandbox_variables
from rollout.api.ports import Provider, Sandbox
from rollout.inventory.model import Environment
from rollout.inventory.stacks import ROUTING

if TYPE_CHECKING:
    from rollout.adapters.aws.session import Access
    from rollout.adapters.pulumi.backend_files import Files, Opener
    from rollout.adapters.pulumi.states import EngineSettings
    from rollout.migration.ports import LegacyOwner
    from rollout.state.pending import Lock
    from rollout.state.ports import Stacks, States


@dataclass(frozen=True)
class EngineParts:
    """The real parts for one environment, as far as they are about Pulumi.

    Attributes:
        environment: The inventory.
        sandbox: The sandbox to use instead of AWS.
        provider: Which provider plugin talks to the sandbox.
        on_lock_cleared: Called with the stack and the dead holder of a removed lock.
    """

    environment: Environment
    sandbox: Sandbox | None = None
    provider: Provider = "stand-in"
    on_lock_cleared: Callable[[str, str], None] = lambda _stack, _holder: None

    @property
    def account(self) -> str:
        """In the sandbox the access key is the account, so that a wrong account can be tried there too."""
        return sandbox_account(self.environment.account)

    @cached_property
    def _access(self) -> Access:
        return access(self.environment.region, self.sandbox, self.account)

    def holders(self) -> tuple[Lock, ...] | None:
        """The holders of the routing stack's lock; None if unknown. Files are read without an engine."""
        from rollout.adapters.pulumi.backend_files import files_of  # noqa: PLC0415 - most commands need no engine
        from rollout.adapters.pulumi.locks import locks_among  # noqa: PLC0415 - as above

        if files := files_of(self.backend, self._bucket):
            project, name = self.environment.project, self.environment.name
            return locks_among(files, project, ROUTING, name)
        return self.stacks.locks(ROUTING)

    @cached_property
    def stacks(self) -> Stacks:
        """Where previews and updates run.

        Raises:
            EngineMissing, EngineTooOld: There is no Pulumi engine that fits.
        """
        from rollout.adapters.pulumi.stacks import PulumiStacks  # noqa: PLC0415 - as above

        return PulumiStacks(self.environment, self._engine, self.on_lock_cleared)

    @cached_property
    def states(self) -> States:
        """Reads the stacks' states, without the parts that change them.

        Raises:
            EngineMissing, EngineTooOld: There is no Pulumi engine that fits.
        """
        from rollout.adapters.pulumi import states  # noqa: PLC0415 - as above

        return states.PulumiStates(self.environment, self._engine)

    @cached_property
    def _engine(self) -> EngineSettings:
        from rollout.adapters.pulumi.install.locate import require  # noqa: PLC0415
        from rollout.adapters.pulumi.states import EngineSettings  # noqa: PLC0415 - as above

        engine = require()
        variables = sandbox_variables(self.environment, self.sandbox, self.account, self.provider)
        return EngineSettings(engine.path, str(engine.version), self.backend, variables, bucket=self._bucket)

    @cached_property
    def _bucket(self) -> Opener:
        """What opens a bucket with Pulumi's state, once for all stacks."""

        @cache
        def opened(url: str) -> Files | None:
            from rollout.adapters.aws.state_bucket import bucket_at  # noqa: PLC0415 - most states are in folders

            return bucket_at(self._access, url)

        return opened

    @cached_property
    def owner(self) -> LegacyOwner | None:
        """Another tool that manages the legacy rules; None if there is none.

        Raises:
            EngineMissing, EngineTooOld: It is a Pulumi stack, and there is no engine that fits.
        """
        legacy = self.environment.legacy
        if legacy.owner not in ("terraform", "pulumi"):
            return None
        from rollout.api.owner import owner_of  # noqa: PLC0415 - only where there is one

        variables = sandbox_variables(self.environment, self.sandbox, self.account, "stand-in")
        # in the sandbox never a stack of the real AWS
        return owner_of(self.environment, variables, lambda: self.backend if self.sandbox else legacy.backend)

    @property
    def engine_version(self) -> str:
        """Which engine is used, and where it is.

        Raises:
            EngineMissing, EngineTooOld: There is no Pulumi engine that fits.
        """
        from rollout.adapters.pulumi.install.locate import require  # noqa: PLC0415 - as above

        engine = require()
        return f"Pulumi {engine.version} at {engine.path}"

    @property
    def backend_warning(self) -> str | None:
        """Why the state won't be there for the next run."""
        return backend_warning(self.environment)

    @property
    def backend(self) -> str:
        """The URL of Pulumi's backend; a local folder is created, only for its owner."""
        return backend(self.environment, self.sandbox)
