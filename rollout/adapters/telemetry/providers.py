"""The providers of the command line: OpenTelemetry's SDK and its OTLP exporters, by the standard variables.

https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/
https://opentelemetry.io/docs/specs/otel/protocol/exporter/
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from opentelemetry import metrics, trace
from opentelemetry.context import Context
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from rollout import __version__
from rollout.base.log import note
from rollout.base.packages import how_to_install

_LOG = logging.getLogger("rollout.telemetry")
_MODULES = {"http/protobuf": "http", "grpc": "grpc"}


@dataclass(frozen=True, slots=True)
class Providers:
    """Where spans and metrics go.

    Attributes:
        flush: Exports what isn't exported yet; may take long.
    """

    traces: trace.TracerProvider
    metrics: metrics.MeterProvider
    flush: Callable[[], object]


def providers(*, is_instrumented: bool = False) -> Providers:
    """The providers: those of `opentelemetry-instrument`, if it started the command; else new ones.

    They register no exit handlers, which would wait for an exporter.

    Args:
        is_instrumented: Whether somebody used OpenTelemetry before the command.

    Raises:
        ModuleNotFoundError: The extra isn't installed.
        Exception: A variable has a value that the SDK doesn't take.
    """
    _log_quietly()
    if is_instrumented and not isinstance(present := trace.get_tracer_provider(), trace.ProxyTracerProvider):
        return Providers(present, metrics.get_meter_provider(), getattr(present, "force_flush", bool))
    resource = _resource()
    traces = TracerProvider(resource=resource, shutdown_on_exit=False)
    if spans := _exporter("TRACES", "trace_exporter", "OTLPSpanExporter"):
        traces.add_span_processor(BatchSpanProcessor(spans))
    numbers = _exporter("METRICS", "metric_exporter", "OTLPMetricExporter")
    readers = [PeriodicExportingMetricReader(numbers)] if numbers else []
    measured = MeterProvider(readers, resource, shutdown_on_exit=False)
    return Providers(traces, measured, lambda: (traces.force_flush(), measured.force_flush()))


def parent() -> Context:
    """The span of the CI job or script that started the command, by the variable TRACEPARENT.

    https://opentelemetry.io/docs/specs/otel/context/env-carriers/
    """
    names = ("traceparent", "tracestate")
    carrier = {name: os.environ[name.upper()] for name in names if name.upper() in os.environ}
    return TraceContextTextMapPropagator().extract(carrier, Context())


def _resource() -> Resource:
    found = Resource.create({"service.version": __version__})
    is_named = not str(found.attributes["service.name"]).startswith("unknown_service")
    return found if is_named else found.merge(Resource({"service.name": "rollout"}))


def _exporter(signal: str, module: str, name: str) -> Any:
    """The exporter of a signal; None if the variables ask for none, or for another one."""
    variables = os.environ
    endpoint = variables.get(f"OTEL_EXPORTER_OTLP_{signal}_ENDPOINT") or variables.get("OTEL_EXPORTER_OTLP_ENDPOINT")
    if not endpoint or variables.get(f"OTEL_{signal}_EXPORTER", "otlp") != "otlp":
        return None
    protocols = (variables.get(f"OTEL_EXPORTER_OTLP_{each}PROTOCOL") for each in (f"{signal}_", ""))
    protocol = next(filter(None, protocols), "http/protobuf")
    if protocol not in _MODULES:
        raise ValueError(f"OTEL_EXPORTER_OTLP_PROTOCOL is {protocol!r}; known: {', '.join(_MODULES)}")
    try:
        return getattr(import_module(f"opentelemetry.exporter.otlp.proto.{_MODULES[protocol]}.{module}"), name)()
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(f"there is no {error.name}: {how_to_install('otel')}") from None


class _Noted(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        """Write a line of the SDK's into rollout's log, without what was raised: it may be long."""
        note(_LOG, "%s", record.getMessage())


def _log_quietly() -> None:
    """The SDK logs each failed export, which Python would print: instead `rollout -v` shows it."""
    logger = logging.getLogger("opentelemetry")
    if not any(isinstance(each, _Noted) for each in logger.handlers):
        logger.addHandler(_Noted())
