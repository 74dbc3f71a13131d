"""Several environments: a status line for each, and one weight for all, wave by wave.

A wave begins when every environment of the previous wave has the weight. After the first failure no other environment
begins; those in progress finish, since an interrupted change is worse.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field, replace
from typing import TypeVar

from rollout.errors import Interrupted, RolloutError
from rollout.inventory.model import Environment
from rollout.inventory.quantities import Percent
from rollout.migration.checks.drift import DriftReport
from rollout.migration.checks.status import EnvironmentStatus
from rollout.migration.runner.result import PhaseResult

T = TypeVar("T")

MOST = 4
"""The number of environments at a time; reading one runs several engines."""


@dataclass(frozen=True, slots=True)
class FleetLine:
    """The status of one environment.

    Attributes:
        phase: The last phase, as in `EnvironmentStatus.phase`.
        weights: The different live weights, rising.
        drift: The number of differences between file, state and load balancer; None if the state can't be read.
        ramp: Its ramp's state, in a sentence; None if history can't be read.
        next_step: The next command; None if everything is as wanted.
        error: Why the environment can't be read.
    """

    environment: str
    account: str
    region: str
    phase: str | None = None
    weights: tuple[Percent, ...] = ()
    drift: int | None = None
    ramp: str | None = None
    next_step: str | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class FleetResult:
    """The result of a weight for a fleet.

    Attributes:
        done: The environments that have the weight, in the order in which they got it.
        failed: The environments that failed, each with its error.
        left: The environments that did not begin.
    """

    fleet: str
    done: Mapping[str, PhaseResult] = field(default_factory=dict)
    failed: Mapping[str, RolloutError] = field(default_factory=dict)
    left: tuple[str, ...] = ()

    def require(self) -> None:
        """Raise an error unless all have the weight.

        Raises:
            RolloutError: The first failure, with its own exit code.
        """
        for error in self.failed.values():
            raise error


def line_of(
    environment: Environment,
    status: Callable[[], EnvironmentStatus],
    drift: Callable[[], DriftReport],
    ramp: Callable[[], str],
) -> FleetLine:
    """Look at one environment from several sides at once.

    Args:
        environment: The inventory.
        status: Where it stands.
        drift: Whether file, state and load balancer agree.
        ramp: Where its ramp stands.
    """
    line = FleetLine(environment.name, environment.account, environment.region)
    with ThreadPoolExecutor(2) as pool:
        drifting, ramping = pool.submit(drift), pool.submit(ramp)
        try:
            found = status()
        except RolloutError as error:
            return replace(line, error=str(error).replace("\n", "; "))
        drifted, ramped = _value_or_none(drifting), _value_or_none(ramping)
    weights = {route.live.weight for route in found.routes if route.live is not None}
    return replace(
        line,
        phase=found.phase,
        weights=tuple(sorted(weights)),
        drift=None if drifted is None else len(drifted.problems),
        ramp=ramped,
        next_step=found.next_step,
    )


def _value_or_none(looking: Future[T]) -> T | None:
    """What was found; None where it can't be told, such as without an engine."""
    try:
        return looking.result()
    except RolloutError:
        return None


def side_by_side(names: Sequence[str], look: Callable[[str], FleetLine]) -> tuple[FleetLine, ...]:
    """Look at several environments at once, in their order."""
    with ThreadPoolExecutor(MOST, thread_name_prefix="fleet") as pool:
        return tuple(pool.map(look, names))


class Waves:
    """Does something to each environment of a fleet, wave by wave; nothing more is begun after the first failure.

    Args:
        fleet: Its name.
        waves: The environments of each wave.
        act: What to do; called from other threads if several are worked on at once.
        on_wave: Called when a wave begins: its number from 1, and its environments.
        on_done: Called when an environment is done or has failed, in the thread of `run`.
    """

    def __init__(
        self,
        fleet: str,
        waves: Sequence[Sequence[str]],
        act: Callable[[str], PhaseResult],
        on_wave: Callable[[int, Sequence[str]], None] = lambda _number, _wave: None,
        on_done: Callable[[str, RolloutError | None], None] = lambda _name, _error: None,
    ) -> None:
        self._fleet = fleet
        self._waves = waves
        self._every = tuple(name for wave in waves for name in wave)
        self._act = act
        self._on_wave = on_wave
        self._on_done = on_done
        self._done: dict[str, PhaseResult] = {}
        self._failed: dict[str, RolloutError] = {}
        self._stop = threading.Event()

    def run(self, at_once: int = 1) -> FleetResult:
        """Do it.

        Args:
            at_once: How many of a wave at a time, 1 or more.

        Raises:
            Interrupted: Ctrl-C, once what was under way has ended.
        """
        for number, wave in enumerate(self._waves, 1):
            if self._failed:
                break
            self._on_wave(number, wave)
            if at_once == 1:  # in this thread, where Ctrl-C stops an engine as it does for one environment
                for name in wave:
                    self._note(name, self._one(name))
            else:
                self._side_by_side(wave, at_once)
        left = tuple(name for name in self._every if name not in self._done and name not in self._failed)
        return FleetResult(self._fleet, self._done, self._failed, left)

    def _side_by_side(self, wave: Sequence[str], at_once: int) -> None:
        with ThreadPoolExecutor(at_once, thread_name_prefix="fleet") as pool:
            begun = {pool.submit(self._one, name): name for name in wave}
            try:
                for future in as_completed(begun):
                    self._note(begun[future], future.result())
            except KeyboardInterrupt:
                self._stop.set()
                pool.shutdown()
                ended = {name for future, name in begun.items() if future.result() is not None}
                raise self._interrupted(ended) from None

    def _one(self, name: str) -> PhaseResult | RolloutError | None:
        if self._stop.is_set():
            return None
        try:
            return self._act(name)
        except RolloutError as error:
            self._stop.set()
            return error

    def _note(self, name: str, outcome: PhaseResult | RolloutError | None) -> None:
        if isinstance(outcome, RolloutError):
            self._failed[name] = outcome
        elif outcome is not None:
            self._done[name] = outcome
        if outcome is not None:
            self._on_done(name, self._failed.get(name))

    def _interrupted(self, ended: Collection[str]) -> Interrupted:
        left = [name for name in self._every if name not in self._done and name not in ended]
        said = f"not begun: {', '.join(left)}" if left else "all have begun and ended"
        return Interrupted(f"stopped: {said}", hint="run the same command again; finished environments stay unchanged")
