"""Alarms as AWS takes them: PutMetricAlarm's rules, composite alarms, which moto hasn't, and what may be deleted.

`rollout_sandbox.alarms` evaluates them.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from moto.cloudwatch.exceptions import (
    DashboardInvalidInputError,
    InvalidFormat,
    InvalidParameterValue,
    ResourceNotFound,
    ValidationError,
)
from moto.cloudwatch.models import Alarm
from moto.cloudwatch.responses import CloudWatchResponse
from moto.core.responses import ActionResult, EmptyResult

from rollout_sandbox.alarms.composites import holds, named_in
from rollout_sandbox.alarms.evaluation import COMPARISONS
from rollout_sandbox.alarms.metric_math import NotUnderstoodError, compiled
from rollout_sandbox.strict.alarm_states import Standing, Transition, history, note, stand
from rollout_sandbox.strict.dashboards import body_problems, name_problem

MAX_NAME, MAX_ACTIONS, MAX_QUERIES, MAX_SERIES, MAX_TAGS = 255, 5, 20, 10, 50
HOUR, DAY, WEEK = 3600, 86_400, 604_800
_ONE_METRIC = ("Namespace", "MetricName", "Dimensions", "Period", "Unit", "Statistic", "ExtendedStatistic")
STATES = ("INSUFFICIENT_DATA", "ALARM", "OK")
_SHORT_PERIODS = (10, 20, 30)
_MISSING = ("breaching", "notBreaching", "ignore", "missing")
_KEPT = (
    *("state_value", "state_reason", "state_reason_data", "state_updated_timestamp", "state_transitioned_timestamp"),
    "history",
)

Asked = Mapping[str, Any]


class StrictAlarms(CloudWatchResponse):
    """The calls that put and delete alarms and dashboards, refused where AWS refuses them."""

    def put_metric_alarm(self) -> ActionResult:
        """PutMetricAlarm; one that is there keeps its state and its tags."""
        asked = self._get_params()
        for problem in alarm_problems(asked):
            raise ValidationError(problem)
        return self._put(asked["AlarmName"], super().put_metric_alarm)

    def put_composite_alarm(self) -> ActionResult:
        """PutCompositeAlarm."""
        asked = self._get_params()
        for problem in composite_problems(asked, self.cloudwatch_backend.alarms):
            raise ValidationError(problem)
        return self._put(asked["AlarmName"], super().put_metric_alarm)

    def describe_alarms(self) -> ActionResult:
        """DescribeAlarms, which tells of composite alarms only if asked for them."""
        kinds = self._get_param("AlarmTypes", []) or ["MetricAlarm"]
        found: Any = super().describe_alarms().result
        return ActionResult({key: found[key] if key.removesuffix("s") in kinds else [] for key in found})

    def delete_alarms(self) -> ActionResult:
        """DeleteAlarms; an alarm that a composite one names can't go before that."""
        alarms, gone = self.cloudwatch_backend.alarms, set(self._get_param("AlarmNames", []))
        for name, alarm in alarms.items():
            if name not in gone and (kept := gone & named_in(alarm.rule or "")):
                raise ValidationError(f"{min(kept)} cannot be deleted as it is referenced by composite alarm(s) {name}")
        if len([name for name in gone if name in alarms and alarms[name].rule]) > 1:
            raise ValidationError("Only one composite alarm can be deleted in one operation")
        for name in gone & alarms.keys():
            self.cloudwatch_backend.tagger.delete_all_tags_for_resource(alarms[name].alarm_arn)
        return super().delete_alarms()

    def put_dashboard(self) -> ActionResult:
        """PutDashboard, with the body looked at."""
        asked = self._get_params()
        if said := name_problem(asked["DashboardName"]):
            raise InvalidParameterValue(said)
        if problems := list(body_problems(asked["DashboardBody"])):
            listed = ", ".join(f'{{ "dataPath": "{path}", "message": "{text}" }}' for path, text in problems)
            raise DashboardInvalidInputError(
                f"The dashboard body is invalid, there are {len(problems)} validation errors: [ {listed} ]"
            )
        return super().put_dashboard()

    def set_alarm_state(self) -> ActionResult:
        """SetAlarmState, until the next evaluation; actions are done as if it had been one."""
        asked = self._get_params()
        alarm, value = self.cloudwatch_backend.alarms.get(asked["AlarmName"]), asked["StateValue"]
        try:
            json.loads(asked.get("StateReasonData") or "{}")
        except ValueError:
            raise InvalidFormat("StateReasonData was not valid JSON") from None
        if alarm is None:
            raise ResourceNotFound
        if value not in STATES:
            raise ValidationError(
                f"1 validation error detected: Value '{value}' at 'stateValue' failed to satisfy constraint: "
                f"Member must satisfy enum value set: [{', '.join(STATES)}]"
            )
        wanted = Standing(value, asked["StateReason"], asked.get("StateReasonData"), self._now)
        if (changed := stand(alarm, wanted)) is not None:
            self._transitions.append(changed)
        return EmptyResult()

    def describe_alarm_history(self) -> ActionResult:
        """DescribeAlarmHistory, of alarms that are there."""
        return ActionResult(history(self.cloudwatch_backend.alarms.values(), self._get_params()))

    @property
    def _now(self) -> datetime:
        return self._any_backend.measured.now()  # type: ignore[no-any-return]

    @property
    def _transitions(self) -> list[Transition]:
        return self._any_backend.transitions  # type: ignore[no-any-return]

    @property
    def _any_backend(self) -> Any:
        return self.cloudwatch_backend

    def _put(self, name: str, put: Any) -> ActionResult:
        backend, now = self.cloudwatch_backend, self._now
        before: Alarm | None = backend.alarms.get(name)
        tags = backend.tagger.list_tags_for_resource(before.alarm_arn)["Tags"] if before else []
        put()
        alarm: Any = backend.alarms[name]
        alarm.configuration_updated_timestamp = now
        if before is None:
            alarm.state_value, alarm.state_updated_timestamp = "INSUFFICIENT_DATA", now
            alarm.state_transitioned_timestamp = now
            note(alarm, now, "ConfigurationUpdate", f'Alarm "{name}" created', {"version": "1.0", "type": "Create"})
            return EmptyResult()
        for kept in _KEPT:
            setattr(alarm, kept, getattr(before, kept))
        note(alarm, now, "ConfigurationUpdate", f'Alarm "{name}" updated', {"version": "1.0", "type": "Update"})
        backend.tagger.delete_all_tags_for_resource(alarm.alarm_arn)
        backend.tagger.tag_resource(alarm.alarm_arn, tags)
        return EmptyResult()


def alarm_problems(asked: Asked) -> Iterator[str]:
    """What PutMetricAlarm refuses of its parameters."""
    yield from _common_problems(asked)
    yield from _metric_problems(asked)
    if "EvaluationPeriods" not in asked:
        yield "The parameter EvaluationPeriods is required."
        return
    evaluated = int(asked["EvaluationPeriods"])
    if int(asked.get("DatapointsToAlarm") or 1) > evaluated:
        yield "DatapointsToAlarm must be less than or equal to EvaluationPeriods"
    if "ComparisonOperator" not in asked:
        yield "The parameter ComparisonOperator is required."
    elif "Threshold" in asked and (operator := asked["ComparisonOperator"]) not in COMPARISONS:
        yield (
            f"1 validation error detected: Value '{operator}' at 'comparisonOperator' failed to satisfy constraint: "
            f"Member must satisfy enum value set: [{', '.join(sorted(COMPARISONS))}]"
        )
    if ("Threshold" in asked) == ("ThresholdMetricId" in asked):
        yield "Exactly one of the parameters Threshold and ThresholdMetricId must be specified."
    if asked.get("TreatMissingData", "missing") not in _MISSING:
        yield f"Option {asked['TreatMissingData']} is not supported. Supported options are {', '.join(_MISSING)}."
    for period in _periods(asked):
        if period not in _SHORT_PERIODS and (period <= 0 or period % 60):
            yield "Period must be 10, 20, 30 or a multiple of 60"
        elif evaluated * period > (WEEK if period >= HOUR else DAY):
            yield f"EvaluationPeriods * Period must be <= {DAY}, or <= {WEEK} for periods of an hour or longer."


def composite_problems(asked: Asked, alarms: Mapping[str, Alarm]) -> Iterator[str]:
    """What PutCompositeAlarm refuses of its parameters.

    Args:
        asked: The parameters.
        alarms: Those that are there.
    """
    yield from _common_problems(asked)
    rule = asked.get("AlarmRule", "")
    if rule != rule.strip() or not _is_rule(rule):
        yield f"AlarmRule {rule!r} has a syntax error"
    elif missing := named_in(rule) - alarms.keys():
        listed = ", ".join(sorted(missing))
        yield f"Could not save the composite alarm as alarms [{listed}] in the alarm rule do not exist"


def _is_rule(rule: str) -> bool:
    try:
        holds(rule, {})
    except SyntaxError:
        return False
    return True


def _common_problems(asked: Asked) -> Iterator[str]:
    if not 1 <= len(asked["AlarmName"]) <= MAX_NAME or re.search(r"[\x00-\x1f\x7f]", asked["AlarmName"]):
        yield f"AlarmName must have 1 to {MAX_NAME} characters, and no control characters"
    for kind in ("AlarmActions", "OKActions", "InsufficientDataActions"):
        actions = asked.get(kind) or ()
        if len(actions) > MAX_ACTIONS:
            yield f"The collection {kind} must not have a size greater than {MAX_ACTIONS}."
        yield from (f"Invalid action ARN: {action}" for action in actions if not action.startswith("arn:"))
    if len(asked.get("Tags") or ()) > MAX_TAGS:
        yield f"The collection Tags must not have a size greater than {MAX_TAGS}."


def _metric_problems(asked: Asked) -> Iterator[str]:
    """A metric alarm watches either one metric or metric math."""
    queries = asked.get("Metrics") or ()
    if not queries:
        yield from (
            f"The parameter {key} is required." for key in ("MetricName", "Namespace", "Period") if not asked.get(key)
        )
        if bool(asked.get("Statistic")) == bool(asked.get("ExtendedStatistic")):
            yield "Exactly one of the parameters Statistic and ExtendedStatistic must be specified."
        return
    if both := [key for key in _ONE_METRIC if asked.get(key)]:
        yield f"The parameters Metrics and {both[0]} cannot both be specified."
    if len(queries) > MAX_QUERIES:
        yield f"The collection Metrics must not have a size greater than {MAX_QUERIES}."
    if sum("MetricStat" in query for query in queries) > MAX_SERIES:
        yield f"Alarms on math expressions cannot contain more than {MAX_SERIES} individual metrics"
    if sum(_is_true(query.get("ReturnData", True)) for query in queries) != 1:
        yield "Exactly one element of the metrics list should return data."
    yield from _query_problems(queries)


def _query_problems(queries: Sequence[Asked]) -> Iterator[str]:
    ids = [query["Id"] for query in queries]
    yield from (f"The id {id_} is used more than once." for id_ in sorted({id_ for id_ in ids if ids.count(id_) > 1}))
    for query in queries:
        id_, expression = query["Id"], query.get("Expression")
        if not re.fullmatch(r"[a-z][a-zA-Z0-9_]{0,254}", id_):
            yield f"The id {id_!r} must start with a lowercase letter and have letters, digits and underscores only."
        if bool(expression) == ("MetricStat" in query):
            yield f"Exactly one of MetricStat and Expression must be specified for {id_}."
        elif expression and (unknown := set(re.findall(r"\b[a-z]\w*", expression)) - set(ids)):
            yield f"Error in expression '{id_}': {min(unknown)} is not an id of the metrics list"
        elif expression:
            try:
                compiled(expression)
            except NotUnderstoodError as error:
                yield f"Error in expression '{id_}': {error}"


def _periods(asked: Asked) -> Iterator[int]:
    if asked.get("Period"):
        yield int(asked["Period"])
    yield from (int(query["MetricStat"]["Period"]) for query in asked.get("Metrics") or () if "MetricStat" in query)


def _is_true(value: Any) -> bool:
    return str(value).lower() == "true"
