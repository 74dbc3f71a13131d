"""All resource types, by token, with every property that pulumi-aws has for them."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import replace

with warnings.catch_warnings():
    # pulumi_aws.lambda_ warns of a type of its own on import
    warnings.filterwarnings("ignore", "aws.lambda/microvmsimage", DeprecationWarning)
    from pulumi_aws import cloudwatch, iam, lambda_, lb

from rollout_sandbox.provider.alarms import COMPOSITE_ALARM, METRIC_ALARM
from rollout_sandbox.provider.dashboards import DASHBOARD
from rollout_sandbox.provider.function_aliases import ALIAS, PROVISIONED
from rollout_sandbox.provider.functions import FUNCTION, PERMISSION
from rollout_sandbox.provider.identity import ROLE, ROLE_POLICY, ROLE_POLICY_ATTACHMENT
from rollout_sandbox.provider.listener_rules import LISTENER_RULE
from rollout_sandbox.provider.logs import LOG_GROUP
from rollout_sandbox.provider.schema import ResourceType
from rollout_sandbox.provider.sdk import properties_of
from rollout_sandbox.provider.target_groups import TARGET_GROUP, TARGET_GROUP_ATTACHMENT

_ARGUMENTS: tuple[tuple[ResourceType, type], ...] = (
    (ALIAS, lambda_.AliasArgs),
    (COMPOSITE_ALARM, cloudwatch.CompositeAlarmArgs),
    (DASHBOARD, cloudwatch.DashboardArgs),
    (FUNCTION, lambda_.FunctionArgs),
    (LISTENER_RULE, lb.ListenerRuleArgs),
    (LOG_GROUP, cloudwatch.LogGroupArgs),
    (METRIC_ALARM, cloudwatch.MetricAlarmArgs),
    (PERMISSION, lambda_.PermissionArgs),
    (PROVISIONED, lambda_.ProvisionedConcurrencyConfigArgs),
    (ROLE, iam.RoleArgs),
    (ROLE_POLICY, iam.RolePolicyArgs),
    (ROLE_POLICY_ATTACHMENT, iam.RolePolicyAttachmentArgs),
    (TARGET_GROUP, lb.TargetGroupArgs),
    (TARGET_GROUP_ATTACHMENT, lb.TargetGroupAttachmentArgs),
)

TYPES: Mapping[str, ResourceType] = {
    type_.token: replace(type_, properties={**properties_of(arguments), **type_.properties})
    for type_, arguments in _ARGUMENTS
}
