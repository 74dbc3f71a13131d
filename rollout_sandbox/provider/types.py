"""All resource types that are made here, by token."""

from __future__ import annotations

from collections.abc import Mapping

from rollout_sandbox.provider.alarms import COMPOSITE_ALARM, METRIC_ALARM
from rollout_sandbox.provider.dashboards import DASHBOARD
from rollout_sandbox.provider.function_aliases import ALIAS, PROVISIONED
from rollout_sandbox.provider.function_events import EVENT_INVOKE_CONFIG
from rollout_sandbox.provider.functions import FUNCTION, PERMISSION
from rollout_sandbox.provider.identity import ROLE, ROLE_POLICY, ROLE_POLICY_ATTACHMENT
from rollout_sandbox.provider.listener_rules import LISTENER_RULE
from rollout_sandbox.provider.logs import LOG_GROUP
from rollout_sandbox.provider.objects import OBJECT
from rollout_sandbox.provider.schedules import SCHEDULE
from rollout_sandbox.provider.schema import ResourceType
from rollout_sandbox.provider.state_machines import STATE_MACHINE
from rollout_sandbox.provider.tables import TABLE
from rollout_sandbox.provider.target_groups import TARGET_GROUP, TARGET_GROUP_ATTACHMENT

TYPES: Mapping[str, ResourceType] = {
    type_.token: type_
    for type_ in (
        ALIAS,
        COMPOSITE_ALARM,
        DASHBOARD,
        EVENT_INVOKE_CONFIG,
        FUNCTION,
        LISTENER_RULE,
        LOG_GROUP,
        METRIC_ALARM,
        OBJECT,
        PERMISSION,
        PROVISIONED,
        ROLE,
        ROLE_POLICY,
        ROLE_POLICY_ATTACHMENT,
        SCHEDULE,
        STATE_MACHINE,
        TABLE,
        TARGET_GROUP,
        TARGET_GROUP_ATTACHMENT,
    )
}
