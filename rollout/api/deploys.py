"""New builds of the candidate: published, then given the requests of their aliases, and taken back at once."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from rollout.api.arguments import Approval, approver, deployable, read_share, read_steps
from rollout.api.opened import patient
from rollout.api.phases import Phases
from rollout.errors import EngineError
from rollout.inventory.quantities import WHOLE, Percent
from rollout.inventory.stacks import CANDIDATE
from rollout.migration import events
from rollout.migration.emitter import observed

if TYPE_CHECKING:
    from rollout.migration.rollback.builds import DeployBackResult
    from rollout.migration.runner.result import PhaseResult
    from rollout.ramp.runner import RampResult


class Deploys(Phases):
    """Moves functions' aliases, forwards and back."""

    def deploy(
        self,
        *,
        functions: Sequence[str] = (),
        share: Percent | float | str | None = None,
        approve: Approval = None,
        message: str | None = None,
        waive: Sequence[str] = (),
    ) -> PhaseResult:
        """Publish the functions' builds as versions, and point their aliases there.

        Args:
            functions: Their keys in the file; by default all that have an alias.
            share: The new version's share of each alias's requests, above 0 to below 100 per cent; by default it gets
                all. The previous version keeps the rest.
            approve: Approves first phase 1's changes, if any, then the move.
            message: For Pulumi's update history.
            waive: Resources that may change beyond the policy, such as `Function:rust-scorer`.

        Raises:
            UsageError: There is no such function, it has no alias, or the share is out of range.
            PreflightFailed: A version doesn't exist any more.
        """
        from rollout.api.runner import phase_runner
        from rollout.migration.context import Builds

        builds = Builds(deployable(self._environment, functions), read_share(share) if share is not None else None)
        self.phase1(approve=approve, message=message, waive=waive)
        run = phase_runner(self._opened, builds=builds).run
        return run("deploy", approver(approve), message=message, waive=waive)

    def deploy_by_steps(
        self,
        steps: Sequence[Percent | float | str],
        *,
        functions: Sequence[str] = (),
        approve: Approval = None,
        once: bool = False,
        message: str | None = None,
        waive: Sequence[str] = (),
    ) -> RampResult:
        """Publish the functions' builds, and raise their shares of the aliases' requests, each after a Pass.

        The new build is judged against the old one by Lambda's counts of the two versions, with the settings of
        `[analysis]`; time, alarms and notifications are those of `[ramp]`. It continues from where the aliases are.

        Args:
            steps: Rising shares above 0 per cent; the last one is always 100.
            functions: Their keys in the file; by default all that have an alias.
            approve: Approves each step's gate, and what phase 1 would change.
            once: Do what is due now and return, instead of continuing until all requests are on the new build.
            message: For phase 1 in Pulumi's update history; a step's own message has its verdict.
            waive: Resources that may change beyond the policy, such as `Function:rust-scorer`.

        Raises:
            AnalysisFailed: The new build is worse; the old one has all requests again.
            RampEnded: The build was taken back.
            UsageError: There is no such function, it has no alias, or a step is out of range.
        """
        from rollout.api.build_actions import BuildActions
        from rollout.base.user import who
        from rollout.ramp.builds import BuildHistory, newer, ramp_of
        from rollout.ramp.runner import RampResult, Runner
        from rollout.state.ramp_journal import Journal

        self._environment.require("ramp", "analysis", "notifications")
        container, name = self._container, self._environment.name
        names, ramp = deployable(self._environment, functions), ramp_of(self._environment.ramp, read_steps(steps))
        actions = BuildActions(
            self._opened, names, ramp, waive=waive, warn=lambda said: self._emit(events.Warned(name, said))
        )
        if not any(alias.beside for alias in actions.read().values()):  # another build is for the next deploy
            self.phase1(approve=approve, message=message, waive=waive)
        if not newer(actions.read()):
            self._emit(events.NothingToDo(name, "deploy"))
            return RampResult(name, WHOLE, "finished", "the aliases point to the newest build")
        environment = self._environment.model_copy(update={"ramp": ramp})
        journal = Journal(name, lambda: container.stacks, lambda: container.utc, who(), stack=CANDIDATE)
        history = partial(BuildHistory, environment, actions, journal)
        with self._emit.aside():
            asked = patient(self._emit, approver(approve))
            return Runner(environment, actions, journal, self._emit, history=history, approve=asked).run(once=once)

    def deploy_back(
        self, *, functions: Sequence[str] = (), reconcile: bool = True, message: str | None = None
    ) -> DeployBackResult:
        """Point the functions' aliases back to the builds before at once, then update the state.

        It needs neither an approval nor the engine; only the state does. Until the state is updated, a repeated
        call doesn't go back further.

        Args:
            functions: Their keys in the file; by default all that have an alias.
            reconcile: Whether to update Pulumi's state afterwards.
            message: For Pulumi's update history.

        Raises:
            UsageError: There is no such function, or it has no alias.
            PreflightFailed: No previous version is known, or it doesn't exist any more; nothing was changed.
            RollbackIncomplete: Some aliases could not be moved; each is named.
            Locked: All are back, but another process holds the stack and may move them again.
        """
        from rollout.api.runner import phase_runner
        from rollout.migration.context import Builds
        from rollout.migration.rollback.builds import BuildsBack, DeployBackResult

        names, container, name = deployable(self._environment, functions), self._container, self._environment.name
        back = BuildsBack(self._environment, names, container.aliases, container.clock, self._emit)

        def follow() -> object:
            if self._opened.is_last_good:
                raise EngineError("stacks.toml is not usable, so the state stays unchanged", code="config")
            return phase_runner(self._opened, builds=Builds(names)).run("deploy-back", approver(True), message=message)

        with self._emit.aside(), observed(self._emit, name, "deploy-back"):
            summary = "Functions' aliases back to the build before, at once"
            self._emit(events.PhaseStarted(name, "deploy-back", summary, (CANDIDATE,)))
            back.move()
            reason = back.settle(follow) if reconcile else None
            if reason:
                self._emit(
                    events.Warned(
                        name,
                        f"the aliases are back, but the state is not up to date yet: {reason}. "
                        f"Run `rollout deploy {name} --back` again",
                    )
                )
        return DeployBackResult(name, back.moved, reconcile and reason is None, reason)
