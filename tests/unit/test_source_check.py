"""What `rollout preflight` says of a metrics source of others, query by query."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from rollout.alb.state import LiveTargetGroup
from rollout.analysis.metrics import Point, Series
from rollout.analysis.ports import Metrics
from rollout.errors import AwsError, UsageError
from rollout.inventory.model import Arn, Environment
from rollout.inventory.ramp_settings import Analysis, MetricName
from rollout.migration.checks.inspection import Inspection
from rollout.migration.checks.report import Check, source_check
from tests.unit.builders import environment, live

NOW = datetime(2026, 3, 1, 12, 0, 30, tzinfo=UTC)


@dataclass
class Answers:
    """A source that knows some queries.

    Attributes:
        none: By metric, and target group's name, what is sent and gives nothing; None if there is no query.
    """

    none: Mapping[tuple[str, str], str | None] = field(default_factory=dict)
    asked: list[Series] = field(default_factory=list)
    refused: AwsError | None = None

    def read(self, series: Sequence[Series], start: datetime, end: datetime) -> Mapping[Series, tuple[Point, ...]]:
        raise NotImplementedError

    def unanswered(self, series: Sequence[Series], start: datetime, end: datetime) -> Mapping[Series, str | None]:
        if self.refused:
            raise self.refused
        assert end - start == timedelta(hours=1)
        self.asked += series
        keys = {each: (each.name, each.dimensions[-1][1].split("/")[1]) for each in series}
        return {each: self.none[key] for each, key in keys.items() if key in self.none}


def shop(*metrics: MetricName, source: str = "prometheus") -> Environment:
    return environment(analysis=Analysis(source=source, metrics=metrics or ("server-errors",)))


def checks(metrics: Metrics, of: Environment | None = None) -> tuple[Check, ...]:
    here = of or shop()
    groups = {name: LiveTargetGroup(Arn(f"arn:x:targetgroup/{name}/1"), name, "lambda") for name in ("old", "new")}
    found = replace(live(dict.fromkeys(here.routes), here), target_groups=groups)
    return tuple(source_check(here, found, Inspection(), lambda: metrics, NOW))


def test_each_query_of_each_judged_metric_is_asked_for() -> None:
    source = Answers()
    (check,) = checks(source, shop("server-errors", "latency-p99"))
    assert check.passed
    names = {(each.name, each.statistic) for each in source.asked}
    assert names >= {
        ("RequestCount", "Sum"),
        ("HTTPCode_Target_5XX_Count", "Sum"),
        ("TargetResponseTime", "SampleCount"),
    }
    assert {each.dimensions[-1][1].split("/")[1] for each in source.asked} == {"old", "new"}


def test_legacys_requests_must_be_there_and_the_query_is_named() -> None:
    (check,) = checks(Answers({("RequestCount", "old"): 'requests_total{service="old"}'}))
    (problem,) = check.problems
    assert problem.code == "metrics-unanswered"
    assert 'requests_total{service="old"}' in problem.what


def test_a_metric_without_a_query_can_not_be_judged() -> None:
    (check,) = checks(Answers({("HTTPCode_Target_5XX_Count", "new"): None}))
    (problem,) = check.problems
    assert "server-errors" in problem.what


def test_errors_that_never_were_are_a_note() -> None:
    quiet = {("HTTPCode_Target_5XX_Count", "old"): "q1", ("RequestCount", "new"): "q2"}
    (check,) = checks(Answers(quiet))
    assert check.passed
    assert sorted(note.code or "" for note in check.notes) == ["metrics-unanswered"] * 2


def test_a_source_that_fails_is_a_failed_check_and_not_the_reports_end() -> None:
    (check,) = checks(Answers(refused=AwsError("refused", code="metrics-refused")))
    assert [problem.code for problem in check.problems] == ["metrics-refused"]


def test_a_plugin_that_is_missing_is_a_failed_check() -> None:
    def missing() -> Metrics:
        raise UsageError("there is no metrics source 'prometheus'", code="plugin-missing")

    here = shop()
    (check,) = source_check(here, live({}, here), Inspection(), missing, NOW)
    assert [problem.code for problem in check.problems] == ["plugin-missing"]


def test_cloudwatch_is_not_checked() -> None:
    assert checks(Answers(), shop(source="cloudwatch")) == ()
