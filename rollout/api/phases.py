"""The phases of a migration, forwards and back."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Literal

from rollout.analysis.metrics import MINUTE
from rollout.api.arguments import Approval, approver, in_range, names_of, read_weight
from rollout.api.opened import Part
from rollout.errors import UsageError
from rollout.inventory import file as config
from rollout.inventory.quantities import Percent
from rollout.migration import events

if TYPE_CHECKING:
    from rollout.migration.rollback.asked import Since
    from rollout.migration.runner.result import PhaseResult


class Phases(Part):
    """Runs phases and sets weights, each with its preview and its gate."""

    @property
    def _run(self) -> Callable[..., PhaseResult]:
        from rollout.api.runner import phase_runner

        return phase_runner(self._opened).run

    def phase1(self, *, approve: Approval = None, message: str | None = None, waive: Sequence[str] = ()) -> PhaseResult:
        """Build the candidate; no listener rule changes."""
        return self._run("phase1", approver(approve), message=message, waive=waive)

    def phase2(self, *, approve: Approval = None, message: str | None = None, waive: Sequence[str] = ()) -> PhaseResult:
        """Adopt the live rules in place, as weighted rules; no request moves."""
        return self._run("phase2", approver(approve), message=message, waive=waive)

    def phase3(
        self,
        *,
        approve: Approval = None,
        message: str | None = None,
        accept_live: bool = False,
        waive: Sequence[str] = (),
    ) -> PhaseResult:
        """Set the file's weights."""
        return self._run("phase3", approver(approve), message=message, accept_live=accept_live, waive=waive)

    def override(self, *, remove: bool = False, approve: Approval = None, message: str | None = None) -> PhaseResult:
        """Add the header rules of `[header-override]`, which send requests with a header to one implementation.

        Args:
            remove: Remove them instead.
            approve: Approves the gate.
            message: For Pulumi's update history.
        """
        return self._run("override-remove" if remove else "override", approver(approve), message=message)

    def monitoring(self, *, remove: bool = False, approve: Approval = None, message: str | None = None) -> PhaseResult:
        """Create or update the alarms and the dashboard over both implementations.

        Args:
            remove: Remove them instead.
            approve: Approves the gate.
            message: For Pulumi's update history.
        """
        from rollout.programs.alarms.alarms import names, title
        from rollout.programs.alarms.dashboard import link

        environment = self._environment
        phase = "monitoring-remove" if remove else "monitoring"
        result = self._run(phase, approver(approve), message=message)
        if not remove:
            name = title(environment)
            self._emit(events.Watching(environment.name, names(environment), link(environment, name)))
        return result

    def complete(
        self,
        *,
        quiet_for: timedelta | str | None = None,
        approve: Approval = None,
        save: bool = True,
        message: str | None = None,
        waive: Sequence[str] = (),
    ) -> PhaseResult:
        """Retire legacy: the rules forward to the candidate only, then the legacy functions are deleted.

        Args:
            quiet_for: How long legacy must have had no requests, 1 min to 90 d; by default `complete-after`.
            approve: Approves the gate.
            save: Whether to write `completed = true` into the file.
            message: For Pulumi's update history.
            waive: Resources that may change beyond the policy, such as `Function:cc-auth`.

        Raises:
            PreflightFailed: Not all routes are at 100 %, or there is no evidence that legacy is idle.
        """
        environment, container = self._environment, self._container
        longest = timedelta(days=90)
        span = environment.complete_after if quiet_for is None else in_range(quiet_for, MINUTE, longest, "--quiet-for")
        from rollout.analysis.measuring.idle import legacy_groups
        from rollout.api.runner import phase_runner
        from rollout.migration.checks.retiring import left_to_remove

        result = phase_runner(self._opened, span).run("complete", approver(approve), message=message, waive=waive)
        if not environment.is_legacy_ours:
            live = container.load_balancers.read(environment, tags=False)
            left = left_to_remove(environment, live, container.load_balancers.targets(legacy_groups(environment, live)))
            if left:
                self._emit(events.LegacyLeft(environment.name, environment.legacy.owner or "its owner", left))
        if save and config.save_completed(self._file, environment.name):
            self._emit(events.CompletionSaved(environment.name, str(self._file)))
        return result

    def undo(
        self,
        phase: Literal["phase2", "phase1"],
        *,
        approve: Approval = None,
        message: str | None = None,
        waive: Sequence[str] = (),
    ) -> PhaseResult:
        """Undo a phase: phase 2 returns the rules to the legacy stack, phase 1 removes the candidate.

        Args:
            phase: `phase2`, which needs the weight 0 everywhere, or `phase1`, which needs phase 2 undone.
            approve: Approves the gate.
            message: For Pulumi's update history.
            waive: Resources that may change beyond the policy, such as `Function:rust-scorer`.

        Raises:
            UsageError: There is no such phase.
        """
        from rollout.migration.phases import PHASES

        if f"undo-{phase}" not in PHASES:
            raise UsageError(
                f"{phase} can't be undone",
                hint="allowed: phase2 and phase1; for a weight, set 0",
                code="unknown-phase",
            )
        return self._run(f"undo-{phase}", approver(approve), message=message, waive=waive)

    def set_weight(
        self,
        weight: Percent | float | str,
        *,
        routes: Sequence[str] = (),
        approve: Approval = None,
        save: bool = True,
        message: str | Callable[[], str] | None = None,
        accept_live: bool = False,
        waive: Sequence[str] = (),
        since: Since | None = None,
    ) -> PhaseResult:
        """Set a weight, and save it in the file.

        Args:
            weight: The candidate's share, 0 to 100 per cent, at most one decimal.
            routes: The routes' names; all by default. Routes that aren't named keep their live weight.
            approve: Approves the gate.
            save: Whether to write the weight into the file once it is live.
            message: For Pulumi's update history; a function is called after the approval.
            accept_live: Start from the live rules even if another process changed them.
            waive: Resources that may change beyond the policy, such as `Function:rust-scorer`.
            since: The known rollbacks when the caller, such as a ramp, began; by default those known now.
        """
        percent = read_weight(weight)
        names = self._opened.routes(routes)
        result = self._run(
            "weight",
            approver(approve),
            weights=dict.fromkeys(names, percent),
            accept_live=accept_live,
            waive=waive,
            since=since,
            message=message or f"rollout weight {self._environment.name} {percent} ({names_of(routes)})",
        )
        if save:
            self._opened.save_weight(percent, routes)
        return result

    def preview(
        self,
        phase: str,
        *,
        weights: Mapping[str, Percent] | None = None,
        accept_live: bool = False,
        waive: Sequence[str] = (),
    ) -> PhaseResult:
        """Preview a phase; nothing is changed.

        Args:
            phase: `phase1`, `phase2`, `phase3`, or `weight` with `weights` by route.
            weights: The new weights, for `weight`.
            accept_live: Start from the live rules even if another process changed them.
            waive: Resources that may change beyond the phase's policy, such as `Function:rust-scorer`.
        """
        from rollout.migration.phases import PHASES

        if phase not in PHASES:
            raise UsageError(f"there is no phase {phase!r}", hint=f"allowed: {', '.join(PHASES)}", code="unknown-phase")
        return self._run(phase, None, weights=weights, preview_only=True, accept_live=accept_live, waive=waive)

    def repair(self, *, approve: Approval = None, message: str | None = None) -> PhaseResult:
        """Repair drift: apply the file to load balancer and state.

        It can't restore a missing rule, or one with other conditions.
        """
        return self.phase3(approve=approve, message=message or "drift repaired", accept_live=True)

    def adopt(self, *, approve: Approval = None, message: str | None = None) -> PhaseResult:
        """Adopt drift: take the live weights into the state, and save them in the file.

        Raises:
            Drift: A rule forwards as neither rollout nor the legacy stack would set it.
        """
        said = message or "drift adopted"
        result = self._run("weight", approver(approve), weights={}, accept_live=True, message=said)
        weights = {name: split.weight for name, split in result.after.items()}
        for weight in dict.fromkeys(weights.values()):
            routes = [name for name in weights if weights[name] == weight]
            self._opened.save_weight(weight, routes if len(routes) < len(weights) else ())
        return result
