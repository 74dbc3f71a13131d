"""What an alarm's change of state says to a function and to a topic, as AWS writes it. Pure.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-actions-Lambda.html
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from botocore.loaders import create_loader
from moto.cloudwatch.models import Alarm, Dimension, MetricDataQuery

from rollout_sandbox.alarms.reasons import stamp
from rollout_sandbox.strict.alarm_states import Standing, Transition


def event(change: Transition) -> dict[str, Any]:
    """The event of a function."""
    alarm = change.alarm
    _, _, _, region, account, *_ = alarm.alarm_arn.split(":")
    return {
        "source": "aws.cloudwatch",
        "alarmArn": alarm.alarm_arn,
        "accountId": account,
        "time": stamp(change.after.since),
        "region": region,
        "alarmData": {
            "alarmName": alarm.name,
            "state": _state(change.after),
            "previousState": _state(change.before),
            "configuration": _configuration(alarm),
        },
    }


def notice(change: Transition) -> tuple[str, dict[str, Any]]:
    """The subject and message of a topic."""
    alarm = change.alarm
    _, _, _, region, account, *_ = alarm.alarm_arn.split(":")
    place = _name_of(region)
    told: dict[str, Any] = {
        "AlarmName": alarm.name,
        "AlarmDescription": alarm.description,
        "AWSAccountId": account,
        "AlarmConfigurationUpdatedTimestamp": stamp(alarm.configuration_updated_timestamp),
        "NewStateValue": change.after.value,
        "NewStateReason": change.after.reason,
        "StateChangeTime": stamp(change.after.since),
        "Region": place,
        "AlarmArn": alarm.alarm_arn,
        "OldStateValue": change.before.value,
        "OKActions": alarm.ok_actions,
        "AlarmActions": alarm.alarm_actions,
        "InsufficientDataActions": alarm.insufficient_data_actions,
    }
    if alarm.rule:
        triggers = json.loads(change.after.data or "{}").get("triggeringAlarms", [])
        told |= {"AlarmRule": alarm.rule, "TriggeringChildren": [_child(each) for each in triggers]}
    else:
        told["Trigger"] = _trigger(alarm)
    return f'{change.after.value}: "{alarm.name}" in {place}'[:100], told


def _state(standing: Standing) -> dict[str, Any]:
    data = {"reasonData": standing.data} if standing.data and standing.data != "{}" else {}
    return {"value": standing.value, "reason": standing.reason, **data, "timestamp": stamp(standing.since)}


def _configuration(alarm: Alarm) -> dict[str, Any]:
    described = {"description": alarm.description} if alarm.description else {}
    if alarm.rule:
        return {**described, "alarmRule": alarm.rule}
    if alarm.metric_data_queries:
        return {**described, "metrics": [_query(each) for each in alarm.metric_data_queries]}
    stat = _stat(alarm.namespace, alarm.metric_name, alarm.dimensions, alarm.period, _statistic(alarm), alarm.unit)
    return {**described, "metrics": [{"id": str(uuid5(NAMESPACE_URL, alarm.alarm_arn)), **stat, "returnData": True}]}


def _query(query: MetricDataQuery) -> dict[str, Any]:
    shown = {"returnData": str(query.return_data).lower() not in {"false", "none"}}
    label = {"label": query.label} if query.label else {}
    if query.metric_stat is None:
        return {"id": query.id, "expression": query.expression, **label, **shown}
    stat = query.metric_stat
    told = _stat(
        stat.metric.namespace, stat.metric.metric_name, stat.metric.dimensions, stat.period, stat.stat, stat.unit
    )
    return {"id": query.id, **told, **label, **shown}


def _stat(  # noqa: PLR0917 - a metric is as much
    namespace: str, name: str, dimensions: Iterable[Dimension], period: Any, stat: str, unit: str | None
) -> dict[str, Any]:
    metric = {"namespace": namespace, "name": name, "dimensions": {each.name: each.value for each in dimensions}}
    told = {"metric": metric, "period": int(period), "stat": stat, **({"unit": unit} if unit else {})}
    return {"metricStat": told}


def _statistic(alarm: Alarm) -> str:
    return alarm.statistic or alarm.extended_statistic or ""


def _trigger(alarm: Alarm) -> dict[str, Any]:
    common = {
        "EvaluationPeriods": int(alarm.evaluation_periods),
        **({"DatapointsToAlarm": int(alarm.datapoints_to_alarm)} if alarm.datapoints_to_alarm else {}),
        "ComparisonOperator": alarm.comparison_operator,
        "Threshold": float(alarm.threshold),
        "TreatMissingData": alarm.treat_missing_data or "missing",
        "EvaluateLowSampleCountPercentile": alarm.evaluate_low_sample_count_percentile or "",
    }
    if alarm.metric_data_queries:
        return {**common, "Metrics": [_upper(_query(each)) for each in alarm.metric_data_queries]}
    kind = "Statistic" if alarm.statistic else "ExtendedStatistic"
    return {
        "MetricName": alarm.metric_name,
        "Namespace": alarm.namespace,
        "StatisticType": kind,
        kind: _statistic(alarm).upper() if alarm.statistic else _statistic(alarm),
        "Unit": alarm.unit,
        "Dimensions": [{"value": each.value, "name": each.name} for each in alarm.dimensions],
        "Period": int(alarm.period),
        **common,
    }


def _upper(query: Mapping[str, Any]) -> dict[str, Any]:
    """A query as topics are told it."""
    told = {key[0].upper() + key[1:]: value for key, value in query.items() if key != "metricStat"}
    if "metricStat" in query:
        stat = query["metricStat"]
        metric = stat["metric"]
        dimensions = [{"value": value, "name": name} for name, value in metric["dimensions"].items()]
        named = {"Dimensions": dimensions, "MetricName": metric["name"], "Namespace": metric["namespace"]}
        told["MetricStat"] = {"Metric": named, "Period": stat["period"], "Stat": stat["stat"]}
    return told


def _child(trigger: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "Arn": trigger["arn"],
        "State": {"Value": trigger["state"]["value"], "Timestamp": trigger["state"]["timestamp"]},
    }


@cache
def _name_of(region: str) -> str:
    partitions = create_loader().load_data("endpoints")["partitions"]
    return next((each["regions"][region]["description"] for each in partitions if region in each["regions"]), region)
