"""What the guard needs: who installs and removes it, and those who work beside it, where stacks.toml asks for one."""

from __future__ import annotations

from collections.abc import Callable

from rollout.adapters.aws.iam.need import Condition, Need, calls
from rollout.adapters.aws.iam.resources import Resources
from rollout.guard.heartbeat import NAMESPACE
from rollout.guard.table import table_name
from rollout.inventory.marks import guard_arn, guard_invoker_name, guard_name
from rollout.inventory.model import Arn
from rollout.programs.alarms.alarms import title
from rollout.programs.guarding import PRINCIPAL

_Arns = tuple[str, ...]


def table_arn(names: Resources, table: str) -> Arn:
    """The ARN of a DynamoDB table, by its name."""
    place = f"{names.environment.region}:{names.environment.account}"
    return Arn(f"arn:{names.partition}:dynamodb:{place}:table/{table}")


def _if_guarded(of: Callable[[Resources], _Arns]) -> Callable[[Resources], _Arns]:
    """Some resources, if there is to be a guard."""
    return lambda names: of(names) if names.environment.guard else ()


def _function(names: Resources) -> _Arns:
    return (guard_arn(names.environment),)


def _role(names: Resources) -> _Arns:
    return (names.role(guard_name(names.environment)),)


def _invoker(names: Resources) -> _Arns:
    return (names.role(guard_invoker_name(names.environment)),)


def _roles(names: Resources) -> _Arns:
    return (*_role(names), *_invoker(names))


def _schedule(names: Resources) -> _Arns:
    return (names.arn("scheduler", f"schedule/default/{guard_name(names.environment)}"),)


def _table(names: Resources) -> _Arns:
    return (table_arn(names, table_name(title(names.environment))),)


def _logs(names: Resources) -> _Arns:
    arn = guard_arn(names.environment).replace(":lambda:", ":logs:").replace(":function:", ":log-group:/aws/lambda/")
    return (arn, f"{arn}:*")


def _named_alarms(names: Resources) -> _Arns:
    """All alarms, for composite ones: AWS allows no narrower permission for those."""
    guard = names.environment.guard
    return names.everything() if guard and guard.alarms else ()


def only(key: str, value: str) -> Callable[[Resources], Condition]:
    """That a key has one value."""
    return lambda _: {"StringEquals": {key: value}}


IS_THERE = Need("WhoseGuard", ("lambda:ListTags",), _if_guarded(_function))
"""Whether there is one, which some phases go by."""
READ = (Need("GuardState", ("dynamodb:GetItem",), _if_guarded(_table)),)
"""How it stands."""
FIRINGS = (Need("GuardState", ("dynamodb:Query",), _if_guarded(_table)),)
"""What it did."""
CHANGE = (*READ, Need("GuardState", ("dynamodb:PutItem",), _if_guarded(_table)))
_ALARMS = Need("Observe", ("cloudwatch:DescribeAlarms",), _if_guarded(Resources.everything))
STATUS = (IS_THERE, *READ, *FIRINGS, _ALARMS)
"""Whether it is there, how it stands, what it did, and its alarms."""
RAISE = (IS_THERE, *CHANGE, _ALARMS)
"""A raise beside it."""
BEAT = Need(
    "Heartbeat",
    ("cloudwatch:PutMetricData",),
    _if_guarded(Resources.everything),
    only("cloudwatch:namespace", NAMESPACE),
)
DRILL = (
    *CHANGE,
    *FIRINGS,
    _ALARMS,
    Need("Alarms", ("cloudwatch:SetAlarmState",), _if_guarded(Resources.alarms)),
)
INSTALL = (
    Need("GuardTable", calls("dynamodb", "CreateTable DescribeContinuousBackups DescribeTable"), _table),
    Need("GuardTable", calls("dynamodb", "DescribeTimeToLive ListTagsOfResource TagResource"), _table),
    Need("GuardRole", calls("iam", "CreateRole GetRole GetRolePolicy ListAttachedRolePolicies"), _roles),
    Need("GuardRole", calls("iam", "ListRolePolicies ListRoleTags PutRolePolicy TagRole"), _roles),
    Need("GuardToScheduler", ("iam:PassRole",), _invoker, only("iam:PassedToService", "scheduler.amazonaws.com")),
    Need("GuardSchedule", calls("scheduler", "CreateSchedule GetSchedule UpdateSchedule"), _schedule),
    Need("GuardToLambda", ("iam:PassRole",), _role, only("iam:PassedToService", "lambda.amazonaws.com")),
    Need("Guard", calls("lambda", "CreateFunction GetFunction GetFunctionCodeSigningConfig GetPolicy"), _function),
    Need("Guard", calls("lambda", "GetFunctionEventInvokeConfig ListTags ListVersionsByFunction"), _function),
    Need("Guard", calls("lambda", "PutFunctionConcurrency PutFunctionEventInvokeConfig TagResource"), _function),
    Need("Guard", calls("lambda", "UpdateFunctionCode UpdateFunctionConfiguration"), _function),
    Need("OnlyForAlarms", ("lambda:AddPermission",), _function, only("lambda:Principal", PRINCIPAL)),
    Need("GuardLogs", calls("logs", "CreateLogGroup ListTagsForResource PutRetentionPolicy TagResource"), _logs),
    Need("Observe", ("logs:DescribeLogGroups",)),
    Need("NamedAlarms", ("cloudwatch:PutCompositeAlarm",), _named_alarms),
)
REMOVE = (
    Need("GuardTable", calls("dynamodb", "DeleteTable ListTagsOfResource"), _table),
    Need("GuardRole", calls("iam", "DeleteRole DeleteRolePolicy ListInstanceProfilesForRole ListRoleTags"), _roles),
    Need("GuardSchedule", calls("scheduler", "DeleteSchedule GetSchedule"), _schedule),
    Need("Guard", calls("lambda", "DeleteFunction DeleteFunctionEventInvokeConfig GetPolicy"), _function),
    Need("Guard", calls("lambda", "ListTags RemovePermission"), _function),
    Need("GuardLogs", calls("logs", "DeleteLogGroup ListTagsForResource"), _logs),
    Need("Observe", ("logs:DescribeLogGroups",)),
)
