"""aws:cloudwatch/metricAlarm:MetricAlarm and aws:cloudwatch/compositeAlarm:CompositeAlarm.

Both are put, whether they were there or not, and are known by their names.
https://www.pulumi.com/registry/packages/aws/api-docs/cloudwatch/metricalarm/
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rollout_sandbox.provider.aws import Aws, AwsFailure, doing
from rollout_sandbox.provider.refusals import bad_arn, not_matching, other_than, too_few_or_many, too_short_or_long
from rollout_sandbox.provider.schema import (
    Kind,
    Property,
    Props,
    ResourceType,
    block,
    boolean,
    mapping,
    set_of,
    string,
)
from rollout_sandbox.provider.tagging import changed_tags, own_tags
from rollout_sandbox.provider.tags import as_tags

SERVICE = "cloudwatch"
_SHORT_PERIODS = frozenset({1, 5, 10, 20, 30})
_OPERATORS = (
    "GreaterThanOrEqualToThreshold",
    "GreaterThanThreshold",
    "LessThanThreshold",
    "LessThanOrEqualToThreshold",
    "LessThanLowerOrGreaterThanUpperThreshold",
    "LessThanLowerThreshold",
    "GreaterThanUpperThreshold",
)
_STATISTICS = ("SampleCount", "Average", "Sum", "Minimum", "Maximum")
_STATISTIC = rf"^({'|'.join(_STATISTICS)}|IQM|(p|tm|tc|ts|wm)(\d{{1,2}}(\.\d{{1,10}})?|100)|(PR|TM|TC|TS|WM)\(.*:.*\))$"


def _at_least_one(value: int) -> str | None:
    return None if value >= 1 else f"expected {{path}} to be at least (1), got {value}"


def _bad_period(value: int) -> str | None:
    if value in _SHORT_PERIODS or (value > 0 and value % 60 == 0):
        return None
    return f"expected {{path}} to be divisible by 60, got: {value}"


def _actions() -> Property:
    return set_of(string(refuse=bad_arn), refuse=too_few_or_many(0, 5))


_ACTIONS = {
    "alarmActions": "AlarmActions",
    "okActions": "OKActions",
    "insufficientDataActions": "InsufficientDataActions",
}
_PLAIN = {
    "alarmDescription": "AlarmDescription",
    "actionsEnabled": "ActionsEnabled",
    "comparisonOperator": "ComparisonOperator",
    "datapointsToAlarm": "DatapointsToAlarm",
    "evaluateLowSampleCountPercentiles": "EvaluateLowSampleCountPercentile",
    "evaluationPeriods": "EvaluationPeriods",
    "extendedStatistic": "ExtendedStatistic",
    "metricName": "MetricName",
    "namespace": "Namespace",
    "period": "Period",
    "statistic": "Statistic",
    "threshold": "Threshold",
    "thresholdMetricId": "ThresholdMetricId",
    "treatMissingData": "TreatMissingData",
    "unit": "Unit",
}
"""pulumi-aws's names of a metric alarm's settings, and AWS's."""

_COMMON = {
    "arn": string(output=True),
    "actionsEnabled": boolean(default=True),
    "alarmDescription": string(refuse=too_short_or_long(0, 1024)),
    "alarmActions": _actions(),
    "insufficientDataActions": _actions(),
    "okActions": _actions(),
}


class _MetricAlarm:
    def create(self, aws: Aws, new: Props) -> str:
        name = str(new["name"])
        if said := _refused(new):
            raise AwsFailure(said)
        tags = new.get("tagsAll") or {}
        with doing(f"creating CloudWatch Metric Alarm ({name})", SERVICE):
            aws.client(SERVICE).put_metric_alarm(**_asked(new), **({"Tags": as_tags(tags)} if tags else {}))
        return name

    def read(self, aws: Aws, id_: str, known: Props | None) -> Props | None:
        with doing(f"reading CloudWatch Metric Alarm ({id_})", SERVICE):
            found = aws.client(SERVICE).describe_alarms(AlarmNames=[id_], AlarmTypes=["MetricAlarm"])["MetricAlarms"]
            if not found:
                return None
            (alarm,) = found
            return {
                "name": alarm["AlarmName"],
                **{key: alarm.get(name, _nothing(key)) for key, name in _PLAIN.items()},
                "treatMissingData": alarm.get("TreatMissingData", "missing"),
                "dimensions": _told_dimensions(alarm),
                "metricQueries": [_told_query(query) for query in alarm.get("Metrics", ())],
                **_told_in_common(aws, alarm),
            }

    def update(self, aws: Aws, id_: str, old: Props, new: Props, changed: frozenset[str]) -> None:
        if changed - {"tags", "tagsAll"}:
            with doing(f"updating CloudWatch Metric Alarm ({id_})", SERVICE):
                aws.client(SERVICE).put_metric_alarm(**_asked(new))
        _update_tags(aws, f"CloudWatch Metric Alarm ({id_})", old, new)

    def delete(self, aws: Aws, id_: str, old: Props) -> None:
        with doing(f"deleting CloudWatch Metric Alarm ({id_})", SERVICE):
            aws.client(SERVICE).delete_alarms(AlarmNames=[id_])


class _CompositeAlarm:
    def create(self, aws: Aws, new: Props) -> str:
        name, tags = str(new["alarmName"]), new.get("tagsAll") or {}
        with doing(f"creating CloudWatch Composite Alarm ({name})", SERVICE):
            aws.client(SERVICE).put_composite_alarm(**_asked_jointly(new), **({"Tags": as_tags(tags)} if tags else {}))
        return name

    def read(self, aws: Aws, id_: str, known: Props | None) -> Props | None:
        with doing(f"reading CloudWatch Composite Alarm ({id_})", SERVICE):
            asked = aws.client(SERVICE).describe_alarms(AlarmNames=[id_], AlarmTypes=["CompositeAlarm"])
            if not asked["CompositeAlarms"]:
                return None
            (alarm,) = asked["CompositeAlarms"]
            return {
                "alarmName": alarm["AlarmName"],
                "alarmRule": alarm["AlarmRule"],
                "alarmDescription": alarm.get("AlarmDescription", ""),
                "actionsEnabled": alarm.get("ActionsEnabled", True),
                **_told_in_common(aws, alarm),
            }

    def update(self, aws: Aws, id_: str, old: Props, new: Props, changed: frozenset[str]) -> None:
        if changed - {"tags", "tagsAll"}:
            with doing(f"updating CloudWatch Composite Alarm ({id_})", SERVICE):
                aws.client(SERVICE).put_composite_alarm(**_asked_jointly(new))
        _update_tags(aws, f"CloudWatch Composite Alarm ({id_})", old, new)

    def delete(self, aws: Aws, id_: str, old: Props) -> None:
        with doing(f"deleting CloudWatch Composite Alarm ({id_})", SERVICE):
            aws.client(SERVICE).delete_alarms(AlarmNames=[id_])


def _refused(new: Props) -> str | None:
    """What the provider itself refuses, and only once it creates."""
    if new.get("metricName") and bool(new.get("statistic")) == bool(new.get("extendedStatistic")):
        return "One of `statistic` or `extended_statistic` must be set for a cloudwatch metric alarm"
    if any(query.get("expression") and query.get("metric") for query in new.get("metricQueries") or ()):
        return "No metric_query may have both `expression` and a `metric` specified"
    return None


def _nothing(key: str) -> Any:
    return 0 if key in ("datapointsToAlarm", "period", "evaluationPeriods", "threshold") else ""


def _told_in_common(aws: Aws, alarm: Mapping[str, Any]) -> Props:
    tags = aws.client(SERVICE).list_tags_for_resource(ResourceARN=alarm["AlarmArn"])["Tags"]
    return {
        "arn": alarm["AlarmArn"],
        **{key: list(alarm.get(name, ())) for key, name in _ACTIONS.items()},
        "tagsAll": own_tags({tag["Key"]: tag["Value"] for tag in tags}),
    }


def _told_dimensions(metric: Mapping[str, Any]) -> dict[str, str]:
    return {each["Name"]: each["Value"] for each in metric.get("Dimensions", ())}


def _told_query(query: Mapping[str, Any]) -> Props:
    told: Props = {
        "id": query["Id"],
        "accountId": query.get("AccountId", ""),
        "expression": query.get("Expression", ""),
        "label": query.get("Label", ""),
        "period": query.get("Period", 0),
        "returnData": query.get("ReturnData", False),
    }
    if stat := query.get("MetricStat"):
        told["metric"] = {
            "dimensions": _told_dimensions(stat["Metric"]),
            "metricName": stat["Metric"]["MetricName"],
            "namespace": stat["Metric"].get("Namespace", ""),
            "period": stat["Period"],
            "stat": stat["Stat"],
            "unit": stat.get("Unit", ""),
        }
    return told


def _asked(new: Props) -> dict[str, Any]:
    """PutMetricAlarm's parameters."""
    asked: dict[str, Any] = {
        name: value for key, name in _PLAIN.items() if (value := new.get(key)) is not None and value != ""
    }
    asked |= {name: new[key] for key, name in _ACTIONS.items() if new.get(key)}
    if new.get("dimensions"):
        asked["Dimensions"] = _asked_dimensions(new)
    if new.get("metricQueries"):
        asked["Metrics"] = [_asked_query(query) for query in new["metricQueries"]]
    return {"AlarmName": new["name"], **asked}


def _asked_jointly(new: Props) -> dict[str, Any]:
    """PutCompositeAlarm's parameters."""
    return {
        "AlarmName": new["alarmName"],
        "AlarmRule": new["alarmRule"],
        "ActionsEnabled": new["actionsEnabled"],
        **({"AlarmDescription": new["alarmDescription"]} if new.get("alarmDescription") else {}),
        **{name: new[key] for key, name in _ACTIONS.items() if new.get(key)},
    }


def _asked_dimensions(metric: Props) -> list[dict[str, str]]:
    return [{"Name": name, "Value": value} for name, value in (metric.get("dimensions") or {}).items()]


def _asked_query(query: Props) -> dict[str, Any]:
    asked: dict[str, Any] = {"Id": query["id"], "ReturnData": query.get("returnData", False)}
    given = {"AccountId": "accountId", "Expression": "expression", "Label": "label", "Period": "period"}
    asked |= {name: query[key] for name, key in given.items() if query.get(key)}
    if metric := query.get("metric"):
        asked["MetricStat"] = {
            "Metric": {"MetricName": metric["metricName"], "Dimensions": _asked_dimensions(metric)}
            | ({"Namespace": metric["namespace"]} if metric.get("namespace") else {}),
            "Period": metric["period"],
            "Stat": metric["stat"],
            **({"Unit": metric["unit"]} if metric.get("unit") else {}),
        }
    return asked


def _update_tags(aws: Aws, what: str, old: Props, new: Props) -> None:
    gone, added = changed_tags(old, new)
    with doing(f"updating tags for {what}", SERVICE):
        if gone:
            aws.client(SERVICE).untag_resource(ResourceARN=old["arn"], TagKeys=gone)
        if added:
            aws.client(SERVICE).tag_resource(ResourceARN=old["arn"], Tags=as_tags(added))


_METRIC = block(
    {
        "dimensions": mapping(),
        "metricName": string(required=True, refuse=too_short_or_long(1, 255)),
        "namespace": string(refuse=not_matching("[^:].*")),
        "period": Property(Kind.INT, required=True, refuse=_bad_period),
        "stat": string(required=True, refuse=not_matching(_STATISTIC)),
        "unit": string(),
    }
)
_QUERY = block(
    {
        "id": string(required=True, refuse=too_short_or_long(1, 255)),
        "accountId": string(refuse=too_short_or_long(1, 255)),
        "expression": string(refuse=too_short_or_long(1, 1024)),
        "label": string(),
        "metric": _METRIC,
        "period": Property(Kind.INT, refuse=_bad_period),
        "returnData": boolean(),
    }
)
_ONE_METRIC = {
    "metricName": "metric_name",
    "namespace": "namespace",
    "dimensions": "dimensions",
    "period": "period",
    "statistic": "statistic",
    "extendedStatistic": "extended_statistic",
}

METRIC_ALARM = ResourceType(
    "aws:cloudwatch/metricAlarm:MetricAlarm",
    {
        **_COMMON,
        "name": string(computed=True, force_new=True, auto_name=255, refuse=too_short_or_long(0, 255)),
        "comparisonOperator": string(refuse=other_than(*_OPERATORS)),
        "datapointsToAlarm": Property(Kind.INT, refuse=_at_least_one),
        "dimensions": mapping(),
        "evaluateLowSampleCountPercentiles": string(computed=True, refuse=other_than("evaluate", "ignore")),
        "evaluationPeriods": Property(Kind.INT, refuse=_at_least_one),
        "extendedStatistic": string(refuse=not_matching(_STATISTIC)),
        "metricName": string(refuse=too_short_or_long(0, 255)),
        "metricQueries": set_of(_QUERY),
        "namespace": string(refuse=not_matching("[^:].*")),
        "period": Property(Kind.INT, refuse=_bad_period),
        "statistic": string(refuse=other_than(*_STATISTICS)),
        "threshold": Property(Kind.FLOAT),
        "thresholdMetricId": string(refuse=too_short_or_long(1, 255)),
        "treatMissingData": string(
            default="missing", refuse=other_than("missing", "ignore", "breaching", "notBreaching")
        ),
        "unit": string(),
    },
    _MetricAlarm(),
    tagged=True,
    conflicts=(
        *((key, name, "metricQueries", "metric_query") for key, name in _ONE_METRIC.items()),
        ("statistic", "statistic", "extendedStatistic", "extended_statistic"),
        ("threshold", "threshold", "thresholdMetricId", "threshold_metric_id"),
    ),
)
COMPOSITE_ALARM = ResourceType(
    "aws:cloudwatch/compositeAlarm:CompositeAlarm",
    {
        **_COMMON,
        "actionsEnabled": boolean(default=True, force_new=True),
        "alarmName": string(required=True, force_new=True, refuse=too_short_or_long(0, 255)),
        "alarmRule": string(required=True, refuse=too_short_or_long(1, 10_240)),
    },
    _CompositeAlarm(),
    tagged=True,
)
