"""Alarms and a dashboard over both implementations.

They read metrics and change nothing. A change replaces no alarm, so that none forgets its state.
https://www.pulumi.com/registry/packages/aws/api-docs/cloudwatch/metricalarm/
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from pulumi import ComponentResource, ResourceOptions
from pulumi_aws import cloudwatch

from rollout.inventory.model import Arn, Environment, Existing
from rollout.programs.alarms import alarms, dashboard
from rollout.programs.alarms.alarms import Alarm, JointAlarm, Thresholds
from rollout.programs.alarms.pools import Places, Query
from rollout.programs.components.existing import look_up


@dataclass(frozen=True, slots=True)
class MonitoringArgs:
    """What is watched.

    Attributes:
        environment: The inventory.
        places: What is where on AWS.
        thresholds: When alarms go off.
        actions: The ARNs that get an alarm that isn't a part of another, such as SNS topics; 5 at
            most.
        tags: Of each alarm; AWS's dashboards have none here.
    """

    environment: Environment
    places: Places
    thresholds: Thresholds = field(default_factory=Thresholds)
    actions: Sequence[str] = ()
    tags: Mapping[str, str] = field(default_factory=dict)


class Monitoring(ComponentResource):
    """The alarms of an environment, and its dashboard.

    Args:
        name: The logical name, which never changes.
        args: What is watched.

    Attributes:
        alarms: By logical name.
        dashboard: The dashboard.
    """

    pulumi_type: ClassVar[str] = "rollout:index:Monitoring"

    def __init__(self, name: str, args: MonitoringArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__(self.pulumi_type, name, None, opts)
        environment, places = args.environment, args.places
        self.alarms: dict[str, cloudwatch.MetricAlarm | cloudwatch.CompositeAlarm] = {}
        wanted = alarms.alarms(environment, places, args.thresholds)
        by_name = {each.name: each.key for each in wanted}
        for each in wanted:
            if isinstance(each, Alarm):
                self.alarms[each.key] = self._build_alarm(each, args)
            else:
                parts = [self.alarms[by_name[part]] for part in each.parts]
                self.alarms[each.key] = self._build_joint_alarm(each, parts, args)
        self.dashboard = cloudwatch.Dashboard(
            name,
            dashboard_name=alarms.title(environment),
            dashboard_body=json.dumps(dashboard.body(environment, places, alarms.names(environment))),
            opts=ResourceOptions(parent=self),
        )
        self.register_outputs({})

    def _build_alarm(self, alarm: Alarm, args: MonitoringArgs) -> cloudwatch.MetricAlarm:
        return cloudwatch.MetricAlarm(
            alarm.key,
            name=alarm.name,
            alarm_description=alarm.description,
            metric_queries=[_query(query, watched=query is alarm.queries[-1]) for query in alarm.queries],
            comparison_operator="GreaterThanThreshold",
            threshold=alarm.threshold,
            evaluation_periods=alarms.PERIODS,
            datapoints_to_alarm=alarms.BREACHING,
            treat_missing_data="notBreaching",
            alarm_actions=None if alarm.is_part else list(args.actions) or None,
            tags=args.tags or None,
            opts=ResourceOptions(parent=self),
        )

    def _build_joint_alarm(
        self,
        alarm: JointAlarm,
        parts: Sequence[cloudwatch.MetricAlarm | cloudwatch.CompositeAlarm],
        args: MonitoringArgs,
    ) -> cloudwatch.CompositeAlarm:
        return cloudwatch.CompositeAlarm(
            alarm.key,
            alarm_name=alarm.name,
            alarm_description=alarm.description,
            alarm_rule=alarm.rule,
            alarm_actions=list(args.actions) or None,
            tags=args.tags or None,
            # AWS refuses a rule over alarms that aren't there, and to delete one that a rule names
            opts=ResourceOptions(parent=self, depends_on=list(parts)),
        )


def places_of(environment: Environment, known: Existing | None = None) -> Places:
    """What is where on AWS, for a program.

    Args:
        known: See `look_up`.

    Raises:
        RunError: Something is missing.
    """
    groups = [group for route in environment.routes.values() for group in (route.legacy, route.candidate)]
    existing = look_up(environment, groups, known)
    balancers = {key: _load_balancer(arn) for key, arn in existing.listeners.items()}
    return Places(balancers, existing.target_groups, existing.kinds)


def _load_balancer(listener: Arn) -> Arn:
    """The load balancer's ARN, of which a listener's is made."""
    return Arn(listener.rpartition("/")[0].replace(":listener/", ":loadbalancer/"))


def _query(query: Query, *, watched: bool) -> cloudwatch.MetricAlarmMetricQueryArgsDict:
    made: cloudwatch.MetricAlarmMetricQueryArgsDict = {"id": query.id, "return_data": watched}
    if query.label:
        made["label"] = query.label
    if query.series is None:
        made["expression"] = query.expression
        return made
    series = query.series
    made["metric"] = {
        "namespace": series.namespace,
        "metric_name": series.name,
        "dimensions": dict(series.dimensions),
        "period": int(series.period.total_seconds()),
        "stat": series.statistic,
    }
    return made
