"""Whether a guard is installed, whether it is as it would be installed now, and what that keeps a phase from."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from rollout.alb.state import AlbState
from rollout.analysis.metrics import AlarmState
from rollout.errors import Problem
from rollout.guard.config import GuardConfig
from rollout.inventory.marks import DIGEST_TAG, Marked, guard_name
from rollout.inventory.model import Environment
from rollout.inventory.stacks import GUARD
from rollout.migration.bearers import FUNCTION
from rollout.migration.in_account import InstalledFunction
from rollout.migration.ports import Marks
from rollout.state.plan import ResourceState


@dataclass(frozen=True, slots=True)
class GuardCheck:
    """The guard of an environment: as it is, and as it would be.

    Attributes:
        config: Returns what the function would go by, by what is live.
        digest: Returns what tells such a guard from another.
        states: Returns the states of alarms.
        mute: Returns the alarms that are to invoke the function and don't, and why.
        recorded: Returns what the state of its stack holds, also where the file doesn't ask for a guard any more.
    """

    environment: Environment
    marks: Marks
    config: Callable[[AlbState], GuardConfig]
    digest: Callable[[GuardConfig], str]
    states: Callable[[Collection[str]], Mapping[str, AlarmState]]
    mute: Callable[[], Mapping[str, str]]
    recorded: Callable[[], Sequence[ResourceState]]

    @property
    def function(self) -> InstalledFunction:
        """The function."""
        return InstalledFunction(self.environment, self.marks, GUARD, guard_name(self.environment), DIGEST_TAG)

    def installed(self) -> Marked | None:
        """The function, if there is one of this environment's.

        Raises:
            AwsError: AWS refused, or can't be reached.
        """
        return self.function.find()

    def problems(self, live: AlbState) -> Iterator[Problem]:
        """Why there is no guard to rely on."""
        hint = f"run `rollout guard install {self.environment.name}`"
        found = self.installed()
        if found is None:
            yield Problem("no guard is installed", where="guard", hint=hint, code="no-guard")
        elif found.tags.get(DIGEST_TAG) != self.digest(self.config(live)):
            what = "stacks.toml, AWS or rollout has changed since the guard was installed"
            yield Problem(what, where="guard", hint=hint, code="guard-outdated")
        else:
            again = f"run `rollout guard remove {self.environment.name}`, then {hint.removeprefix('run ')}"
            for name, why in self.mute().items():
                what = f"alarm {name} doesn't invoke the guard: {why}"
                yield Problem(what, where="guard", hint=again, code="guard-outdated")

    def left(self) -> Iterator[Problem]:
        """That a guard is there, which would be left without what it guards."""
        recorded = any(each.type == FUNCTION for each in self.recorded())
        if recorded or (self.environment.guard and self.installed()):
            hint = f"run `rollout guard remove {self.environment.name}` first"
            yield Problem("a guard is installed", where="guard", hint=hint, code="guard-installed")

    def missing_alarms(self) -> Iterator[Problem]:
        """Named alarms that aren't there, over which AWS makes no composite alarm."""
        for name in self._in(self._named, AlarmState.MISSING):
            hint = f"name one that is in account {self.environment.account}, region {self.environment.region}"
            yield Problem(f"alarm {name} doesn't exist", where="guard.alarms", hint=hint, code="alarm-missing")

    def warnings(self, live: AlbState) -> Iterator[str]:
        """That a guard hears an alarm that had gone off before it was there."""
        for name in self._in((*self._named, *self.config(live).alarms), AlarmState.ALARM):
            yield f"alarm {name} is in ALARM state: a guard that is new to it takes traffic back within minutes"

    @property
    def _named(self) -> tuple[str, ...]:
        return self.environment.guard.alarms if self.environment.guard else ()

    def _in(self, names: Collection[str], wanted: AlarmState) -> Iterator[str]:
        return (name for name, state in (self.states(names) if names else {}).items() if state is wanted)
