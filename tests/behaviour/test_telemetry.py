"""OpenTelemetry from the library, by a program's providers, and from commands, by a server that gets OTLP over HTTP."""

from __future__ import annotations

import gzip
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from opentelemetry import trace
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from rollout.adapters import telemetry
from rollout.adapters.telemetry import providers
from rollout.errors import GateRefused
from tests.behaviour.team import InMemoryTeam
from tests.loopback import Answer, Asked, answering

SECRET = "an-api-key-of-a-vendor"
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


class Collector:
    """Gets OTLP; it answers only while it is open."""

    def __init__(self, status: int) -> None:
        self.status, self.url = status, ""
        self.traces, self.metrics, self.headers = ExportTraceServiceRequest(), ExportMetricsServiceRequest(), set[str]()
        self.open = threading.Event()
        self.open.set()

    def take(self, path: str, body: bytes) -> None:
        message: Any = self.traces if path == "/v1/traces" else self.metrics
        message.MergeFromString(body)

    @property
    def spans(self) -> dict[str, Any]:
        found = (
            each for resource in self.traces.resource_spans for scope in resource.scope_spans for each in scope.spans
        )
        return {span.name: span for span in found}

    def shares(self) -> dict[str, float]:
        return {
            attribute.value.string_value: point.as_double or point.as_int
            for resource in self.metrics.resource_metrics
            for scope in resource.scope_metrics
            for metric in scope.metrics
            if metric.name == "rollout.candidate.share"
            for point in metric.gauge.data_points
            for attribute in point.attributes
            if attribute.key == "rollout.route"
        }


@contextmanager
def collecting(status: int = 200) -> Iterator[Collector]:
    collector = Collector(status)

    def answer(asked: Asked) -> Answer:
        collector.open.wait()
        collector.headers.add(asked.headers.get("x-key", ""))
        is_gzipped = asked.headers.get("Content-Encoding") == "gzip"
        collector.take(asked.path, gzip.decompress(asked.body) if is_gzipped else asked.body)
        return collector.status, {}, b""

    with answering(answer) as collector.url:
        yield collector
        collector.open.set()


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine at work may be slow to export."""
    monkeypatch.setattr(telemetry, "PATIENCE", 60)


def attributes(span: Any) -> dict[str, Any]:
    return {each.key: each.value.string_value or each.value.int_value for each in span.attributes}


@pytest.fixture
def spans(monkeypatch: pytest.MonkeyPatch) -> InMemorySpanExporter:
    """A program with a tracer provider of its own."""
    found, provider = InMemorySpanExporter(), TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(found))
    monkeypatch.setattr(trace, "get_tracer_provider", lambda: provider)
    return found


def test_a_program_gets_spans_in_its_own(cut_over: InMemoryTeam, spans: InMemorySpanExporter) -> None:
    with trace.get_tracer_provider().get_tracer("program").start_as_current_span("nightly"):
        cut_over.open().set_weight(10, approve=True)
        cut_over.open().rollback()
    assert telemetry.flush(60)
    found = {span.name: span for span in spans.get_finished_spans()}
    assert {"phase weight", "preview routing", "gate", "update routing", "phase rollback"} <= found.keys()
    for name in ("phase weight", "phase rollback"):
        assert found[name].parent == found["nightly"].context
        assert found[name].status.is_unset


def test_a_preview_ends_at_its_gate(cut_over: InMemoryTeam, spans: InMemorySpanExporter) -> None:
    cut_over.open().preview("phase3")
    assert telemetry.flush(60)
    assert "phase phase3" in {span.name for span in spans.get_finished_spans() if span.status.is_unset}


def test_a_phase_that_fails_is_a_span_that_failed(cut_over: InMemoryTeam, spans: InMemorySpanExporter) -> None:
    with pytest.raises(GateRefused) as caught:
        cut_over.open().set_weight(10, approve=lambda _: False)
    assert telemetry.flush(60)
    found = {span.name: span for span in spans.get_finished_spans()}
    assert {name for name, span in found.items() if not span.status.is_unset} == {"gate", "phase weight"}
    assert (found["phase weight"].attributes or {})["error.type"] == caught.value.code


@pytest.mark.usefixtures("patient")
def test_a_command_exports_its_span_and_all_in_it(cut_over: InMemoryTeam) -> None:
    with collecting() as collector:
        variables = {
            "OTEL_EXPORTER_OTLP_ENDPOINT": collector.url,
            "OTEL_EXPORTER_OTLP_HEADERS": f"x-key={SECRET}",
            "OTEL_RESOURCE_ATTRIBUTES": "deployment.environment.name=ci",
            "TRACEPARENT": f"00-{TRACE}-00f067aa0ba902b7-01",
        }
        done = cut_over.run("weight", "production", "10", "--yes", **variables)
    assert done.returncode == 0, done.stderr
    found = collector.spans
    assert {span.trace_id.hex() for span in found.values()} == {TRACE}
    assert found["rollout weight"].parent_span_id.hex() == "00f067aa0ba902b7"
    assert found["phase weight"].parent_span_id == found["rollout weight"].span_id
    assert found["update routing"].parent_span_id == found["phase weight"].span_id
    assert [each.value.int_value for each in found["rollout weight"].attributes if each.key == "process.exit.code"] == [
        0
    ]
    resource = attributes(collector.traces.resource_spans[0].resource)
    assert (resource["service.name"], resource["deployment.environment.name"]) == ("rollout", "ci")
    assert set(collector.shares()) == set(cut_over.inventory.routes)
    assert set(collector.shares().values()) == {0.1}
    assert collector.headers == {SECRET}
    assert cut_over.account not in f"{collector.traces} {collector.metrics}"


@pytest.mark.usefixtures("patient")
def test_a_command_that_fails_has_its_code_and_exit_code(cut_over: InMemoryTeam) -> None:
    with collecting() as collector:
        done = cut_over.run("weight", "production", "10", OTEL_EXPORTER_OTLP_ENDPOINT=collector.url)
    (span,) = (span for name, span in collector.spans.items() if name == "rollout weight")
    assert attributes(span)["error.type"] == attributes(collector.spans["phase weight"])["error.type"]
    assert attributes(span)["process.exit.code"] == done.returncode != 0


@pytest.mark.usefixtures("patient")
def test_a_command_of_a_group_has_both_names(cut_over: InMemoryTeam) -> None:
    with collecting() as collector:
        cut_over.run("guard", "status", "production", OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=f"{collector.url}/v1/traces")
    assert set(collector.spans) == {"rollout guard status"}
    assert not collector.metrics.resource_metrics


def test_an_exporter_that_hangs_keeps_no_command(cut_over: InMemoryTeam, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(telemetry, "PATIENCE", 0.1)
    with collecting() as collector:
        collector.open.clear()
        for command in (("weight", "production", "10", "--yes"), ("rollback", "production")):
            done = cut_over.run(*command, OTEL_EXPORTER_OTLP_ENDPOINT=collector.url)
            assert (done.returncode, done.stderr) == (0, "")
        assert not collector.spans
    assert telemetry.flush(60)


def test_a_rollback_moves_traffic_before_anything_is_made_ready(
    cut_over: InMemoryTeam, monkeypatch: pytest.MonkeyPatch
) -> None:
    cut_over.open().set_weight(10, approve=True)
    before, moved = len(cut_over.calls("ModifyRule")), list[int]()

    def ready(**_: object) -> providers.Providers:
        moved.append(len(cut_over.calls("ModifyRule")) - before)
        raise ValueError("not today")

    monkeypatch.setattr(providers, "providers", ready)
    assert cut_over.run("rollback", "production", OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:1").returncode == 0
    assert telemetry.flush(60)
    assert moved == [len(cut_over.inventory.routes)]


@pytest.mark.usefixtures("patient")
@pytest.mark.parametrize("status", [401, 503])
def test_what_an_exporter_says_is_in_the_log_alone_and_without_keys(
    cut_over: InMemoryTeam, status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "1")
    with collecting(status) as collector:
        variables = {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.url, "OTEL_EXPORTER_OTLP_HEADERS": f"x-key={SECRET}"}
        quiet = cut_over.run("status", "production", **variables)
        loud = cut_over.run("-v", "status", "production", **variables)
    assert (quiet.returncode, quiet.stderr) == (0, "")
    assert loud.returncode == 0
    assert "rollout.telemetry" in loud.stderr
    assert SECRET not in loud.stderr


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({"OTEL_EXPORTER_OTLP_PROTOCOL": "http/json"}, "http/json"),
        ({"OTEL_METRICS_EXPORTER": "none", "OTEL_TRACES_EXPORTER": "none"}, ""),
        ({"OTEL_SDK_DISABLED": "true"}, ""),
        ({}, 'pip install ".[otel]"'),
    ],
)
@pytest.mark.usefixtures("patient")
def test_what_cannot_be_exported_is_in_the_log_alone(
    cut_over: InMemoryTeam, variables: dict[str, str], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.otlp.proto.http.trace_exporter", None)
    given = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1", **variables}
    quiet = cut_over.run("status", "production", **given)
    assert (quiet.returncode, quiet.stderr) == (0, "")
    loud = cut_over.run("-v", "status", "production", **given)
    assert loud.returncode == 0
    assert ("rollout.telemetry" in loud.stderr) is bool(said)
    assert said in loud.stderr
