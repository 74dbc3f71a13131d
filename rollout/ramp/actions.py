"""A ramp's actions, as a Protocol; `api.ramp_actions` and `api.build_actions` implement them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Protocol, TypeVar

from rollout.analysis.metrics import AlarmState
from rollout.errors import Problem
from rollout.inventory.quantities import Percent
from rollout.inventory.ramp_settings import NoticeKind
from rollout.migration.ports import Approver

if TYPE_CHECKING:
    from rollout.analysis.verdicts import AnalysisResult
    from rollout.migration.rollback.rollback import RollbackResult
    from rollout.migration.runner.result import PhaseResult
    from rollout.state.history.entries import Update


Live = TypeVar("Live")
"""What a ramp moves, as AWS has it: the rules of routes, or the aliases of functions."""


class RampActions(Protocol[Live]):
    """A ramp's actions; times are AWS's. What it says of routes goes for functions in a ramp of builds."""

    def read(self, history: tuple[Update, ...] = ()) -> Live:
        """The live rules with their tags; or the aliases.

        Args:
            history: The stack's latest updates, read before.
        """

    def overruled(self) -> tuple[str, ...]:
        """The rollback marks at the first `read`, each by its `mark_id`."""

    def judge(self, routes: Sequence[str], live: Live, since: datetime, now: datetime) -> AnalysisResult:
        """Judge routes since their weight is live."""

    def renew(self, routes: Sequence[str], now: datetime) -> bool:
        """Read again what `judge` remembers of AWS from looks before; whether it has changed, so no Pass holds."""

    def built(self, since: datetime) -> datetime | None:
        """When the candidate's builds last changed, by history; None if they are those of that time."""

    def unhealthy(self, routes: Sequence[str], live: Live) -> tuple[Problem, ...]:
        """The candidate's target groups with unhealthy targets; code `unhealthy-targets` where others are healthy."""

    def alarms(self, names: Sequence[str]) -> Mapping[str, AlarmState]:
        """The state of each of some CloudWatch alarms."""

    def smoke(self) -> tuple[str, ...]:
        """Invoke each candidate before it gets traffic, and raise if one fails; why some weren't."""

    def set_weight(
        self, weight: Percent, routes: Sequence[str], approve: Approver | None, said: Callable[[], str]
    ) -> PhaseResult:
        """Set a weight by a phase with all its gates.

        Args:
            approve: Asked at the gate; None refuses.
            said: Returns the update's message, after the approval.
        """

    def rollback(self, routes: Sequence[str], said: str | None) -> RollbackResult:
        """Move traffic back; then update the state, if there is a message for it."""

    def tell(self, kind: NoticeKind, sentence: str, weight: Percent | None, routes: Sequence[str]) -> None:
        """Notify people; never fails."""

    def now(self) -> datetime:
        """The time."""

    def wait_until(self, due: datetime) -> None:
        """Wait."""
