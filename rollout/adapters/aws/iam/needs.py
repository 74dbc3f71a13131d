"""The table of permissions: each command's actions and their resources.

Tests compare it with the calls that the commands make in the sandbox: none may be missing, and none unused.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from rollout.adapters.aws.iam import controller, fleet, guard
from rollout.adapters.aws.iam.logs import buckets, if_by_client, in_groups, in_s3, log_files, log_folder, log_groups
from rollout.adapters.aws.iam.need import Condition, Need, calls
from rollout.adapters.aws.iam.resources import Resources
from rollout.inventory.model import OVERRIDE_TAG, ROLLBACK_TAG

PLUGIN_ONLY = frozenset(
    {
        "elasticloadbalancing:ModifyTargetGroupAttributes",
        "iam:ListInstanceProfilesForRole",
        "lambda:GetFunctionCodeSigningConfig",
        "states:ValidateStateMachineDefinition",
    }
)
"""Calls of the real pulumi-aws that the sandbox's stand-in doesn't make."""

_ELB = "elasticloadbalancing"
_BALANCER = "elasticloadbalancing.amazonaws.com"

_LOOK = Need("Observe", calls(_ELB, "DescribeListeners DescribeLoadBalancers DescribeRules DescribeTargetGroups"))
_TAGS = Need("Observe", (f"{_ELB}:DescribeTags",))
_MAY_INVOKE = Need("AllFunctions", ("lambda:GetPolicy",), Resources.functions)
_INSPECT = (
    _TAGS,
    Need("Observe", calls(_ELB, "DescribeAccountLimits DescribeTargetGroupAttributes DescribeTargetHealth")),
    _MAY_INVOKE,
)
_ALIASES = (
    Need("Aliases", calls("lambda", "GetAlias ListVersionsByFunction"), Resources.aliased),
    Need("KeptReady", ("lambda:ListProvisionedConcurrencyConfigs",), Resources.kept_ready),
)
_NEEDS = (
    Need("TrustPolicies", ("iam:GetRole",), Resources.existing_roles),
    Need("Networks", calls("ec2", "DescribeSecurityGroups DescribeSubnets"), Resources.networks),
)
_WHOSE = (
    *_ALIASES,
    Need("Observe", ("logs:DescribeLogGroups",)),
    Need("Functions", ("lambda:ListTags",), Resources.candidates),
    Need("Roles", ("iam:ListRoleTags",), Resources.roles),
    Need("Logs", ("logs:ListTagsForResource",), Resources.log_groups),
)
_MARK = (
    Need("TargetGroups", (f"{_ELB}:AddTags",), Resources.target_groups),
    Need("Functions", ("lambda:TagResource",), Resources.candidates),
    Need("Roles", ("iam:TagRole",), Resources.roles),
    Need("Logs", ("logs:TagResource",), Resources.log_groups),
)
_MEASURE = Need("Observe", ("cloudwatch:GetMetricData",))

_ALARMS = Need("Observe", ("cloudwatch:DescribeAlarms",))
_ASK_CANDIDATES = Need("AskCandidates", ("lambda:InvokeFunction",), Resources.invoked)
_ASK_BOTH = Need(
    "AskBoth",
    calls("lambda", "GetAlias GetFunctionConcurrency GetFunctionConfiguration InvokeFunction"),
    Resources.functions,
)
_PRESENT_CODE = (
    Need("AllFunctions", calls("lambda", "GetAlias GetFunctionConfiguration"), Resources.functions_if_required),
    Need("Observe", (f"{_ELB}:DescribeTargetHealth",), Resources.everything_if_required),
)
_COLD_STARTS = Need("ColdStarts", calls("logs", "GetQueryResults StartQuery"), Resources.queried_logs)
_SETTINGS = Need(
    "AllFunctions", calls("lambda", "GetFunctionConfiguration ListProvisionedConcurrencyConfigs"), Resources.functions
)


def _functions_if_costs(names: Resources) -> tuple[str, ...]:
    """All functions, if a ramp judges what they cost."""
    return names.functions() if names.environment.analysis.not_dearer is not None else ()


_CONCURRENCY = (
    _MEASURE,
    Need("Observe", ("lambda:GetAccountSettings",)),
    Need("AllFunctions", ("lambda:GetFunctionConcurrency",), Resources.functions),
)
_LOGS = (
    Need("WhereLogsAre", (f"{_ELB}:DescribeLoadBalancerAttributes",), in_s3(Resources.everything)),
    Need(
        "WhereLogsAreDelivered",
        calls("logs", "DescribeDeliveries DescribeDeliveryDestinations DescribeDeliverySources"),
        in_groups(Resources.everything),
    ),
    Need("ReadDeliveredLogs", ("logs:FilterLogEvents",), in_groups(log_groups)),
    Need(
        "FindLogs",
        ("s3:ListBucket",),
        in_s3(buckets),
        lambda names: {"StringLike": {"s3:prefix": f"*{log_folder(names.environment)}"}},
    ),
    Need("ReadLogs", ("s3:GetObject",), in_s3(log_files)),
)
*_FIND_LOGS, _READ_LOGS = (replace(need, on=if_by_client(need.on)) for need in _LOGS)


def _buses(names: Resources) -> tuple[str, ...]:
    """The event buses for notifications of a ramp."""
    return tuple(
        dict.fromkeys(each.eventbridge for each in names.environment.notifications.values() if each.eventbridge)
    )


_TELL = (Need("Tell", ("sns:Publish",), Resources.topics), Need("TellBuses", ("events:PutEvents",), _buses))

_ONLY_HEADER_RULES: Condition = {"Null": {f"aws:ResourceTag/{OVERRIDE_TAG}": "false"}}
_WITH_A_NEW_RULE: Condition = {"StringEquals": {f"{_ELB}:CreateAction": "CreateRule"}}
_ONLY_THE_MARK: Condition = {"ForAllValues:StringEquals": {"aws:TagKeys": ROLLBACK_TAG}}
_MOVE_TRAFFIC = (
    Need("MoveTraffic", (f"{_ELB}:ModifyRule",), Resources.rules),
    Need("MoveHeaderRules", (f"{_ELB}:ModifyRule",), Resources.header_rules_besides, lambda _: _ONLY_HEADER_RULES),
)
_ASK_BACK, _OVERRULE = (
    (
        Need("TellOfRollbacks", (f"{_ELB}:{action}",), Resources.rules, lambda _: _ONLY_THE_MARK),
        Need(
            "TellOfRollbacksBeside",
            (f"{_ELB}:{action}",),
            Resources.header_rules_besides,
            lambda _: {**_ONLY_THE_MARK, **_ONLY_HEADER_RULES},
        ),
    )
    for action in ("AddTags", "RemoveTags")
)


def _bounded(names: Resources) -> Condition:
    """IAM can't limit a role's trust policy, but it can limit what the role may do."""
    bounds = names.boundaries()
    return {"StringEquals": {"iam:PermissionsBoundary": bounds if len(bounds) > 1 else bounds[0]}} if bounds else {}


def _attached(names: Resources) -> Condition:
    arns = names.attached_policies()
    return {"ArnEquals": {"iam:PolicyARN": arns if len(arns) > 1 else arns[0]}}


_BUILD = (
    *_MARK,
    Need(
        "TargetGroups",
        calls(_ELB, "CreateTargetGroup ModifyTargetGroupAttributes RegisterTargets"),
        Resources.target_groups,
    ),
    Need(
        "Functions",
        calls(
            "lambda",
            "CreateFunction GetFunction GetFunctionCodeSigningConfig ListVersionsByFunction "
            "UpdateFunctionCode UpdateFunctionConfiguration",
        ),
        Resources.candidates,
    ),
    Need(
        "OnlyForTheBalancer",
        ("lambda:AddPermission",),
        Resources.permitting,
        lambda _: {"StringEquals": {"lambda:Principal": _BALANCER}},
    ),
    Need("NewRoles", ("iam:CreateRole",), Resources.roles, _bounded),
    Need("Roles", calls("iam", "GetRole ListAttachedRolePolicies ListRolePolicies"), Resources.roles),
    Need("OnlyThesePolicies", ("iam:AttachRolePolicy",), Resources.roles, _attached),
    Need("OwnPolicies", calls("iam", "GetRolePolicy PutRolePolicy"), Resources.own_policies),
    Need(
        "OnlyToLambda",
        ("iam:PassRole",),
        Resources.passed_roles,
        lambda _: {"StringEquals": {"iam:PassedToService": "lambda.amazonaws.com"}},
    ),
    # what Lambda looks at with the caller's rights before it takes such a setting
    Need("Networks", calls("ec2", "DescribeSecurityGroups DescribeSubnets DescribeVpcs"), Resources.networks),
    Need("Layers", ("lambda:GetLayerVersion",), Resources.layers),
    Need("VariableKeys", calls("kms", "CreateGrant Decrypt Encrypt"), Resources.variable_keys),
    Need("FileSystems", ("elasticfilesystem:DescribeMountTargets",), Resources.file_systems),
    # `deploy` is phase 1, which publishes a version, and then moves an alias to it
    Need("Aliases", calls("lambda", "CreateAlias PublishVersion UpdateAlias"), Resources.aliased),
    Need(
        "KeptReady",
        calls(
            "lambda",
            "DeleteProvisionedConcurrencyConfig GetProvisionedConcurrencyConfig PutProvisionedConcurrencyConfig",
        ),
        Resources.kept_ready,
    ),
    Need("Limits", calls("lambda", "DeleteFunctionConcurrency PutFunctionConcurrency"), Resources.limited),
    Need("Logs", calls("logs", "CreateLogGroup PutRetentionPolicy"), Resources.log_groups),
    Need(
        "Images",
        calls("ecr", "BatchGetImage GetDownloadUrlForLayer GetRepositoryPolicy SetRepositoryPolicy"),
        Resources.images,
    ),
)
_HEADER_RULES = (
    Need("AddHeaderRules", (f"{_ELB}:CreateRule",), Resources.listeners),
    Need("TagThem", (f"{_ELB}:AddTags",), Resources.header_rules, lambda _: _WITH_A_NEW_RULE),
    Need("TakeThemAway", (f"{_ELB}:DeleteRule",), Resources.header_rules, lambda _: _ONLY_HEADER_RULES),
)
_DEFAULT_RULES = (
    Need("AddDefaultRules", (f"{_ELB}:CreateRule",), Resources.fronted),
    Need("TagDefaultRules", (f"{_ELB}:AddTags",), Resources.default_rules, lambda _: _WITH_A_NEW_RULE),
)
_MARK_HEADER_RULES = Need("MarkThem", (f"{_ELB}:AddTags",), Resources.header_rules, lambda _: _ONLY_HEADER_RULES)
_WATCH = (
    _ALARMS,
    Need(
        "Alarms", calls("cloudwatch", "DeleteAlarms ListTagsForResource PutMetricAlarm TagResource"), Resources.alarms
    ),
    Need("JointAlarms", ("cloudwatch:PutCompositeAlarm",), Resources.joint_alarms),
    Need("Dashboard", calls("cloudwatch", "GetDashboard PutDashboard"), Resources.dashboard),
)
_ALARM_ACTIONS = Need(
    "Alarms", calls("cloudwatch", "DeleteAlarms ListTagsForResource PutMetricAlarm"), Resources.alarms
)
_UNWATCH = Need("Dashboard", ("cloudwatch:DeleteDashboards",), Resources.dashboard)


def _key_condition(names: Resources) -> Condition:
    alias = names.key_alias()
    return {"ForAnyValue:StringEquals": {"kms:ResourceAliases": alias}} if alias else {}


_READ_HISTORY = (
    # not limited to a prefix: without this permission AWS answers 403 for a missing object, not 404
    Need("FindState", ("s3:ListBucket",), Resources.bucket),
    Need("State", ("s3:GetObject",), Resources.state),
)
_READ_STATE = (
    *_READ_HISTORY,
    # the engine generates a data key for each operation, also for a preview
    Need("Secrets", ("kms:Decrypt", "kms:Encrypt"), Resources.keys, _key_condition),
)
_WRITE_STATE = (*_READ_STATE, Need("State", calls("s3", "DeleteObject PutObject"), Resources.state))

_PREVIEW = (_LOOK, *_INSPECT, *_READ_STATE, *_ALIASES)
_CHANGE = (*_PREVIEW, *_WRITE_STATE, *_MOVE_TRAFFIC)
_STEER = (_LOOK, _TAGS, *_WRITE_STATE)
_OVERVIEW = (
    _LOOK,
    _TAGS,
    Need("Observe", (f"{_ELB}:DescribeTargetHealth",)),
    _MEASURE,
    _ALARMS,
    *_READ_STATE,
    *_PRESENT_CODE,
    *guard.READ,
    *guard.FIRINGS,
    *controller.READ,
)

COMMANDS: Mapping[str, tuple[Need, ...]] = {
    "status": (_LOOK, _MEASURE, *_READ_STATE, *_PRESENT_CODE, *guard.READ, *guard.FIRINGS, *controller.READ),
    "preflight": (
        *_PRESENT_CODE,
        *_CONCURRENCY,
        _LOOK,
        *_INSPECT,
        *_WHOSE,
        *_NEEDS,
        *_FIND_LOGS,
        *_READ_STATE,
        *guard.STATUS,
        controller.IS_THERE,
        *controller.READ,
    ),
    "plan-ramp": (_LOOK, _MEASURE),
    "calibrate": (_LOOK, *_LOGS, *_WRITE_STATE),
    "report": _OVERVIEW,
    "dashboard": _OVERVIEW,
    "drift": (_LOOK, _TAGS, *_READ_STATE, *_ALIASES, *guard.READ, *guard.FIRINGS),
    "history": (*_READ_STATE, *guard.FIRINGS),
    "cost": (_LOOK, Need("Observe", (f"{_ELB}:DescribeTargetHealth",)), _MEASURE, _SETTINGS, _COLD_STARTS),
    "explain": _PREVIEW,
    "preview": (*_PREVIEW, *_WHOSE, *_NEEDS, *_PRESENT_CODE, *_CONCURRENCY),
    "rollback": (_LOOK, _TAGS, *_MOVE_TRAFFIC, *_ASK_BACK, *_WRITE_STATE),
    "phase1": (*_PREVIEW, *_WHOSE, *_NEEDS, *_WRITE_STATE, *_BUILD),
    "phase2": (*_CHANGE, *_DEFAULT_RULES),
    "phase3": (*_CHANGE, *_CONCURRENCY, *_OVERRULE, *_PRESENT_CODE, *guard.RAISE),
    "weight": (*_CHANGE, *_CONCURRENCY, *_OVERRULE, *_PRESENT_CODE, *guard.RAISE),
    "override": (*_PREVIEW, _MEASURE, *_WRITE_STATE, *_HEADER_RULES, *_OVERRULE),
    "release": (_LOOK, _TAGS, *_READ_STATE),
    "adopt": (
        Need("Observe", calls(_ELB, "DescribeRules DescribeTags DescribeTargetGroups")),
        _MAY_INVOKE,
        *_WHOSE,
        *_MARK,
        _MARK_HEADER_RULES,
        *_WRITE_STATE,
    ),
    "smoke": (_LOOK, Need("Observe", (f"{_ELB}:DescribeTargetGroupAttributes",)), _ASK_CANDIDATES),
    "parity": (
        _LOOK,
        Need("Observe", calls(_ELB, "DescribeTargetGroupAttributes DescribeTargetHealth")),
        Need("Observe", ("lambda:GetAccountSettings",)),
        *_LOGS,
        *_WRITE_STATE,
        _ASK_BOTH,
    ),
    "ramp": (
        *_CHANGE,
        *_ASK_BACK,
        *_OVERRULE,
        *_CONCURRENCY,
        _ALARMS,
        replace(_SETTINGS, on=_functions_if_costs),
        _COLD_STARTS,
        *_FIND_LOGS,
        _READ_LOGS,
        _ASK_CANDIDATES,
        *_PRESENT_CODE,
        *_TELL,
        *guard.RAISE,
        *guard.FIRINGS,
        guard.BEAT,
        *controller.CHANGE,
    ),
    "monitoring": (_LOOK, _TAGS, *_WRITE_STATE, *_WATCH, _UNWATCH, guard.IS_THERE),
    "guard-install": (_LOOK, _TAGS, *_WRITE_STATE, *_WATCH, *guard.INSTALL),
    "guard-remove": (_LOOK, _TAGS, *_WRITE_STATE, _ALARMS, _ALARM_ACTIONS, _UNWATCH, *guard.REMOVE),
    "guard-status": guard.STATUS,
    "guard-disarm": (*_WRITE_STATE, *guard.CHANGE, *guard.STATUS),
    "guard-arm": (*_WRITE_STATE, *guard.CHANGE, *guard.STATUS),
    "controller-install": (_LOOK, _TAGS, *_WRITE_STATE, *controller.INSTALL),
    "controller-remove": (_LOOK, _TAGS, *_WRITE_STATE, *controller.REMOVE),
    "controller-status": controller.READ,
    "controlled": (*controller.CHANGE, *controller.PROJECT, controller.TELL, controller.TELL_ELSEWHERE),
    "fleet-install": (*_WRITE_STATE, *fleet.INSTALL),
    "fleet-remove": (*_WRITE_STATE, *fleet.REMOVE),
    "fleet-history": (*_READ_HISTORY, *fleet.HISTORY),
    "fleet-status": fleet.STATUS,
    "fleet-ramp": fleet.RAMP,
    "fleet-approve": fleet.APPROVE,
    "fleet-stop": fleet.STOP,
    "guard-test": (_LOOK, _TAGS, *guard.DRILL),
    "pause": _STEER,
    "resume": _STEER,
    "skip-wait": _STEER,
    "approve": _STEER,
    "freeze": _WRITE_STATE,
    "unlock": _WRITE_STATE,
}
