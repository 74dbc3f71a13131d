"""Read-only checks of an environment: status, drift, preflight, smoke tests, IAM policies."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rollout.analysis.metrics import SINCE
from rollout.api.arguments import read_span
from rollout.api.opened import Part
from rollout.base.formatting import count_of
from rollout.errors import AwsError, EngineError, Problem, UsageError, WrongAccount
from rollout.inventory.model import Arn, Split
from rollout.inventory.quantities import WHOLE
from rollout.inventory.stacks import CANDIDATE, LEGACY, ROUTING

if TYPE_CHECKING:
    from rollout.adapters.aws.iam import Role
    from rollout.alb.state import AlbState
    from rollout.migration.checks.drift import DriftReport
    from rollout.migration.checks.inspection import Inspection
    from rollout.migration.checks.preflight import Resources
    from rollout.migration.checks.report import Check, PreflightReport
    from rollout.migration.checks.status import EnvironmentStatus, Held
    from rollout.migration.ports import LegacyOwner
    from rollout.migration.smoke.report import SmokeReport


class Checks(Part):
    """Looks at the file, the state and AWS."""

    def status(self, *, since: timedelta | str | None = SINCE) -> EnvironmentStatus:
        """The environment's status. Without an engine, `phase` and `owners` are None.

        Args:
            since: How far back requests are counted, 1 min to 1 d, also as a text such as `15m`; None doesn't count
                them. If CloudWatch can't be read, the status says why.

        Raises:
            UsageError: It isn't a duration, or out of range.
        """
        from rollout.api.controller_reading import ControllerReading
        from rollout.api.guard_reading import GuardReading
        from rollout.api.health import unhealthy
        from rollout.api.holders import Holders
        from rollout.api.parity_check import parity_status
        from rollout.api.requests import Requests
        from rollout.migration.checks.status import with_controller, with_guard, with_measured

        container, environment = self._container, self._environment
        span = None if since is None else read_span(since)
        holders = Holders(self._opened)
        with ThreadPoolExecutor(7) as pool:
            states = holders.begin_if_any(pool)  # first: the engine is at work while boto3 is imported
            live = pool.submit(lambda: container.load_balancers.read(environment, tags=False))
            guard = pool.submit(GuardReading(self._opened).status)
            parity = pool.submit(lambda: parity_status(self._opened, live.result()))
            controller = pool.submit(ControllerReading(self._opened).status)
            measured = pool.submit(Requests(self._opened).measured, live, span) if span else None
            status = replace(holders.status(pool, states, live), parity=parity.result())
            container.keep_good(self._file, live.result())
            problems = (*status.problems, *unhealthy(self._opened, live.result(), self._environment.routes))
            status = with_controller(replace(status, problems=problems), controller.result())
            status = with_guard(status, guard.result())
            return with_measured(status, measured.result()) if measured else status

    def drift(self, *, ignore_file: bool = False) -> DriftReport:
        """Compare the file, the state and the load balancer; nothing is changed.

        Args:
            ignore_file: Whether to ignore the file's weights, for example if a ramp doesn't save them.

        Raises:
            EngineError, AwsError: State or load balancers can't be read.
        """
        from rollout.api.guard_reading import GuardReading
        from rollout.api.holders import Holders
        from rollout.migration.checks.drift import drift_of

        with ThreadPoolExecutor(3) as pool:
            states, guard = Holders(self._opened).begin(pool), pool.submit(GuardReading(self._opened).status)
            live, held = self._live(), states()
            report = drift_of(self._environment, live, held.legacy, held.routing, ignore_file=ignore_file)
            return replace(report, others=(*report.others, *self._moved_aliases()), guard=guard.result())

    def _moved_aliases(self) -> Iterator[Problem]:
        from rollout.migration.checks.aliases import moved_aliases, with_aliases
        from rollout.migration.checks.drift import as_recorded

        if with_aliases(self._environment):
            recorded = as_recorded(self._container.stacks.resources(CANDIDATE) or ())
            yield from moved_aliases(self._environment, recorded, self._container.aliases.aliases(self._environment))

    def preflight(self) -> PreflightReport:
        """Check everything that the phases need; nothing is changed."""
        from rollout.api.controller_reading import ControllerReading
        from rollout.api.guard_reading import GuardReading
        from rollout.api.holders import GLANCE
        from rollout.api.parity_check import parity_status
        from rollout.api.runner import checked_controller, checked_guard
        from rollout.migration.checks.guard_status import disarmed_problem
        from rollout.migration.checks.names import made_names
        from rollout.migration.checks.ownership import asked, ownership_of
        from rollout.migration.checks.report import (
            Check,
            PreflightReport,
            access_logs_check,
            aws_checks,
            backend_check,
            controller_check,
            failed,
            functions_check,
            guard_check,
            names_check,
            parity_checks,
            source_check,
        )
        from rollout.migration.checks.status import Held

        container, environment = self._container, self._environment
        checks = [Check("inventory", self._file.name, environment.all_faults)] if environment.faults else []
        held: Held | None = None
        owner: LegacyOwner | None = None
        candidate: Resources = None
        try:
            checks.append(Check("engine", container.engine_version))
            checks.append(backend_check(container.stacks.backend(), container.backend_warning))
            legacy = container.stacks.resources(LEGACY) if environment.is_legacy_ours else None
            held, owner = Held(legacy, container.stacks.resources(ROUTING)), container.owner
            candidate = container.stacks.resources(CANDIDATE)
        except EngineError as error:
            checks.append(failed("backend" if checks else "engine", error))
        try:
            live = container.load_balancers.read(environment)
            ownership = ownership_of(environment, live, owner, asked(owner, GLANCE)) if owner else None
            inspected = container.load_balancers.inspect(live)
            checks += aws_checks(environment, live, inspected, held, ownership)
            checks += functions_check(environment, container.aliases.needs(environment))
            checks.append(names_check(environment, live, container.marks.find(made_names(environment)), candidate))
            checks += access_logs_check(environment, live, container.access_logs, container.utc)
            checks += source_check(environment, live, inspected, lambda: container.metrics, container.utc)
            if environment.guard:
                disarmed = disarmed_problem(GuardReading(self._opened).status())
                checks += guard_check(environment, (*checked_guard(self._opened).problems(live), *disarmed))
            controller = checked_controller(self._opened)
            found_wrong = tuple(controller.problems(live)) if controller else ()
            checks += controller_check(ControllerReading(self._opened).status(), found_wrong)
            checks += parity_checks(parity_status(self._opened, live))
            checks += self._concurrency(live, inspected)
        except AwsError as error:
            checks.append(failed("account" if isinstance(error, WrongAccount) else "AWS", error))
        return PreflightReport(environment.name, tuple(checks))

    def _concurrency(self, live: AlbState, found: Inspection) -> Iterator[Check]:
        """Whether Lambda has room for 100 per cent."""
        from rollout.api.headroom import Headrooms
        from rollout.migration.checks.report import concurrency_checks

        if not self._environment.completed:
            everything = dict.fromkeys(self._environment.routes, Split.at(WHOLE))
            yield from concurrency_checks(Headrooms(self._opened)(live, everything, found.targets))

    def smoke(self, *, samples: Path | str | None = None, routes: Sequence[str] = (), warm: int = 1) -> SmokeReport:
        """Invoke the candidate's functions as their load balancer would; no traffic is moved.

        Args:
            samples: The folder of the samples; by default `samples` beside the inventory, if it exists.
            routes: The routes' names; all by default.
            warm: How many environments of each function to start first, 1 to 100.

        Raises:
            UsageError: There is no such folder or route, or `warm` is out of range.
            ConfigError: The samples can't be used.
            WrongAccount: The credentials belong to another account.
        """
        from rollout.migration.smoke.run import MAX_WARM, Smoke
        from rollout.migration.smoke.samples import read_samples

        if not 1 <= warm <= MAX_WARM:
            what = f"{count_of(warm, 'environment')} can't be warmed"
            raise UsageError(what, hint=f"allowed: 1 to {MAX_WARM}", code="out-of-range")
        environment, container = self._environment, self._container
        folder = environment.root / "samples" if samples is None else Path(samples)
        asked = read_samples(folder, environment, wanted=samples is not None)
        names = self._opened.routes(routes)
        live = container.load_balancers.read(environment, tags=False)
        groups = {live.group_arn(environment.routes[name].candidate) for name in names} - {Arn("")}
        lists = container.load_balancers.multi_value(sorted(groups))
        return Smoke(environment, live, container.functions, container.utc, lists).run(asked, names, warm)

    def iam_policy(self, role: Role, *, live: bool = False) -> dict[str, Any]:
        """The least IAM policy for a role.

        Args:
            role: `observe` only reads, `rollback` may only roll back, `operate` may run all commands except `undo` and
                `complete`. `calibrate`, `guard`, `controller`, `fleet` and `parity` are for these commands.
            live: Read AWS, and name each rule by its ARN; otherwise the policy has patterns, without any AWS call.

        Raises:
            AwsError: AWS refused, or can't be reached.
        """
        from rollout.adapters.aws.iam import policy

        self._environment.require("header-override", "notifications", "analysis")
        return policy(self._environment, role, self._live() if live else None)
