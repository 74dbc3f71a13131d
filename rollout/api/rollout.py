"""The library's entry point: everything that the CLI does, typed, silent, with events.

```python
from rollout import Rollout

production = Rollout.load("stacks.toml").environment("production")
production.set_weight(10, approve=lambda gate: all(line.after.weight.tenths <= 100 for line in gate.traffic))
production.rollback()
```
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

from rollout.adapters import telemetry
from rollout.api.access import homes
from rollout.api.arguments import Approval, read_weight
from rollout.api.container import PartsFactory
from rollout.api.environment import EnvironmentRollout
from rollout.api.ports import Provider, Sandbox
from rollout.base.formatting import count_of
from rollout.errors import RolloutError, UsageError
from rollout.inventory import file as config
from rollout.inventory.file import StacksFile
from rollout.inventory.quantities import Percent
from rollout.migration import events
from rollout.migration.emitter import emitter

if TYPE_CHECKING:
    from rollout.api.fleet import FleetLine, FleetResult
    from rollout.api.fleet_ramp import FleetRamp
    from rollout.inventory.model import Environment
    from rollout.migration.runner.result import PhaseResult


class Rollout:
    """An inventory file and its environments.

    Args:
        file: The inventory as read.
        sandbox: Use this sandbox instead of AWS.
        provider: The provider plugin for the sandbox.
        on_event: Called with each event; from several threads if several environments change at once. Its
            exceptions are logged, and stop nothing.
        parts: Replacements of AWS and Pulumi, such as `rollout.fakes` in memory.
    """

    def __init__(
        self,
        file: StacksFile,
        *,
        sandbox: Sandbox | None = None,
        provider: Provider = "stand-in",
        on_event: events.Listener | None = None,
        parts: PartsFactory | None = None,
    ) -> None:
        self._file = file
        self._parts = parts
        self._sandbox = sandbox
        self._provider = provider
        self._on_event = emitter(on_event or (lambda _: None), telemetry.hear)

    @classmethod
    def load(
        cls,
        path: str | PathLike[str] = "stacks.toml",
        *,
        sandbox: Sandbox | None = None,
        provider: Provider = "stand-in",
        on_event: events.Listener | None = None,
        parts: PartsFactory | None = None,
    ) -> Rollout:
        """Read an inventory.

        Args:
            path: stacks.toml.
            sandbox: Use this sandbox instead of AWS.
            provider: Which provider plugin talks to the sandbox.
            on_event: Called with each event.
            parts: Replacements of AWS and Pulumi, such as `rollout.fakes` in memory.

        Raises:
            ConfigError: With every problem of the file.
        """
        return cls(config.load(Path(path)), sandbox=sandbox, provider=provider, on_event=on_event, parts=parts)

    @classmethod
    def for_rollback(
        cls,
        path: str | PathLike[str],
        environment: str,
        *,
        sandbox: Sandbox | None = None,
        provider: Provider = "stand-in",
        on_event: events.Listener | None = None,
        parts: PartsFactory | None = None,
    ) -> EnvironmentRollout:
        """An environment for a rollback: if the inventory is unreadable, from the last good one.

        A warning says so. The rollback then leaves state and file unchanged.

        Args:
            path: stacks.toml.
            environment: The environment's name.
            sandbox: Use this sandbox instead of AWS.
            provider: Which provider plugin talks to the sandbox.
            on_event: Called with each event.
            parts: Replacements of AWS and Pulumi.

        Raises:
            ConfigError, UsageError: The inventory can't be read, and none was kept.
        """
        tell = emitter(on_event or (lambda _: None), telemetry.hear)
        try:
            opened = cls.load(path, sandbox=sandbox, provider=provider, on_event=tell, parts=parts)
            return opened.environment(environment)
        except UsageError as error:
            from rollout.migration.rollback.last_good import last_good

            places = homes(Path(path), sandbox)
            found = last_good(places, environment)
            if found is None:
                raise
            kept, place = found
            said = f"{error.where or path} is not usable ({error.what}); rollout uses the last good inventory: "
            said += f"of {kept.at:%Y-%m-%d %H:%M} UTC, in {place}"
            with tell.aside():
                tell(events.Warned(environment, said))
            return EnvironmentRollout(
                kept.environment,
                Path(path),
                sandbox=sandbox,
                provider=provider,
                on_event=tell,
                parts=parts,
                is_last_good=True,
            )

    @property
    def environments(self) -> tuple[str, ...]:
        """The names of the environments, in the file's order."""
        return self._file.environments

    def environment(self, name: str) -> EnvironmentRollout:
        """One environment.

        Raises:
            UsageError: There is no environment of this name.
        """
        return self._opened(self._file.environment(name))

    def _opened(self, environment: Environment) -> EnvironmentRollout:
        return EnvironmentRollout(
            environment,
            self._file.path,
            sandbox=self._sandbox,
            provider=self._provider,
            on_event=self._on_event,
            parts=self._parts,
        )

    def fleet(self, names: Sequence[str] = ()) -> tuple[FleetLine, ...]:
        """The status of several environments, read in parallel; the line of a failed one has its error.

        Args:
            names: The environments; all by default.

        Raises:
            UsageError: There is no environment of one of the names.
        """
        from rollout.api.fleet import side_by_side

        targets = {name: self.environment(name) for name in names or self.environments}
        return side_by_side(tuple(targets), lambda name: targets[name].reports.summary())

    def fleet_ramp(self, fleet: str) -> FleetRamp:
        """The ramp of a fleet, which the account of its first environment runs by itself, wave by wave.

        Args:
            fleet: A `[fleets.NAME]` table.

        Raises:
            UsageError: There is no such fleet.
        """
        from rollout.api.fleet_ramp import plan_of
        from rollout.inventory.fleets import fleet_environment

        home = self._file.environment(self._file.fleet(fleet).home)
        return self._opened(fleet_environment(home, fleet)).hosted_fleet(lambda: plan_of(self._file, fleet))

    def set_weight_in(
        self,
        fleet: str,
        weight: Percent | float | str,
        *,
        routes: Sequence[str] = (),
        approve: Approval = None,
        save: bool = True,
        message: str | None = None,
        accept_live: bool = False,
        waive: Sequence[str] = (),
        at_once: int = 1,
        on_wave: Callable[[int, Sequence[str]], None] = lambda _number, _wave: None,
        on_done: Callable[[str, RolloutError | None], None] = lambda _name, _error: None,
    ) -> FleetResult:
        """Set a weight in a fleet's environments, wave by wave; after a failure no other environment begins.

        Args:
            fleet: A `[fleets.NAME]` table.
            weight: The candidate's share, 0 to 100 per cent, at most one decimal.
            routes: The routes' names, which each environment must have; all by default.
            approve: Who approves each environment's gate; called from other threads if several are changed at once.
            save: Whether to write the weight into the file, for each environment in which it is live.
            message: For Pulumi's update histories.
            accept_live: Start from the live rules even if another process changed them.
            waive: Resources that may change beyond the policy, such as `Function:rust-scorer`.
            at_once: The number of environments of a wave at a time, 1 or more.
            on_wave: Called when a wave begins: its number from 1, and its environments.
            on_done: Called when an environment is done, with its error if it failed.

        Returns:
            Which environments have the weight, which failed and why, and which did not begin.

        Raises:
            UsageError: There is no such fleet, route or weight; nothing was changed.
            Interrupted: Ctrl-C.
        """
        from rollout.api.fleet import Waves

        percent, waves = read_weight(weight), self._file.fleet(fleet).waves
        if at_once < 1:
            what = f"{count_of(at_once, 'environment')} can't be changed at once"
            raise UsageError(what, hint="allowed: 1 or more", code="out-of-range")
        targets = {name: self.environment(name) for wave in waves for name in wave}
        for target in targets.values():
            target.routes(routes)

        def act(name: str) -> PhaseResult:
            return targets[name].set_weight(
                percent,
                routes=routes,
                approve=approve,
                save=save,
                message=message,
                accept_live=accept_live,
                waive=waive,
            )

        return Waves(fleet, waves, act, on_wave, on_done).run(at_once)
