"""What the controller needs: who installs and removes it, its function, and those who work beside it."""

from __future__ import annotations

from collections.abc import Callable

from rollout.adapters.aws.iam.guard import only, table_arn
from rollout.adapters.aws.iam.need import Need, calls
from rollout.adapters.aws.iam.resources import Resources
from rollout.inventory.marks import controller_arn, controller_name, invoker_name
from rollout.inventory.stacks import CONTROLLER
from rollout.programs.alarms.alarms import title
from rollout.ramp.controlled import table_name

_Arns = tuple[str, ...]


def _if_controlled(of: Callable[[Resources], _Arns]) -> Callable[[Resources], _Arns]:
    """Some resources, if there is to be a controller."""
    return lambda names: of(names) if names.environment.controller else ()


def _function(names: Resources) -> _Arns:
    return (controller_arn(names.environment),)


def _role(names: Resources) -> _Arns:
    return (names.role(controller_name(names.environment)),)


def _invoker(names: Resources) -> _Arns:
    return (names.role(invoker_name(names.environment)),)


def _roles(names: Resources) -> _Arns:
    return (*_role(names), *_invoker(names))


def _table(names: Resources) -> _Arns:
    return (table_arn(names, table_name(title(names.environment))),)


def _logs(names: Resources) -> _Arns:
    arn = names.arn("logs", f"log-group:/aws/lambda/{controller_name(names.environment)}")
    return (arn, f"{arn}:*")


def _schedule(names: Resources) -> _Arns:
    return (names.arn("scheduler", f"schedule/default/{controller_name(names.environment)}"),)


def _image(names: Resources) -> _Arns:
    settings = names.environment.controller
    return names.repositories([settings.image]) if settings else ()


def _projects(names: Resources) -> _Arns:
    """The project's archives, beside the state."""
    own = f"{CONTROLLER}/{names.environment.name}/*"
    return tuple(f"{arn.removesuffix('.pulumi/*')}{own}" for arn in names.state())


IS_THERE = Need("WhoseController", ("lambda:ListTags",), _if_controlled(_function))
"""Whether it is as the file is now, which preflight asks."""
READ = (Need("ControllerState", ("dynamodb:GetItem",), _if_controlled(_table)),)
"""How it stands."""
CHANGE = (*READ, Need("ControllerState", ("dynamodb:PutItem",), _if_controlled(_table)))
"""Its look's begin and end, or what it needs."""
PROJECT = (Need("Project", ("s3:GetObject",), _projects),)
"""The project's files."""
TELL = Need("WhoWaits", calls("states", "SendTaskFailure SendTaskHeartbeat SendTaskSuccess"))
"""The answer to a fleet: AWS can't limit these to a resource, and a token is known to the function alone."""
TELL_ELSEWHERE = Need("WhoWaitsElsewhere", ("sts:AssumeRole",), lambda names: names.environment.answer_roles)
"""The same by a role of a fleet's account."""
INSTALL = (
    Need("ControllerTable", calls("dynamodb", "CreateTable DescribeContinuousBackups DescribeTable"), _table),
    Need("ControllerTable", calls("dynamodb", "DescribeTimeToLive ListTagsOfResource TagResource"), _table),
    Need("ControllerRoles", calls("iam", "CreateRole GetRole GetRolePolicy ListAttachedRolePolicies"), _roles),
    Need("ControllerRoles", calls("iam", "ListRolePolicies ListRoleTags PutRolePolicy TagRole"), _roles),
    Need("ControllerToLambda", ("iam:PassRole",), _role, only("iam:PassedToService", "lambda.amazonaws.com")),
    Need("InvokerToScheduler", ("iam:PassRole",), _invoker, only("iam:PassedToService", "scheduler.amazonaws.com")),
    Need("Controller", calls("lambda", "CreateFunction GetFunction GetFunctionCodeSigningConfig GetPolicy"), _function),
    Need("Controller", calls("lambda", "GetFunctionEventInvokeConfig ListTags ListVersionsByFunction"), _function),
    Need("Controller", calls("lambda", "PutFunctionConcurrency PutFunctionEventInvokeConfig TagResource"), _function),
    Need("Controller", calls("lambda", "UpdateFunctionCode UpdateFunctionConfiguration"), _function),
    Need("Schedule", calls("scheduler", "CreateSchedule GetSchedule UpdateSchedule"), _schedule),
    Need("Project", calls("s3", "DeleteObject GetObject GetObjectTagging PutObject"), _projects),
    Need("Project", calls("s3", "DeleteObjectVersion PutObjectTagging"), _projects),
    Need("ProjectVersions", ("s3:ListBucketVersions",), Resources.bucket),
    Need("Image", calls("ecr", "BatchGetImage GetDownloadUrlForLayer GetRepositoryPolicy SetRepositoryPolicy"), _image),
    Need("ControllerLogs", calls("logs", "CreateLogGroup ListTagsForResource PutRetentionPolicy TagResource"), _logs),
    Need("Observe", ("logs:DescribeLogGroups",)),
)
REMOVE = (
    Need("ControllerTable", calls("dynamodb", "DeleteTable ListTagsOfResource"), _table),
    Need("ControllerRoles", calls("iam", "DeleteRole DeleteRolePolicy ListInstanceProfilesForRole"), _roles),
    Need("ControllerRoles", ("iam:ListRoleTags",), _roles),
    Need("Controller", calls("lambda", "DeleteFunction DeleteFunctionEventInvokeConfig GetPolicy ListTags"), _function),
    Need("Schedule", calls("scheduler", "DeleteSchedule GetSchedule"), _schedule),
    Need("Project", calls("s3", "DeleteObject DeleteObjectVersion GetObjectTagging"), _projects),
    Need("ProjectVersions", ("s3:ListBucketVersions",), Resources.bucket),
    Need("ControllerLogs", calls("logs", "DeleteLogGroup ListTagsForResource"), _logs),
    Need("Observe", ("logs:DescribeLogGroups",)),
)
