"""Creates and connects the real parts: AWS or the sandbox, and the Pulumi engine.

Each part is created at its first use, so that a rollback never waits for the engine.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from rollout.api.access import homes
from rollout.api.engine_parts import EngineParts
from rollout.base.clock import Clock, SystemClock
from rollout.inventory.marks import title
from rollout.inventory.model import Environment
from rollout.inventory.ramp_settings import CLOUDWATCH

if TYPE_CHECKING:
    from rollout.adapters.aws.cloudwatch import CloudWatch
    from rollout.adapters.aws.session import Access
    from rollout.adapters.notify import Notifiers
    from rollout.adapters.notify.ports import Buses, Topics
    from rollout.alb.state import AlbState
    from rollout.analysis.measuring.evidence import EvidenceReader
    from rollout.analysis.ports import AccessLogs, Alarms, DescribedFunctions, Metrics
    from rollout.migration.ports import Aliases, Guard, LoadBalancers, Marks
    from rollout.migration.rollback.lane import RuleApi
    from rollout.migration.rollback.targets import KnownArns
    from rollout.parity.ports import AskedFunctions
    from rollout.ramp.looks import Looks
    from rollout.ramp.ports import Controller, StateMachines, Tasks

GLANCE = 0.2
"""The interval in seconds at which a waiting caller reads a sandbox's time."""


SOON = timedelta(seconds=10)
"""How long a rollback waits for an answer of AWS's."""


@dataclass(frozen=True)
class Container(EngineParts):
    """The real parts for one environment; see `EngineParts` for its attributes."""

    @property
    def clock(self) -> Clock:
        """Time."""
        return SystemClock()

    @property
    def utc(self) -> datetime:
        """The time of day on AWS."""
        return self.sandbox.clock.now() if self.sandbox else datetime.now(UTC)

    @property
    def wall(self) -> datetime:
        """The time of day on this machine, whatever a sandbox's is."""
        return datetime.now(UTC)

    def wait_until(self, due: datetime) -> None:
        """Wait for a time of day on AWS; a sandbox's comes sooner than the wall's, if its clock runs faster."""
        while (left := (due - self.utc).total_seconds()) > 0:
            self.clock.sleep(min(left, GLANCE) if self.sandbox else left)

    @cached_property
    def load_balancers(self) -> LoadBalancers:
        """Where rules are read and changed."""
        from rollout.adapters.aws.alb import Elbv2  # noqa: PLC0415 - boto3 takes a while to import

        return Elbv2(self._access)

    @cached_property
    def marks(self) -> Marks:
        """Who knows whose something on AWS is."""
        from rollout.adapters.aws.marks import AwsMarks  # noqa: PLC0415 - as above

        return AwsMarks(self._access, self.environment)

    @cached_property
    def rules(self) -> RuleApi:
        """Where a rollback finds and changes rules: without the patience of the others."""
        from rollout.adapters.aws.alb import Elbv2  # noqa: PLC0415 - as above

        return Elbv2(self._access, patience=SOON, retries=1)

    def known_arns(self, file: Path) -> KnownArns:
        """What is known from before of what an inventory names; it never raises."""
        from rollout.migration.rollback import last_good  # noqa: PLC0415 - as above

        return last_good.known_arns(homes(file, self.sandbox), self.environment.name)

    def keep_good(self, file: Path, live: AlbState) -> None:
        """Keep the inventory, since AWS is like it; it never raises."""
        from rollout.migration.rollback import last_good  # noqa: PLC0415 - as above

        last_good.keep(homes(file, self.sandbox), self.environment, live, self.utc)

    def looks(self, file: Path) -> Looks:
        """What ramps on this machine leave of their looks; the user's folder, since one beside the file may come."""
        from rollout.ramp.looks import LookFile  # noqa: PLC0415 - as above

        return LookFile(next(iter(homes(file, self.sandbox)[-1:]), None), self.environment.name)

    @cached_property
    def metrics(self) -> Metrics:
        """Where requests are counted.

        Raises:
            UsageError: A plugin in stacks.toml is missing, or can't be used.
        """
        name = self.environment.analysis.source
        if name == CLOUDWATCH:
            return self._cloudwatch
        from rollout.adapters.plugins import metrics_source  # noqa: PLC0415 - most environments need none

        return metrics_source(name, self.environment)

    @property
    def aws_metrics(self) -> Metrics:
        """CloudWatch, wherever requests are counted."""
        return self._cloudwatch

    @property
    def alarms(self) -> Alarms:
        """Who knows the states of alarms."""
        return self._cloudwatch

    @cached_property
    def guard(self) -> Guard:
        """What an installed guard knows; ask only where the inventory has a `[guard]`."""
        from rollout.adapters.aws.guard import AwsGuard  # noqa: PLC0415 - as above

        return AwsGuard(*self._account)

    @cached_property
    def controller(self) -> Controller:
        """What an installed controller does; ask only where the inventory has a `[controller]`."""
        from rollout.adapters.aws.controller import AwsController  # noqa: PLC0415 - as above

        return AwsController(*self._account)

    @cached_property
    def state_machines(self) -> StateMachines:
        """Where a fleet's ramp is run."""
        from rollout.adapters.aws.state_machines import StateMachines  # noqa: PLC0415 - as above

        return StateMachines(self._access)

    @property
    def _account(self) -> tuple[Access, str, Callable[[], datetime] | None]:
        time = self.sandbox.clock.now if self.sandbox else None
        return self._access, title(self.environment.project, self.environment.name), time

    @cached_property
    def tasks(self) -> Tasks:
        """Who waits for the end of a controller's ramp."""
        from rollout.adapters.aws.step_functions import StepFunctions  # noqa: PLC0415 - as above

        return StepFunctions(self._access)

    def answering(self, role: str) -> Tasks:
        """The same by a role of the account of who waits; by none in one's own."""
        from rollout.adapters.aws.session import assumed  # noqa: PLC0415 - as above
        from rollout.adapters.aws.step_functions import StepFunctions  # noqa: PLC0415 - as above

        return StepFunctions(assumed(self._access, role)) if role else self.tasks

    def evidence(self, routes: Collection[str], file: Path | None = None) -> EvidenceReader:
        """Who reads what steps are judged by; keep it for a ramp. With a file, counts stay for the next process."""
        from rollout.analysis.measuring.evidence import EvidenceReader  # noqa: PLC0415 - so does numpy

        some = {name: route for name, route in self.environment.routes.items() if name in routes}
        inventory = self.environment.model_copy(update={"routes": some})
        folder = next((home / "clients" for home in homes(file, self.sandbox)), None) if file else None
        return EvidenceReader(inventory, self.metrics, self.load_balancers, self.logs, self.access_logs, folder=folder)

    @cached_property
    def access_logs(self) -> AccessLogs:
        """Where load balancers say who asked what."""
        from rollout.adapters.aws.delivered_logs import access_logs  # noqa: PLC0415 - as above

        return access_logs(self._access, self.environment.analysis.log_groups)

    @cached_property
    def logs(self) -> Metrics:
        """The source of cold starts."""
        from rollout.adapters.aws.log_insights import LogInsights  # noqa: PLC0415 - as above

        return LogInsights(self._access, self.clock)

    @cached_property
    def _cloudwatch(self) -> CloudWatch:
        from rollout.adapters.aws.cloudwatch import CloudWatch  # noqa: PLC0415 - as above

        return CloudWatch(self._access)

    @cached_property
    def functions(self) -> AskedFunctions:
        """Where functions are invoked without a load balancer."""
        from rollout.adapters.aws.functions import Lambda  # noqa: PLC0415 - as above

        return Lambda(self._access)

    @property
    def described_functions(self) -> DescribedFunctions:
        """Who knows functions' settings."""
        from rollout.adapters.aws.function_settings import LambdaSettings  # noqa: PLC0415 - as above

        return LambdaSettings(self._access)

    @property
    def aliases(self) -> Aliases:
        """Who knows where functions' aliases point."""
        from rollout.adapters.aws.functions import Lambda  # noqa: PLC0415 - as above

        return Lambda(self._access)

    @cached_property
    def topics(self) -> Topics:
        """Where messages to many are published."""
        from rollout.adapters.aws.sns import Sns  # noqa: PLC0415 - as above

        return Sns(self._access)

    @cached_property
    def buses(self) -> Buses:
        """Where events are put."""
        from rollout.adapters.aws.event_bridge import EventBridge  # noqa: PLC0415 - as above

        return EventBridge(self._access)

    def notifiers(self, on_failure: Callable[[str], None]) -> Notifiers:
        """The recipients of a ramp's notifications; `on_failure` gets a sentence about one that failed."""
        from rollout.api.recipients import recipients  # noqa: PLC0415 - only where a ramp notifies

        return recipients(self.environment, lambda: self.topics, lambda: self.buses, on_failure)


PartsFactory = Callable[[Environment, Callable[[str, str], None]], Container]
"""Creates the parts for an environment, with a function that gets the stack and dead holder of each removed lock."""
