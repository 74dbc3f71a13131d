"""The guard's parts: its table, the function with its rights, and the alarms that only it has.

The alarms of monitoring invoke it too; they are in that stack. Everything changes in place, so that there is a guard at
each moment of an update.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-actions-Lambda.html
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, ClassVar

from pulumi import AssetArchive, ComponentResource, Output, Resource, ResourceOptions, StringAsset
from pulumi_aws import cloudwatch, iam, lambda_

from rollout.guard.alarm import LOOK
from rollout.guard.config import GuardConfig
from rollout.guard.heartbeat import DIMENSION, METRIC, NAMESPACE
from rollout.inventory.marks import DIGEST_TAG, guard_invoker_name, guard_name
from rollout.inventory.model import Environment
from rollout.inventory.settings import Guard
from rollout.programs.components.function_parts import function_log, record_table
from rollout.programs.components.http_lambda import ASSUMED_BY_LAMBDA
from rollout.programs.components.scheduled import Pace, schedule
from rollout.programs.documents import document
from rollout.programs.guarding import PRINCIPAL, guard_digest, guard_files, named_alarms

HANDLER, RUNTIME = "rollout.guard.handler.handle", "python3.13"
MEMORY_SIZE = 256
TIMEOUT = timedelta(seconds=90)
CONCURRENCY = 2
"""Two alarms at once, whatever else the account runs."""
RETRIES, MAX_AGE = 2, timedelta(hours=1)
LOOK_EVERY = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class GuardArgs:
    """What is guarded.

    Attributes:
        environment: The inventory.
        guard: Its settings.
        config: What the function goes by.
        tags: Of each resource that can have some.
    """

    environment: Environment
    guard: Guard
    config: GuardConfig
    tags: Mapping[str, str] = field(default_factory=dict)


class GuardFunction(ComponentResource):
    """The function, and all that it needs.

    Args:
        name: The logical name, which never changes.
        args: What is guarded.

    Attributes:
        function: The function.
        table: Its memory.
    """

    pulumi_type: ClassVar[str] = "rollout:index:Guard"

    def __init__(self, name: str, args: GuardArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__(self.pulumi_type, name, None, opts)
        self._name, self._args, self._child = name, args, ResourceOptions(parent=self)
        self._aws_name, self._tags = guard_name(args.environment), args.tags or None
        self.table = record_table(name, args.config.table, self._tags, self._child)
        log_group = function_log(name, self._aws_name, self._tags, self._child)
        role, rights = self._build_role(log_group)
        self.function = self._build_function(role, [log_group, rights])
        ready = self._build_invocation()
        self._build_silence_alarm(ready)
        self._build_named_alarms(ready)
        self._build_schedule()
        self.register_outputs({})

    def _build_role(self, log_group: cloudwatch.LogGroup) -> tuple[iam.Role, iam.RolePolicy]:
        role = iam.Role(
            self._name, name=self._aws_name, assume_role_policy=ASSUMED_BY_LAMBDA, tags=self._tags, opts=self._child
        )
        policy = Output.all(self.table.arn, log_group.arn).apply(
            lambda arns: document(statements(self._args.config, *arns))
        )
        return role, iam.RolePolicy(self._name, name="rollout", role=role.name, policy=policy, opts=self._child)

    def _build_function(self, role: iam.Role, needed: Sequence[Resource]) -> lambda_.Function:
        files, config = guard_files(self._args.config), self._args.config
        return lambda_.Function(
            self._name,
            name=self._aws_name,
            description=f"Sends the requests of {config.environment} back to legacy when an alarm goes off.",
            role=role.arn,
            code=AssetArchive({path: StringAsset(text) for path, text in files.items()}),
            runtime=RUNTIME,
            handler=HANDLER,
            architectures=["arm64"],
            memory_size=MEMORY_SIZE,
            timeout=int(TIMEOUT.total_seconds()),
            reserved_concurrent_executions=CONCURRENCY,
            tags={**self._args.tags, DIGEST_TAG: guard_digest(config)},
            opts=ResourceOptions(parent=self, depends_on=list(needed)),
        )

    def _build_invocation(self) -> list[Resource]:
        """That alarms may invoke it, and what becomes of an invocation that fails."""
        environment = self._args.environment
        prefix = f":cloudwatch:{environment.region}:{environment.account}:alarm:{self._args.config.title}-*"
        permission = lambda_.Permission(
            self._name,
            statement_id="invoke-from-alarms",
            function=self.function.name,
            principal=PRINCIPAL,
            action="lambda:InvokeFunction",
            source_account=environment.account,
            source_arn=self.function.arn.apply(lambda arn: f"arn:{arn.split(':')[1]}{prefix}"),
            opts=self._child,
        )
        retries = lambda_.FunctionEventInvokeConfig(
            self._name,
            function_name=self.function.name,
            maximum_retry_attempts=RETRIES,
            maximum_event_age_in_seconds=int(MAX_AGE.total_seconds()),
            opts=self._child,
        )
        return [permission, retries]

    def _build_silence_alarm(self, ready: Sequence[Resource]) -> None:
        minutes, config = int(self._args.guard.heartbeat / timedelta(minutes=1)), self._args.config
        cloudwatch.MetricAlarm(
            f"{self._name}-silence",
            name=config.silence.alarm,
            alarm_description="No ramp has looked for some time; it matters while a ramp is running.",
            namespace=NAMESPACE,
            metric_name=METRIC,
            dimensions={DIMENSION: config.title},
            statistic="SampleCount",
            period=60,
            comparison_operator="LessThanThreshold",
            threshold=1,
            evaluation_periods=minutes,
            datapoints_to_alarm=minutes,
            treat_missing_data="breaching",
            alarm_actions=[self.function.arn],
            tags=self._tags,
            opts=ResourceOptions(parent=self, depends_on=list(ready)),
        )

    def _build_named_alarms(self, ready: Sequence[Resource]) -> None:
        for each in named_alarms(self._args.environment, self._args.guard):
            cloudwatch.CompositeAlarm(
                f"{self._name}-{each.over}",
                alarm_name=each.name,
                alarm_description=f"Takes traffic back while {each.over} is in ALARM.",
                alarm_rule=f'ALARM("{each.over}")',
                alarm_actions=[self.function.arn],
                tags=self._tags,
                opts=ResourceOptions(parent=self, depends_on=list(ready)),
            )

    def _build_schedule(self) -> None:
        """Looks for alarms that went off unheard: while it was disarmed, or where all runs of an event failed."""
        environment = self._args.environment
        role, account = guard_invoker_name(environment), environment.account
        schedule(
            self._name,
            self.function,
            Pace(self._aws_name, role, account, LOOK_EVERY, LOOK, LOOK_EVERY, self._args.tags),
            self,
        )


def statements(config: GuardConfig, table: str, log_group: str) -> list[dict[str, Any]]:
    """What the function may do: look at rules and alarms, change routes, keep its state, tell people, log."""
    rules = sorted({route.rule for route in config.routes.values()})
    needs = (
        (["elasticloadbalancing:DescribeRules"], ["*"]),  # which AWS can't limit to a resource
        (["elasticloadbalancing:ModifyRule"], rules),
        (["cloudwatch:DescribeAlarms"], ["*"]),
        (["dynamodb:GetItem", "dynamodb:PutItem"], [table]),
        (["sns:Publish"], list(config.topics)),
        (["logs:CreateLogStream", "logs:PutLogEvents"], [f"{log_group}:*"]),
    )
    return [{"Effect": "Allow", "Action": actions, "Resource": resources} for actions, resources in needs if resources]
