"""What becomes of events in OpenTelemetry, by the SDK's exporters in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

import pytest
from opentelemetry.context import Context
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from rollout.adapters.telemetry.recorder import Recorder
from rollout.analysis.verdicts import AnalysisResult, Verdict
from rollout.errors import Drift
from rollout.inventory.model import Split
from rollout.inventory.quantities import Percent
from rollout.migration import events
from rollout.migration.emitter import PhaseEnded
from tests.unit.test_events import EVENTS, FINDING, GATE, PREVIEW, TEN

PRODUCTION = "production"
STORY: tuple[events.Event | PhaseEnded, ...] = (
    events.PhaseStarted(PRODUCTION, "weight", "Set a weight", ("routing",)),
    events.PreviewStarted(PRODUCTION, "routing", "change weights"),
    events.StepPreviewed(PRODUCTION, "weight", PREVIEW),
    events.GateOpened(PRODUCTION, GATE),
    events.GateApproved(PRODUCTION, "weight"),
    events.StepStarted(PRODUCTION, "routing", "change weights", 1),
    events.StepApplied(PRODUCTION, "routing", 1, 2.5),
    PhaseEnded(PRODUCTION, "weight", None),
)


class Recorded:
    """A recorder, and what it has recorded; events come a second after each other."""

    def __init__(self) -> None:
        traces, self._spans, self._reader = TracerProvider(), InMemorySpanExporter(), InMemoryMetricReader()
        traces.add_span_processor(SimpleSpanProcessor(self._spans))
        self.recorder = Recorder(traces, MeterProvider([self._reader]))

    def hear(self, *heard: events.Event | PhaseEnded) -> Recorded:
        for second, event in enumerate(heard):
            self.recorder.hear(event, second * 10**9)
        return self

    @property
    def spans(self) -> dict[str, ReadableSpan]:
        return {span.name: span for span in self._spans.get_finished_spans()}

    def seconds(self) -> dict[str, tuple[float, float]]:
        return {name: ((it.start_time or 0) / 1e9, (it.end_time or 0) / 1e9) for name, it in self.spans.items()}

    def around(self, name: str) -> str | None:
        parent = self.spans[name].parent
        return next((n for n, it in self.spans.items() if parent and it.context.span_id == parent.span_id), None)

    def metrics(self, name: str) -> dict[tuple[str, ...], float]:
        """The values of a metric, by its attributes."""
        found = self._reader.get_metrics_data()
        return {
            tuple(str(value) for value in (point.attributes or {}).values()): getattr(point, "value", -1)
            for resource in (found.resource_metrics if found else ())
            for scope in resource.scope_metrics
            for metric in scope.metrics
            if metric.name == name
            for point in metric.data.data_points
        }


def test_a_phase_and_its_parts_are_spans_with_the_times_of_their_events() -> None:
    told = Recorded().hear(*STORY)
    assert told.seconds() == {
        "preview routing": (1, 2),
        "gate": (3, 4),
        "update routing": (5, 6),
        "phase weight": (0, 7),
    }
    assert {told.around(name) for name in ("preview routing", "gate", "update routing")} == {"phase weight"}
    assert dict(told.spans["update routing"].attributes or {}) == {
        "rollout.environment": PRODUCTION,
        "rollout.stack": "routing",
        "rollout.changes": 1,
    }


@pytest.mark.parametrize("cut", range(1, len(STORY)))
def test_wherever_a_phase_fails_all_that_it_began_has_ended_with_the_code(cut: int) -> None:
    told = Recorded().hear(*STORY[:cut], PhaseEnded(PRODUCTION, "weight", "drift"))
    assert told.seconds()["phase weight"] == (0, cut)
    failed = {name for name, span in told.spans.items() if (span.attributes or {}).get("error.type") == "drift"}
    assert failed == {name for name, span in told.spans.items() if not span.status.is_ok}
    assert {"phase weight"} <= failed <= {"phase weight", *told.spans}


def test_environments_at_once_are_kept_apart() -> None:
    told = Recorded()
    for event in STORY:
        told.hear(event, replace(event, environment="staging"))
    assert len(told._spans.get_finished_spans()) == 8
    assert len({span.context.trace_id for span in told._spans.get_finished_spans()}) == 2


def test_a_rollback_in_an_update_is_a_span_beside_it() -> None:
    back = events.PhaseStarted(PRODUCTION, "rollback", "All traffic back", ("routing",))
    done = PhaseEnded(PRODUCTION, "rollback", None)
    told = Recorded().hear(STORY[0], back, done, STORY[-1])
    assert told.seconds() == {"phase rollback": (1, 2), "phase weight": (0, 3)}


@pytest.mark.parametrize(
    ("error", "code", "exit_code"),
    [(None, None, 0), (Drift("moved", (), code="drift"), "drift", 7), (KeyError("x"), "KeyError", 1)],
)
def test_a_commands_span_has_all_others_and_its_exit_code(
    error: BaseException | None, code: str | None, exit_code: int
) -> None:
    told = Recorded()
    told.recorder.begin_command("rollout weight", 0, Context())
    told.hear(*STORY[:3])
    told.recorder.end_command(error, 9 * 10**9)
    attributes = told.spans["rollout weight"].attributes or {}
    assert (attributes["process.exit.code"], attributes.get("error.type")) == (exit_code, code)
    assert told.around("phase weight") == "rollout weight"
    assert told.seconds()["phase weight"] == (0, 9)


def test_shares_are_between_0_and_1_by_route() -> None:
    third = Split.at(Percent.of("33.3"))
    told = Recorded().hear(
        events.RuleVerified(PRODUCTION, "score", "arn:rule/score", third),
        events.WeightSet(PRODUCTION, "bulk", None, TEN.weight),
        events.RuleVerified(PRODUCTION, "other", "arn:rule/other", third),
        events.RouteRolledBack(PRODUCTION, "other", third),
    )
    assert told.metrics("rollout.candidate.share") == {
        (PRODUCTION, "score"): 0.333,
        (PRODUCTION, "bulk"): 0.1,
        (PRODUCTION, "other"): 0,
    }


@pytest.mark.parametrize(
    ("verdicts", "whole"),
    [
        ((Verdict.PASS, Verdict.PASS), "pass"),
        ((Verdict.PASS, Verdict.FAIL), "fail"),
        ((Verdict.PASS, Verdict.NO_DATA), "inconclusive"),
        ((Verdict.NO_DATA, Verdict.NO_DATA), "no data"),
    ],
)
def test_each_look_counts_a_verdict_a_route(verdicts: Iterable[Verdict], whole: str) -> None:
    findings = tuple(replace(FINDING, verdict=each) for each in verdicts)
    other = replace(FINDING, routes=("bulk",))
    judged = events.Judged(PRODUCTION, TEN.weight, AnalysisResult(Verdict.PASS, (*findings, other), "no worse"))
    told = Recorded().hear(judged, judged)
    assert told.metrics("rollout.verdicts") == {(PRODUCTION, "score", whole): 2, (PRODUCTION, "bulk", "pass"): 2}


def test_no_event_gives_more_than_names_numbers_and_codes() -> None:
    told = Recorded().hear(*EVENTS, *EVENTS, PhaseEnded(PRODUCTION, "weight", "drift"))
    allowed: dict[str, Callable[[object], bool]] = {
        "rollout.environment": PRODUCTION.__eq__,
        "rollout.phase": {"weight", "rollback"}.__contains__,
        "rollout.stack": "routing".__eq__,
        "rollout.changes": lambda value: isinstance(value, int),
        "error.type": "drift".__eq__,
    }
    for span in told._spans.get_finished_spans():
        assert all(allowed[key](value) for key, value in (span.attributes or {}).items())
        assert not span.events
        assert not span.status.description
