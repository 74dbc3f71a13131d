"""The guard: what takes traffic back by alarms while nobody runs rollout."""

from __future__ import annotations

from rollout.api.arguments import Approval, approver
from rollout.api.opened import Part
from rollout.api.runner import phase_runner
from rollout.inventory.marks import guard_name
from rollout.migration import events
from rollout.migration.runner.result import PhaseResult
from rollout.programs.alarms.alarms import names
from rollout.programs.guarding import named_alarms, silence_alarm


class EnvironmentGuard(Part):
    """The guard of one environment."""

    def install(self, *, approve: Approval = None, message: str | None = None) -> PhaseResult:
        """Create or update it, as `[guard]` and AWS are now; the alarms of monitoring are created or updated, too.

        Args:
            approve: Approves the gate.
            message: For Pulumi's update history.

        Raises:
            PreflightFailed: There is no `[guard]`, or routing doesn't manage the rules yet.
        """
        environment = self._environment
        result = phase_runner(self._opened).run("guard-install", approver(approve), message=message)
        if environment.guard:
            others = tuple(each.over for each in named_alarms(environment, environment.guard))
            told = (*names(environment), *others), silence_alarm(environment)
            self._emit(events.GuardInstalled(environment.name, guard_name(environment), *told))
        return result

    def remove(self, *, approve: Approval = None, message: str | None = None) -> PhaseResult:
        """Remove it, even if stacks.toml has no `[guard]` any more; monitoring stays.

        Args:
            approve: Approves the gate.
            message: For Pulumi's update history.
        """
        return phase_runner(self._opened).run("guard-remove", approver(approve), message=message)
