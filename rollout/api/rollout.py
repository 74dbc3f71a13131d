"""The library's door: all that the CLI does, typed, silent, with events.

```python
from rollout import Rollout

production = Rollout.load("stacks.toml").environment("production")
production.set_weight(10, approve=lambda gate: all(line.after.weight.tenths <= 100 for line in gate.traffic))
production.rollback()
```
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime, timedelta
from functools import cached_property
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from rollout.alb.header_rules import with_overrides
from rollout.alb.state import AlbState
from rollout.analysis.measuring.pools import group_pools
from rollout.analysis.measuring.split import SINCE, Measured, counted, measure, per_minute
from rollout.analysis.measuring.volumes import Volume, volumes
from rollout.analysis.metrics import MINUTE
from rollout.api.container import Container, PartsFactory, Provider, Sandbox
from rollout.base import threads
from rollout.base.formatting import count_of
from rollout.errors import (
    AwsError,
    EngineError,
    GateRefused,
    Locked,
    PreflightFailed,
    RolloutError,
    UsageError,
    WrongAccount,
)
from rollout.inventory import file as config
from rollout.inventory.conditions import Request
from rollout.inventory.file import StacksFile
from rollout.inventory.model import Arn, Environment
from rollout.inventory.quantities import Percent, format_duration, parse_duration
from rollout.inventory.stacks import CANDIDATE, LEGACY, ROUTING, STACKS
from rollout.migration.checks.ownership import asked, ownership_of
from rollout.migration.checks.preflight import Resources, live_problems
from rollout.migration.checks.status import EnvironmentStatus, Held, status_of, with_measured
from rollout.migration.emitter import emitter
from rollout.migration.ports import Approver, LegacyOwner
from rollout.state.pending import Holder, Lock
from rollout.state.ports import Stacks

if TYPE_CHECKING:
    from rollout.adapters.aws.iam import Role
    from rollout.alb.explain import Explanation
    from rollout.analysis.planning import RampPlan
    from rollout.api.fleet import FleetLine, FleetResult
    from rollout.api.ramp_actions import EnvironmentRampActions
    from rollout.migration import events
    from rollout.migration.adopt import Adoption, AdoptResult, Unmarked
    from rollout.migration.checks.drift import DriftReport
    from rollout.migration.checks.report import PreflightReport
    from rollout.migration.gates import Gate
    from rollout.migration.release import ReleaseResult
    from rollout.migration.rollback import Rollback, RollbackResult
    from rollout.migration.rollback.asked import Since
    from rollout.migration.runner.result import PhaseResult
    from rollout.migration.runner.runner import PhaseRunner
    from rollout.migration.smoke.report import SmokeReport
    from rollout.ramp.controls import Controls
    from rollout.ramp.runner import RampResult
    from rollout.ramp.view import RampView
    from rollout.reports.overview import Overview
    from rollout.state.history.audit import PastChange
    from rollout.state.ramp_journal import Journal

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
SAVING = 5.0
"""How many seconds a rollback waits at its end for stacks.toml to be saved."""
GLANCE = timedelta(seconds=10)
"""How long status waits for another owner's tool."""

Approval = Approver | Literal[True] | None
"""Who approves: a function of the gate, True for a yes to everything, None for nobody."""


class Rollout:
    """An inventory file and its environments.

    Args:
        file: The inventory as read.
        sandbox: Work on this AWS instead of the real one.
        provider: Which provider plugin talks to the sandbox.
        on_event: Told each event; from several threads if several environments are worked on at once. What it raises
            is logged, and stops nothing.
        parts: What it is put together of instead, such as `rollout.fakes` in memory.
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
        self._on_event = emitter(on_event or (lambda _: None))

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
            sandbox: Work on this AWS instead of the real one.
            provider: Which provider plugin talks to the sandbox.
            on_event: Told each event.
            parts: What it is put together of instead, such as `rollout.fakes` in memory.

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
        """An environment for a way back: where the inventory can't be read, by the last good one.

        A warning says so. Such a one leaves state and file as they are.

        Args:
            path: stacks.toml.
            environment: The environment's name.
            sandbox: Work on this AWS instead of the real one.
            provider: Which provider plugin talks to the sandbox.
            on_event: Told each event.
            parts: What it is put together of instead.

        Raises:
            ConfigError, UsageError: The inventory can't be read, and none was kept.
        """
        from rollout.api.container import homes
        from rollout.migration import events
        from rollout.migration.rollback.last_good import last_good

        tell = emitter(on_event or (lambda _: None))
        try:
            opened = cls.load(path, sandbox=sandbox, provider=provider, on_event=tell, parts=parts)
            return opened.environment(environment)
        except UsageError as error:
            places = homes(Path(path), sandbox)
            found = last_good(places, environment)
            if found is None:
                raise
            kept, place = found
            said = f"{error.where or path} can't be gone by ({error.what}), so the last good inventory is: "
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
            UsageError: There is none of that name.
        """
        return EnvironmentRollout(
            self._file.environment(name),
            self._file.path,
            sandbox=self._sandbox,
            provider=self._provider,
            on_event=self._on_event,
            parts=self._parts,
        )

    def fleet(self, names: Sequence[str] = ()) -> tuple[FleetLine, ...]:
        """Where several environments stand, looked at side by side; what one can't tell hides no other.

        Args:
            names: The environments; all by default.

        Raises:
            UsageError: There is none of a name.
        """
        from rollout.api.fleet import side_by_side

        targets = {name: self.environment(name) for name in names or self.environments}
        return side_by_side(tuple(targets), lambda name: targets[name].glance())

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
        """Set a weight in a fleet's environments, wave by wave; nothing more is begun after the first failure.

        Args:
            fleet: A `[fleets.NAME]` table.
            weight: The candidate's share, 0 to 100 per cent, at most one decimal.
            routes: The routes' names, which each environment must have; all by default.
            approve: Who approves each environment's gate; called from other threads if several are changed at once.
            save: Whether to write the weight into the file, for each environment in which it is live.
            message: For Pulumi's update histories.
            accept_live: Start from the live rules even if somebody else changed them.
            waive: Resources that may change beyond the policy, such as `Function:rust-scorer`.
            at_once: How many environments of a wave are changed at a time, 1 or more.
            on_wave: Told each wave that begins: its number from 1, and its environments.
            on_done: Told each environment that is done, and why if it failed.

        Returns:
            Which have the weight, which failed and why, and which weren't begun.

        Raises:
            UsageError: There is no such fleet, route or weight; nothing was changed.
            Interrupted: Ctrl-C.
        """
        from rollout.api.fleet import run_waves

        percent, waves = read_weight(weight), self._file.waves(fleet)
        if at_once < 1:
            what = f"{count_of(at_once, 'environment')} can't be changed at once"
            raise UsageError(
                what,
                then="1 or more are allowed",
                code="out-of-range",
            )
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

        return run_waves(fleet, waves, act, at_once=at_once, on_wave=on_wave, on_done=on_done)


class EnvironmentRollout:
    """One environment: its phases, weights, status and rollback.

    The methods raise the errors of `rollout.errors`; none prints, prompts or exits. Objects for different
    environments may be used from different threads.
    """

    def __init__(
        self,
        environment: Environment,
        file: Path,
        *,
        sandbox: Sandbox | None = None,
        provider: Provider = "stand-in",
        on_event: events.Listener,
        parts: PartsFactory | None = None,
        is_last_good: bool = False,
    ) -> None:
        self._environment = environment
        self._file = file
        self._is_last_good = is_last_good
        self._emit = emitter(on_event)
        made = parts(environment, self._lock_cleared) if parts else None
        self._parts = made or Container(environment, sandbox, provider, self._lock_cleared)

    @property
    def inventory(self) -> Environment:
        """The inventory as it holds here."""
        return self._environment

    def phase1(self, *, approve: Approval = None, message: str | None = None, waive: Sequence[str] = ()) -> PhaseResult:
        """Build the candidate; no listener rule is touched."""
        return self._runner().run("phase1", _approver(approve), message=message, waive=waive)

    def phase2(self, *, approve: Approval = None, message: str | None = None, waive: Sequence[str] = ()) -> PhaseResult:
        """Let weighted rules take over the live ones in place; no request moves."""
        return self._runner().run("phase2", _approver(approve), message=message, waive=waive)

    def phase3(
        self,
        *,
        approve: Approval = None,
        message: str | None = None,
        accept_live: bool = False,
        waive: Sequence[str] = (),
    ) -> PhaseResult:
        """Set the weights that the file has."""
        return self._runner().run("phase3", _approver(approve), message=message, accept_live=accept_live, waive=waive)

    def override(self, *, remove: bool = False, approve: Approval = None, message: str | None = None) -> PhaseResult:
        """Add the header rules of `[header-override]`, which send requests with a header to one implementation.

        Args:
            remove: Take them away instead.
            approve: Who approves.
            message: For Pulumi's update history.
        """
        return self._runner().run("override-remove" if remove else "override", _approver(approve), message=message)

    def monitoring(self, *, remove: bool = False, approve: Approval = None, message: str | None = None) -> PhaseResult:
        """Make the alarms and the dashboard over both implementations, or bring them up to date.

        Args:
            remove: Take them away instead.
            approve: Who approves.
            message: For Pulumi's update history.
        """
        from rollout.migration import events
        from rollout.programs.alarms.alarms import names, title
        from rollout.programs.alarms.dashboard import link

        environment = self._environment
        phase = "monitoring-remove" if remove else "monitoring"
        result = self._runner().run(phase, _approver(approve), message=message)
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
        """Retire legacy: the rules forward to the candidate alone, then the legacy functions are deleted.

        Args:
            quiet_for: How long no request may have met legacy, 1 min to 90 d; by default `complete-after`.
            approve: Who approves.
            save: Whether to write `completed = true` into the file.
            message: For Pulumi's update history.
            waive: Resources that may change beyond the policy, such as `Function:cc-auth`.

        Raises:
            PreflightFailed: Not all routes are at 100 %, or it isn't proven that nobody needs legacy.
        """
        from rollout.analysis.measuring.idle import legacy_groups
        from rollout.migration import events
        from rollout.migration.checks.retiring import left_to_remove

        environment, parts = self._environment, self._parts
        span = environment.complete_after if quiet_for is None else read_duration(quiet_for)
        if not MINUTE <= span <= timedelta(days=90):
            raise UsageError(
                f"{format_duration(span)} is out of range for --quiet-for",
                then="allowed are 1m to 90d",
                code="out-of-range",
            )
        result = self._runner(span).run("complete", _approver(approve), message=message, waive=waive)
        if not environment.is_legacy_ours:
            live = parts.load_balancers.read(environment, tags=False)
            left = left_to_remove(environment, live, parts.load_balancers.targets(legacy_groups(environment, live)))
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
        """Take a phase back: phase 2 hands the rules to the legacy stack again, phase 1 removes the candidate.

        Args:
            phase: `phase2`, which needs the weight 0 everywhere, or `phase1`, which needs phase 2 undone.
            approve: Who approves.
            message: For Pulumi's update history.
            waive: Resources that may change beyond the policy, such as `Function:rust-scorer`.

        Raises:
            UsageError: It is another phase.
        """
        from rollout.migration.phases import PHASES

        if f"undo-{phase}" not in PHASES:
            raise UsageError(
                f"{phase} can't be undone",
                then="allowed are phase2 and phase1; a weight is set back to 0",
                code="unknown-phase",
            )
        return self._runner().run(f"undo-{phase}", _approver(approve), message=message, waive=waive)

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
            approve: Who approves.
            save: Whether to write the weight into the file once it is live.
            message: For Pulumi's update history; a function is asked once the gate is open.
            accept_live: Start from the live rules even if somebody else changed them.
            waive: Resources that may change beyond the policy, such as `Function:rust-scorer`.
            since: What was known of rollbacks when what asks for this began, such as a ramp; by default what is now.
        """
        percent = read_weight(weight)
        names = self.routes(routes)
        result = self._runner().run(
            "weight",
            _approver(approve),
            weights=dict.fromkeys(names, percent),
            accept_live=accept_live,
            waive=waive,
            since=since,
            message=message or f"rollout weight {self._environment.name} {percent} ({_names(routes)})",
        )
        self._save(percent, routes, save=save)
        return result

    def rollback(
        self,
        *,
        routes: Sequence[str] = (),
        save: bool = True,
        reconcile: bool = True,
        message: str | None = None,
    ) -> RollbackResult:
        """Send all requests to the legacy implementation at once, then bring the state up to date.

        docs/decisions/0019 says what it promises.

        Args:
            routes: The routes' names; all by default.
            save: Whether to write the weight 0 into the file.
            reconcile: Whether to bring Pulumi's state up to date afterwards, which needs the engine.
            message: For Pulumi's update history.

        Raises:
            RollbackIncomplete: Some routes couldn't be moved, or whether they stay so can't be known; each is named.
            Locked: All are on legacy alone, but somebody still holds the stack and may raise them again.
            WrongAccount: The credentials belong to another account; nothing was changed.
            Interrupted: By the user.
        """
        from rollout.migration import events
        from rollout.migration.rollback import States

        names, parts, name = self.routes(routes), self._parts, self._environment.name
        states = States(parts.load_balancers, self._stacks_to_tidy, parts.holders, lambda: parts.wall)
        with self._emit.aside():
            self._emit(events.PhaseStarted(name, "rollback", "All traffic back to legacy, at once", (ROUTING,)))
            way_back = self._way_back(names, marked=True)
            first = way_back.move()
            saving = self._save_aside(first.back, names, routes) if save and not self._is_last_good else None
            try:
                result = way_back.settle(first, states if reconcile else None, message)
                self._emit(events.RollbackFinished(name, names, result.reconciled, result.reason))
            finally:
                if saving and not threads.DaemonPool.wait([saving], SAVING):
                    self._emit(events.Warned(name, "the weight 0 isn't in the file yet: another process has it locked"))
        return result

    def _stacks_to_tidy(self) -> Stacks:
        if self._is_last_good:
            raise EngineError("stacks.toml can't be gone by, so the state stays as it is", code="config")
        return self._parts.stacks

    def _way_back(self, routes: Sequence[str], *, marked: bool) -> Rollback:
        from rollout.migration.rollback import Rollback, mark_text
        from rollout.ramp.controls import who

        parts = self._parts
        return Rollback(
            self._environment,
            routes,
            parts.rules,
            parts.clock,
            self._emit,
            known=lambda: parts.known_arns(self._file),
            mark=(lambda: mark_text(parts.utc, who())) if marked else None,
            by=who,
            now=lambda: parts.utc,
        )

    def _take_back(self, routes: Sequence[str]) -> None:
        """Move routes back that an update of ours raised after somebody had asked for a rollback."""
        way_back = self._way_back(routes, marked=False)
        way_back.settle(way_back.move(), None)

    def _save_aside(self, back: Sequence[str], names: Sequence[str], routes: Sequence[str]) -> Future[None] | None:
        """Begin to write the weight 0 into the file for routes that are back; another process may have it locked."""
        if not back:
            return None
        return threads.DaemonPool(1).submit(self.remember, Percent(0), routes if set(back) == set(names) else back)

    def remember(self, weight: Percent, routes: Sequence[str] = ()) -> None:
        """Write a live weight into the file; if that can't be done, a warning says so.

        Args:
            weight: The candidate's share.
            routes: The routes' names; all by default.
        """
        from rollout.migration import events

        try:
            self._save(weight, routes, save=True)
        except (RolloutError, OSError) as error:  # traffic is where it should be, which is what was asked for
            self._emit(events.Warned(self._environment.name, f"the weight {weight} isn't in the file: {error}"))

    def release(self, *, approve: Approval = None) -> ReleaseResult:
        """After phase 2: have Terraform or another Pulumi stack let go of the adopted rules, by its own commands."""
        from rollout.migration.release import Release

        parts = self._parts
        release = Release(self._environment, parts.load_balancers, parts.stacks, parts.owner, self._emit)
        return release.run(_approver(approve))

    def unmarked(self, stack: str) -> tuple[Unmarked, ...]:
        """What a stack holds without its mark, so that no phase changes or deletes it: see `adopt_resources`.

        Args:
            stack: legacy, candidate, routing or monitoring.

        Raises:
            EngineError, AwsError: Its state or AWS can't be read.
        """
        return self._adoption().unmarked(stack)

    def adopt_resources(
        self, names: Sequence[str], *, approve: Approval = None, message: str | None = None
    ) -> AdoptResult:
        """Mark resources that the stacks hold as this environment's; nothing but tags is changed.

        Args:
            names: Such as `Function:rust-scorer`; `unmarked` has those that can be named.
            approve: Who approves.
            message: For Pulumi's update history.

        Raises:
            UsageError: There is nothing of a name that could be adopted.
        """
        return self._adoption().run(names, _approver(approve), message)

    def _adoption(self) -> Adoption:
        from rollout.migration.adopt import Adoption
        from rollout.ramp.controls import who

        parts = self._parts
        environment, stacks = self._environment, parts.stacks
        return Adoption(environment, stacks, parts.marks, self._emit, by=who(), now=lambda: parts.utc)

    def preview(
        self,
        phase: str,
        *,
        weights: Mapping[str, Percent] | None = None,
        accept_live: bool = False,
        waive: Sequence[str] = (),
    ) -> PhaseResult:
        """What a phase would do; nothing is changed.

        Args:
            phase: `phase1`, `phase2`, `phase3`, or `weight` with `weights` by route.
            weights: The new weights, for `weight`.
            accept_live: Start from the live rules even if somebody else changed them.
            waive: Resources that may change beyond the phase's policy, such as `Function:rust-scorer`.
        """
        from rollout.migration.phases import PHASES

        if phase not in PHASES:
            raise UsageError(
                f"there is no phase {phase!r}", then=f"allowed are {', '.join(PHASES)}", code="unknown-phase"
            )
        return self._runner().run(phase, None, weights=weights, preview_only=True, accept_live=accept_live, waive=waive)

    def explain(
        self,
        request: Request,
        *,
        load_balancer: str | None = None,
        cookie: str | None = None,
        after: str | Percent | float | None = None,
    ) -> tuple[Explanation, ...]:
        """Where a request goes on each load balancer, and why.

        Args:
            request: The request.
            load_balancer: Only this one, by its name in the inventory.
            cookie: The target group that the client's stickiness cookie names, or `legacy` or `candidate`.
            after: By the rules that a phase of this name would leave, or that all routes would have at this weight,
                0 to 100 per cent; by default those of now.

        Raises:
            UsageError: There is no such load balancer, phase or weight.
            PreflightFailed: A load balancer or its listener isn't on AWS.
        """
        from rollout.alb.explain import explain, future
        from rollout.migration.phases import PHASES
        from rollout.migration.runner.runner import PhaseRunner

        environment = self._environment
        known = environment.load_balancers
        if load_balancer is not None and load_balancer not in known:
            raise UsageError(
                f"there is no load balancer {load_balancer!r}",
                then=f"they are {', '.join(known)}",
                code="unknown-load-balancer",
            )
        phase = str(after) if after in PHASES else "weight"
        weights = None if after is None or phase != "weight" else dict.fromkeys(environment.routes, read_weight(after))
        parts = self._parts
        live = parts.load_balancers.read(environment, tags=False)
        names = (load_balancer,) if load_balancer else tuple(known)
        places = {f"load-balancers.{name}" for name in names}
        if problems := [problem for problem in live_problems(environment, live) if problem.where in places]:
            raise PreflightFailed("nobody is there to ask", problems)
        if after is not None:
            quiet = PhaseRunner(
                environment, parts.load_balancers, parts.stacks, parts.clock, lambda _: None, marks=parts.marks
            )
            live = future(environment, live, quiet.run(phase, None, weights=weights, preview_only=True).after)
        if phase.startswith("override"):
            live = with_overrides(environment, live, PHASES[phase].header_rules(environment, live))
        return tuple(explain(environment, live, name, request, cookie) for name in names)

    def ramp(
        self, *, approve: Approval = None, once: bool = False, restart: bool = False, save: bool = True
    ) -> RampResult:
        """Raise the weight by the steps of `[ramp]`, each after a Pass of the one before.

        It goes on from wherever the live weights and Pulumi's history say that the ramp stands.

        Args:
            approve: Who approves each step's gate.
            once: Do what is due now and return, instead of going on until the ramp has ended.
            restart: Begin anew from the live weight, after a ramp that ended or weights that somebody else set.
            save: Whether to write each weight into the file once it is live.

        Raises:
            AnalysisFailed: The candidate is worse than legacy; what `on-failure` says was done.
            RampEnded: It had ended otherwise, such as by a rollback.
            Drift: Somebody else set weights.
            UsageError: There is nothing to restart.
        """
        from rollout.api.ramp_actions import EnvironmentRampActions
        from rollout.migration import events
        from rollout.ramp.runner import Runner

        self._environment.require("ramp", "analysis", "notifications")
        name = self._environment.name
        actions = EnvironmentRampActions(
            self, self._parts, save=save, warn=lambda said: self._emit(events.Warned(name, said))
        )
        asked = _approver(approve)

        def ask(gate: Gate) -> bool:
            self._emit.drain()  # so that all that was told is seen before somebody is asked
            return asked is not None and asked(gate)

        with self._emit.aside():
            return Runner(self._environment, actions, self._journal(), self._emit, ask if asked else None).run(
                once=once, restart=restart
            )

    def look(self) -> RampView:
        """Where the ramp stands, what the judge says, and what would come next; nothing is changed."""
        from rollout.ramp.view import view

        self._environment.require("ramp", "analysis")
        return view(self._environment, self._onlooker, self._journal())

    @cached_property
    def _onlooker(self) -> EnvironmentRampActions:
        """What looks on; it is kept, since it remembers what a step's latencies are held against."""
        from rollout.api.ramp_actions import EnvironmentRampActions

        return EnvironmentRampActions(self, self._parts, save=False, warn=lambda _: None)

    def pause(self) -> None:
        """Let the ramp raise nothing until `resume`; what fails goes back all the same."""
        from rollout.state.ramp_journal import Kind

        self._controls().say(Kind.PAUSED, self.live())

    def resume(self) -> None:
        """Let a paused ramp go on."""
        from rollout.state.ramp_journal import Kind

        self._controls().say(Kind.RESUMED, self.live())

    def skip_wait(self) -> None:
        """Let the ramp go on from this step as soon as it has a Pass, whatever the bake."""
        from rollout.state.ramp_journal import Kind

        self._controls().say(Kind.SKIPPED, self.live())

    def approve(self, weight: Percent | float | str | None = None) -> Percent:
        """Approve a step of `approve-before`, by default the next; who did is kept in history."""
        self._environment.require("ramp")
        return self._controls().approve(self.live(), None if weight is None else read_weight(weight))

    def freeze(self, until: datetime | timedelta | str) -> None:
        """Let the ramp raise nothing until a time.

        Args:
            until: A time with its zone, or a duration from now, at most 90 days; `0s` lifts a freeze.

        Raises:
            UsageError: It is neither.
        """
        from rollout.ramp.controls import read_until

        self._controls().freeze(read_until(until, self._parts.utc))

    def _journal(self) -> Journal:
        from rollout.ramp.controls import who
        from rollout.state.ramp_journal import Journal

        parts = self._parts
        return Journal(self._environment.name, lambda: parts.stacks, lambda: parts.utc, who())

    def _controls(self) -> Controls:
        from rollout.ramp.controls import Controls, who

        return Controls(self._environment, self._journal(), who(), self._emit)

    def preflight(self) -> PreflightReport:
        """Look at everything that the phases need, all at once; nothing is changed."""
        from rollout.migration.checks.names import made_names
        from rollout.migration.checks.report import (
            Check,
            PreflightReport,
            aws_checks,
            backend_check,
            failed,
            names_check,
        )

        parts, environment = self._parts, self._environment
        checks = [Check("inventory", self._file.name, environment.all_faults)] if environment.faults else []
        held: Held | None = None
        owner: LegacyOwner | None = None
        candidate: Resources = None
        try:
            checks += (
                Check("engine", parts.engine_version),
                backend_check(parts.stacks.backend(), parts.backend_warning),
            )
            legacy = parts.stacks.resources(LEGACY) if environment.is_legacy_ours else None
            held, owner = Held(legacy, parts.stacks.resources(ROUTING)), parts.owner
            candidate = parts.stacks.resources(CANDIDATE)
        except EngineError as error:
            checks.append(failed("backend" if checks else "engine", error))
        try:
            live = parts.load_balancers.read(environment)
            ownership = ownership_of(environment, live, owner, asked(owner, GLANCE)) if owner else None
            checks += aws_checks(environment, live, parts.load_balancers.inspect(live), held, ownership)
            found = parts.marks.find(made_names(environment))
            checks.append(names_check(environment, live, found, candidate))
        except AwsError as error:
            checks.append(failed("account" if isinstance(error, WrongAccount) else "AWS", error))
        return PreflightReport(environment.name, tuple(checks))

    def smoke(self, *, samples: Path | str | None = None, routes: Sequence[str] = (), warm: int = 1) -> SmokeReport:
        """Invoke the candidate's functions as their load balancer would; no traffic is moved.

        Args:
            samples: The folder of what each route is asked; by default `samples` beside the inventory, if it is there.
            routes: The routes' names; all by default.
            warm: How many environments of each function to open first, 1 to 100.

        Raises:
            UsageError: There is no such folder or route, or too much to warm.
            ConfigError: The samples can't be used.
            WrongAccount: The credentials belong to another account.
        """
        from rollout.migration.smoke.run import MAX_WARM, Smoke
        from rollout.migration.smoke.samples import read_samples

        if not 1 <= warm <= MAX_WARM:
            what = f"{count_of(warm, 'environment')} can't be warmed"
            raise UsageError(
                what,
                then=f"allowed are 1 to {MAX_WARM}",
                code="out-of-range",
            )
        environment, parts = self._environment, self._parts
        folder = environment.root / "samples" if samples is None else Path(samples)
        asked = read_samples(folder, environment, wanted=samples is not None)
        names = self.routes(routes)
        live = parts.load_balancers.read(environment, tags=False)
        groups = {live.group_arn(environment.routes[name].candidate) for name in names} - {Arn("")}
        lists = parts.load_balancers.multi_value(sorted(groups))
        return Smoke(environment, live, parts.functions, parts.utc, lists).run(asked, names, warm)

    def iam_policy(self, role: Role, *, live: bool = False) -> dict[str, Any]:
        """The least IAM policy for a role.

        Args:
            role: `observe` looks only, `rollback` may roll back and nothing else, `operate` may do all.
            live: Look at AWS, and name each rule by its ARN; otherwise patterns of names do, and nobody is asked.

        Raises:
            AwsError: AWS refused, or can't be reached.
        """
        from rollout.adapters.aws.iam import policy

        self._environment.require("header-override", "notifications", "analysis")
        return policy(self._environment, role, self.live() if live else None)

    def live(self) -> AlbState:
        """What is on AWS now."""
        return self._parts.load_balancers.read(self._environment)

    def status(self, *, since: timedelta | str | None = SINCE) -> EnvironmentStatus:
        """Where the environment stands; without an engine, all but who holds the rules.

        Args:
            since: How far back requests are counted, 1 min to 1 d, also as a text such as `15m`; None doesn't count
                them. If CloudWatch can't be asked, the status says why.

        Raises:
            UsageError: It isn't a duration, or out of range.
        """
        parts, environment = self._parts, self._environment
        span = None if since is None else _read_span(since)
        with ThreadPoolExecutor(5) as pool:
            states = self._states(pool)  # first: the engine is at work while boto3 is imported
            live = pool.submit(lambda: parts.load_balancers.read(environment, tags=False))
            measured = pool.submit(self._measured, live, span) if span else None
            status = self._standing(pool, states, live)
            parts.keep_good(self._file, live.result())
            return with_measured(status, measured.result()) if measured else status

    def _standing(
        self, pool: ThreadPoolExecutor, states: Callable[[], Held] | None, live: Future[AlbState]
    ) -> EnvironmentStatus:
        owner = self._parts.owner if states else None
        found = pool.submit(asked, owner, GLANCE) if owner else None
        held, ownership = None, None
        try:
            held = states() if states else None
            if owner and found:
                ownership = ownership_of(self._environment, live.result(), owner, found.result())
        except EngineError:
            held = None
        return status_of(self._environment, live.result(), held, ownership)

    def _states(self, pool: ThreadPoolExecutor) -> Callable[[], Held] | None:
        """Begin to read who holds the rules, and give what waits for it; None without an engine."""
        try:
            return self._held(pool)
        except EngineError:
            return None

    def _held(self, pool: ThreadPoolExecutor) -> Callable[[], Held]:
        """The same, where an engine must be there.

        Raises:
            EngineError: There is none.
        """
        states = self._parts.states
        legacy = pool.submit(states.resources, LEGACY) if self._environment.is_legacy_ours else None
        routing = pool.submit(states.resources, ROUTING)
        return lambda: Held(legacy.result() if legacy else None, routing.result())

    def history(self, *, limit: int | None = None) -> tuple[PastChange, ...]:
        """What was changed by whom, when and why, the oldest first; from the update histories of all stacks.

        Args:
            limit: Only so many of the latest, 1 or more; all by default.

        Raises:
            UsageError: The limit is below 1.
            EngineError: A history can't be read.
        """
        from rollout.state.history.audit import changes_of
        from rollout.state.history.reading import read_histories

        if limit is not None and limit < 1:
            what = f"{count_of(limit, 'change')} can't be shown"
            raise UsageError(what, then="1 or more are allowed", code="out-of-range")
        every = changes_of(read_histories(self._parts.states))
        return every if limit is None else every[-limit:]

    def past_change(self, number: int) -> PastChange:
        """One change of `history`, by its number.

        Raises:
            UsageError: There is none of that number.
            EngineError: A history can't be read.
        """
        every = self.history()
        if not 1 <= number <= len(every):
            known = f"they are 1 to {len(every)}" if every else "it has no history: nothing was deployed yet"
            raise UsageError(
                f"there is no change {number} of {self._environment.name}", then=known, code="unknown-change"
            )
        return every[number - 1]

    def drift(self, *, ignore_file: bool = False) -> DriftReport:
        """Hold the file, the state and the load balancer against each other; nothing is changed.

        Args:
            ignore_file: Whether the file's weights don't count, such as where a ramp doesn't save them.

        Raises:
            EngineError, AwsError: State or load balancers can't be read, so that nothing can be told.
        """
        from rollout.migration.checks.drift import drift_of

        with ThreadPoolExecutor(2) as pool:
            states, live = self._held(pool), self._parts.load_balancers.read(self._environment)
            held = states()
            return drift_of(self._environment, live, held.legacy, held.routing, ignore_file=ignore_file)

    def glance(self) -> FleetLine:
        """Where the environment stands, in a line. It doesn't raise: what can't be told is missing, or an error."""
        from rollout.api.fleet import line_of
        from rollout.migration.checks.drift import drift_of
        from rollout.ramp.sentence import ramp_sentence
        from rollout.state.ramp_journal import DEPTH

        environment = self._environment
        with ThreadPoolExecutor(4) as pool:
            states, live = self._states(pool), pool.submit(self.live)

            def drift() -> DriftReport:
                held = (states or self._held(pool))()  # which says that there is no engine
                return drift_of(environment, live.result(), held.legacy, held.routing)

            def ramp() -> str:
                return ramp_sentence(environment, live.result(), self._parts.states.history(ROUTING, DEPTH))

            return line_of(environment, lambda: self._standing(pool, states, live), drift, ramp)

    def repair(self, *, approve: Approval = None, message: str | None = None) -> PhaseResult:
        """End drift by making load balancer and state as the file says, whoever changed them.

        A rule that is gone, or is for other requests, it can't bring back.
        """
        return self.phase3(approve=approve, message=message or "drift repaired", accept_live=True)

    def adopt(self, *, approve: Approval = None, message: str | None = None) -> PhaseResult:
        """End drift by taking the weights that are live into the state, and saving them in the file.

        Raises:
            Drift: A rule forwards to what neither rollout nor the legacy stack would.
        """
        said = message or "drift adopted"
        result = self._runner().run("weight", _approver(approve), weights={}, accept_live=True, message=said)
        weights = {name: split.weight for name, split in result.after.items()}
        for weight in dict.fromkeys(weights.values()):
            routes = [name for name in weights if weights[name] == weight]
            self._save(weight, routes if len(routes) < len(weights) else (), save=True)
        return result

    def overview(self, *, since: timedelta | str = DAY) -> Overview:
        """Where the environment stands, its history, and legacy against the candidate over time.

        Args:
            since: How far back, 10 min to 60 d, also as a text such as `7d`.

        Raises:
            UsageError: It isn't a duration, or out of range.
            AwsError: The load balancers can't be read; whatever else can't be is a note of the overview.
        """
        from rollout.reports.reading import LONGEST, SHORTEST, read_overview

        span = read_duration(since)
        if not SHORTEST <= span <= LONGEST:
            allowed = f"allowed are {format_duration(SHORTEST)} to {format_duration(LONGEST)}"
            raise UsageError(
                f"{format_duration(span)} is out of range for a look back", then=allowed, code="out-of-range"
            )
        parts = self._parts
        return read_overview(
            self._environment,
            lambda: self.status(since=None),
            self.live,
            states=lambda: parts.states,
            metrics=parts.metrics,
            now=parts.utc,
            since=span,
        )

    def plan_ramp(
        self,
        *,
        base: float = 0.001,
        harmful: float = 0.01,
        since: timedelta | str = HOUR,
        requests_per_minute: float | None = None,
    ) -> RampPlan:
        """How long each step of the ramp must be watched to find a given harm.

        Args:
            base: Legacy's share of bad requests, 0 to 1.
            harmful: The candidate's share that is to be found, above `base`, to 1.
            since: How far back requests are counted, 1 min to 1 d, also as a text such as `15m`. The routes with the
                fewest decide.
            requests_per_minute: Plan for so many, above 0, and count none.

        Raises:
            UsageError: An argument is out of range, or no route had requests.
            AwsError: AWS refused or can't be reached.
        """
        from rollout.analysis.planning import plan_ramp

        self._environment.require("ramp", "analysis")
        if not 0 <= base < harmful <= 1:
            raise UsageError(
                f"can't plan for errors that rise from {base * 100:g} to {harmful * 100:g} per cent",
                then="the rise must be from 0 or more to a higher share, up to 100",
                code="out-of-range",
            )
        if requests_per_minute is not None and not 0 < requests_per_minute < math.inf:
            raise UsageError(
                f"{requests_per_minute:g} requests a minute are too few or too many to plan with", code="out-of-range"
            )
        environment, notes = self._environment, tuple[str, ...]()
        if requests_per_minute is None:
            requests_per_minute, notes = self._fewest(_read_span(since))
        ramp, pools = environment.ramp, len(group_pools(environment))
        return plan_ramp(
            requests_per_minute,
            base,
            harmful,
            ramp.steps,
            environment.analysis,
            longest=ramp.bake_limit,
            pools=pools,
            notes=notes,
        )

    def _fewest(self, since: timedelta) -> tuple[float, tuple[str, ...]]:
        """The requests a minute of the routes that have the fewest, and what to know of the others."""
        live = self._parts.load_balancers.read(self._environment, tags=False)
        found = per_minute(self._environment, live, self._counts(live, since), since)
        busy = {routes: rate for routes, rate in found.items() if rate}
        if not busy:
            raise UsageError(
                f"CloudWatch has no requests of the last {format_duration(since)} to plan with",
                then="look further back with --since, or say how many there will be with --rpm",
                code="no-requests",
            )
        quietest = min(busy, key=lambda routes: busy[routes])
        notes = [f"{_names(quietest)} had the fewest requests, and a step passes with all routes alone"]
        notes += [f"{_names(routes)} had none: no step passes as long as that is so" for routes in found.keys() - busy]
        return busy[quietest], tuple(sorted(notes) if len(found) > 1 else notes[1:])

    def _counts(self, live: AlbState, since: timedelta) -> dict[Arn, int]:
        asked = counted(self._environment, live)
        end = self._parts.utc.replace(second=0, microsecond=0)
        found = self._parts.metrics.read(tuple(asked.values()), end - since, end)
        return {group: round(sum(point.value for point in found[series])) for group, series in asked.items()}

    def _volumes(self, live: AlbState) -> Mapping[str, Volume] | str:
        try:
            return volumes(self._environment, live, self._counts(live, SINCE), SINCE)
        except RolloutError as error:
            return error.what

    def _measured(self, live: Future[AlbState], since: timedelta) -> Mapping[str, Measured] | str:
        try:
            counts = self._counts(live.result(), since)
        except AwsError as error:
            return f"{error.what}; {error.then}" if error.then else error.what
        if not any(counts.values()):
            return f"CloudWatch has no requests of the last {format_duration(since)}"
        return measure(self._environment, live.result(), counts, since)

    def unlock(self, *, approve: Callable[[tuple[Lock, ...]], bool], force: bool = False) -> tuple[Lock, ...]:
        """Take away the locks on the stacks, whoever left them.

        Args:
            approve: Shown the locks, if there are any.
            force: Even if a holder is at work on this machine.

        Returns:
            Those that were taken away.

        Raises:
            Locked: A holder is at work on this machine, or another one came meanwhile.
            GateRefused: Not approved.
        """
        from rollout.migration import events

        name, stacks = self._environment.name, self._parts.stacks
        with ThreadPoolExecutor(4) as pool:
            found = tuple(lock for locks in pool.map(stacks.locks, STACKS) for lock in locks)
        if not found:
            return ()
        alive = [lock for lock in found if lock.state is Holder.ALIVE]
        if alive and not force:
            said = f"{alive[0].stack} is being updated by {alive[0].holder}, at work on this machine"
            raise Locked(said, then="wait until that is done, or stop that process first; --force unlocks all the same")
        if not approve(found):
            raise GateRefused("the locks stay", then="pass `--yes` if nobody is at work there")
        for stack in dict.fromkeys(lock.stack for lock in found):
            if {lock.holder for lock in stacks.locks(stack)} - {lock.holder for lock in found}:
                raise Locked(f"somebody else has locked {stack} meanwhile", then="look again", code="concurrent-change")
            stacks.unlock(stack)
        for lock in found:
            self._emit(events.LockCleared(name, lock.stack, lock.holder, lock.state.value))
        return found

    def routes(self, names: Sequence[str]) -> tuple[str, ...]:
        """The named routes, or all.

        Raises:
            UsageError: There is no such route.
        """
        known = self._environment.routes
        for name in names:
            if name not in known:
                raise UsageError(
                    f"there is no route {name!r}", then=f"routes are {', '.join(known)}", code="unknown-route"
                )
        return tuple(dict.fromkeys(names)) or tuple(known)

    def _runner(self, quiet_for: timedelta | None = None) -> PhaseRunner:
        from rollout.analysis.measuring.idle import IdleCheck
        from rollout.migration import events
        from rollout.migration.runner.runner import PhaseRunner
        from rollout.ramp.controls import who

        parts, environment = self._parts, self._environment
        idle = IdleCheck(
            environment,
            parts.load_balancers,
            lambda span, requests: self._emit(events.LegacyQuiet(environment.name, span, requests)),
            metrics=lambda: parts.metrics,
            now=lambda: parts.utc,
            span=quiet_for or environment.complete_after,
        )
        return PhaseRunner(
            environment,
            parts.load_balancers,
            parts.stacks,
            parts.clock,
            self._emit,
            marks=parts.marks,
            owner=parts.owner,
            by=who(),
            proof=idle.missing,
            volumes=self._volumes,
            known=[
                *([warning] if (warning := parts.backend_warning) else []),
                *(f"this doesn't go by it, but {problem}" for problem in environment.all_faults),
            ],
            take_back=self._take_back,
            on_verified=lambda live: parts.keep_good(self._file, live),
            times=lambda: (parts.utc, parts.wall),
        )

    def _save(self, weight: Percent, routes: Sequence[str], *, save: bool) -> None:
        from rollout.migration import events

        if save and config.save_weight(self._file, self._environment.name, weight, routes or None):
            self._emit(events.WeightSaved(self._environment.name, str(self._file), weight))

    def _lock_cleared(self, stack: str, holder: str) -> None:
        from rollout.migration import events

        self._emit(events.LockCleared(self._environment.name, stack, holder))


def read_weight(value: Percent | float | str) -> Percent:
    """A weight as an argument.

    Raises:
        UsageError: It isn't 0 to 100 per cent with at most one decimal.
    """
    try:
        return Percent.of(value)
    except ValueError as error:
        raise UsageError(str(error), code="invalid-weight") from None


def read_duration(value: timedelta | str) -> timedelta:
    """A duration as an argument, such as `30s` or `1h30m`.

    Raises:
        UsageError: It isn't one.
    """
    try:
        return parse_duration(value)
    except ValueError as error:
        raise UsageError(str(error), code="invalid-duration") from None


def _read_span(value: timedelta | str) -> timedelta:
    span = read_duration(value)
    if not MINUTE <= span <= timedelta(days=1):
        raise UsageError(
            f"{format_duration(span)} is out of range for requests", then="allowed are 1m to 1d", code="out-of-range"
        )
    return span


def _approver(approve: Approval) -> Approver | None:
    return (lambda _: True) if approve is True else approve


def _names(routes: Sequence[str]) -> str:
    return ", ".join(routes) or "all routes"
