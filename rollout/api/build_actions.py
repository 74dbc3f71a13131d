"""The actions of a ramp of builds: the deploy phase, Lambda's counts by version and the judge, the way back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING

from rollout.analysis.measuring.pools import Pool
from rollout.analysis.metrics import version
from rollout.api.opened import Opened
from rollout.api.ramp_actions import SharedActions
from rollout.api.runner import phase_runner
from rollout.errors import Problem
from rollout.inventory.quantities import WHOLE, Percent
from rollout.inventory.ramp_settings import Ramp
from rollout.migration.context import Builds
from rollout.migration.ports import Approver
from rollout.migration.rollback.builds import BuildsBack
from rollout.migration.rollback.rollback import RollbackResult
from rollout.ramp.builds import LiveAliases, newer
from rollout.ramp.decide import bake_of

if TYPE_CHECKING:
    from rollout.analysis.measuring.evidence import EvidenceReader
    from rollout.analysis.verdicts import AnalysisResult
    from rollout.migration.runner.result import PhaseResult
    from rollout.state.history.entries import Update


class BuildActions(SharedActions):
    """The `RampActions` of some functions' builds; see there.

    Args:
        functions: Their keys.
        ramp: The steps.
        waive: Resources that may change beyond the policy.
        warn: Called with a sentence about a failed notification.
    """

    def __init__(
        self,
        opened: Opened,
        functions: Sequence[str],
        ramp: Ramp,
        *,
        waive: Sequence[str],
        warn: Callable[[str], None],
    ) -> None:
        super().__init__(opened, warn=warn)
        self._functions = tuple(functions)
        self._ramp = ramp
        self._waive = tuple(waive)
        self._live: LiveAliases = {}
        self._back: BuildsBack | None = None

    def read(self, history: tuple[Update, ...] = ()) -> LiveAliases:  # noqa: ARG002 - of no use here
        found = self._parts.aliases.aliases(self._parts.environment)
        self._live = {key: found[key] for key in self._functions if key in found}
        return self._live

    def overruled(self) -> tuple[str, ...]:
        return ()

    def judge(self, routes: Sequence[str], live: LiveAliases, since: datetime, now: datetime) -> AnalysisResult:
        from rollout.analysis.judge import judge  # noqa: PLC0415 - numpy takes a while to import

        found = self._evidence.gather_builds([self._pool(key, live) for key in routes if live[key].beside], since, now)
        shares = [alias.beside[1] for alias in live.values() if alias.beside]
        bake = bake_of(self._ramp, min(shares, default=WHOLE))
        steps = len(self._ramp.steps) - 1 or 1  # nothing is judged at the last one
        return judge(found.streams, self._parts.environment.analysis, steps=steps, bake=bake, notes=found.notes)

    def built(self, since: datetime) -> datetime | None:  # noqa: ARG002 - as for `renew`
        return None

    def renew(self, routes: Sequence[str], now: datetime) -> bool:  # noqa: ARG002 - a version stays what it is
        return False

    def unhealthy(self, routes: Sequence[str], live: LiveAliases) -> tuple[Problem, ...]:  # noqa: ARG002 - functions are
        return ()

    def smoke(self) -> tuple[str, ...]:
        return ()

    def set_weight(
        self, weight: Percent, routes: Sequence[str], approve: Approver | None, said: Callable[[], str]
    ) -> PhaseResult:
        builds = Builds(tuple(routes), None if weight == WHOLE else weight, newer(self._live))
        runner = phase_runner(self._opened, builds=builds)
        return runner.run("deploy", approve, message=said, waive=self._waive)

    def rollback(self, routes: Sequence[str], said: str | None) -> RollbackResult:
        """Take the judged builds back; and with a message, have the state follow what the last call took back."""
        environment, parts, reason = self._parts.environment, self._parts, None
        if said is None or self._back is None:
            leaving = newer(self._live)
            self._back = BuildsBack(environment, routes, parts.aliases, parts.clock, self._opened.emit, leaving=leaving)
            self._back.move()
        if said is not None:
            runner = phase_runner(self._opened, builds=Builds(tuple(routes)))
            reason = self._back.settle(lambda: runner.run("deploy-back", lambda _: True, message=said))
        reconciled = said is not None and reason is None
        return RollbackResult(environment.name, {}, tuple(self._back.moved), reconciled, reason)

    @cached_property
    def _evidence(self) -> EvidenceReader:
        return self._parts.evidence(())

    def _pool(self, key: str, live: LiveAliases) -> Pool:
        function, alias = self._parts.environment.functions[key], live[key]
        versions = (alias.version, alias.beside[0] if alias.beside else alias.version)
        old, new = (version(function.name or key, function.alias or "", each) for each in versions)
        return Pool((key,), (old,), (new,), (f"version {versions[0]}", f"version {versions[1]}"))
