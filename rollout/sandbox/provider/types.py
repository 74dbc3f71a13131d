"""All resource types, by token."""

from __future__ import annotations

from collections.abc import Mapping

from rollout.sandbox.provider.alarms import COMPOSITE_ALARM, METRIC_ALARM
from rollout.sandbox.provider.dashboards import DASHBOARD
from rollout.sandbox.provider.functions import FUNCTION, PERMISSION
from rollout.sandbox.provider.identity import ROLE, ROLE_POLICY, ROLE_POLICY_ATTACHMENT
from rollout.sandbox.provider.listener_rules import LISTENER_RULE
from rollout.sandbox.provider.logs import LOG_GROUP
from rollout.sandbox.provider.schema import ResourceType
from rollout.sandbox.provider.target_groups import TARGET_GROUP, TARGET_GROUP_ATTACHMENT

TYPES: Mapping[str, ResourceType] = {
    type_.token: type_
    for type_ in (
        COMPOSITE_ALARM,
        DASHBOARD,
        FUNCTION,
        LISTENER_RULE,
        LOG_GROUP,
        METRIC_ALARM,
        PERMISSION,
        ROLE,
        ROLE_POLICY,
        ROLE_POLICY_ATTACHMENT,
        TARGET_GROUP,
        TARGET_GROUP_ATTACHMENT,
    )
}
