"""The controller's parts: the project's files, its table, the function with its rights, and the schedule.

The scheduler invokes the function asynchronously, so both have settings for what fails: nothing is tried again, since
the next look comes soon and finds out itself what is to be done.
https://docs.aws.amazon.com/lambda/latest/dg/with-eventbridge-scheduler.html
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import ClassVar

from pulumi import ComponentResource, FileAsset, Resource, ResourceOptions
from pulumi_aws import cloudwatch, iam, lambda_, s3

from rollout.inventory.controller import ControllerConfig
from rollout.inventory.marks import CONTROLLER_TAG, invoker_name
from rollout.inventory.model import Environment
from rollout.programs.alarms.alarms import title
from rollout.programs.components.function_parts import function_log, record_table
from rollout.programs.components.http_lambda import ASSUMED_BY_LAMBDA
from rollout.programs.components.scheduled import Pace, schedule
from rollout.programs.controlling import controller_digest, kept_in
from rollout.programs.documents import allow, document
from rollout.ramp.controlled import table_name

TIMEOUT = timedelta(minutes=15)
"""AWS's limit, for a raise that waits for other stacks' locks and for the read-back."""
MAX_AGE = timedelta(minutes=1)
"""AWS's shortest; a look that couldn't begin by then is the next one's."""
LOOK = {"act": "look"}


@dataclass(frozen=True, slots=True)
class ControllerArgs:
    """What is controlled.

    Attributes:
        environment: The inventory.
        config: What the function is made of.
        tags: Of each resource that can have some.
    """

    environment: Environment
    config: ControllerConfig
    tags: Mapping[str, str] = field(default_factory=dict)


class ControllerFunction(ComponentResource):
    """The function, and all that it needs.

    Args:
        name: The logical name, which never changes.
        args: What is controlled.

    Attributes:
        function: The function.
    """

    pulumi_type: ClassVar[str] = "rollout:index:Controller"

    def __init__(self, name: str, args: ControllerArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__(self.pulumi_type, name, None, opts)
        self._name, self._args, self._child = name, args, ResourceOptions(parent=self)
        self._aws_name, self._tags = args.config.name, args.tags or None
        table = record_table(name, table_name(title(args.environment)), self._tags, self._child)
        log_group = function_log(name, self._aws_name, self._tags, self._child)
        role, rights = self._build_role(log_group)
        self.function = self._build_function(role, [self._build_project(), table, log_group, rights])
        self._build_schedule()
        self.register_outputs({})

    def _build_project(self) -> s3.BucketObjectv2:
        archive = self._args.config.archive
        return s3.BucketObjectv2(
            self._name,
            bucket=archive.bucket,
            key=archive.key,
            source=FileAsset(str(kept_in(self._args.environment.root, archive))),
            content_type="application/zip",
            tags=self._tags,
            opts=self._child,
        )

    def _build_role(self, log_group: cloudwatch.LogGroup) -> tuple[iam.Role, iam.RolePolicy]:
        role = iam.Role(
            self._name, name=self._aws_name, assume_role_policy=ASSUMED_BY_LAMBDA, tags=self._tags, opts=self._child
        )
        own = self._args.config.statements

        def policy(log_group: str) -> str:
            logs = allow(["logs:CreateLogStream", "logs:PutLogEvents"], f"{log_group}:*")
            return document([*own, logs])

        given = iam.RolePolicy(
            self._name, name="rollout", role=role.name, policy=log_group.arn.apply(policy), opts=self._child
        )
        return role, given

    def _build_function(self, role: iam.Role, needed: Sequence[Resource]) -> lambda_.Function:
        config, settings = self._args.config, self._args.config.settings
        return lambda_.Function(
            self._name,
            name=self._aws_name,
            description=f"Runs the ramp of {self._args.environment.name}.",
            role=role.arn,
            package_type="Image",
            image_uri=settings.image,
            architectures=[settings.architecture],
            memory_size=settings.memory_size,
            timeout=int(TIMEOUT.total_seconds()),
            reserved_concurrent_executions=1,
            environment={"variables": dict(config.variables)},
            tags={**self._args.tags, CONTROLLER_TAG: controller_digest(config)},
            opts=ResourceOptions(parent=self, depends_on=list(needed)),
        )

    def _build_schedule(self) -> None:
        """What invokes it, and that nothing is invoked again."""
        lambda_.FunctionEventInvokeConfig(
            self._name,
            function_name=self.function.name,
            maximum_retry_attempts=0,
            maximum_event_age_in_seconds=int(MAX_AGE.total_seconds()),
            opts=self._child,
        )
        pace = Pace(
            self._aws_name,
            invoker_name(self._args.environment),
            self._args.environment.account,
            self._args.config.settings.pace,
            LOOK,
            MAX_AGE,
            self._args.tags,
        )
        schedule(self._name, self.function, pace, self)
