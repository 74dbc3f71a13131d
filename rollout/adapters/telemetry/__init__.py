"""Spans and metrics of what events tell, by OpenTelemetry; docs/telemetry.md has their names.

In a program with providers of its own they go to those. The command line makes providers, if an endpoint is set and the
extra is installed.

The thread that sends an event only queues it. Another does the rest, with the event's time and its sender's context.
So neither an exporter that hangs nor an import delays a change of traffic.

- `recorder`: what becomes of each event;
- `providers`: those of the command line.
"""

from __future__ import annotations

import atexit
import logging
import os
import re
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from threading import Lock
from typing import TYPE_CHECKING, Any

from rollout.base.log import note
from rollout.base.threads import DaemonPool
from rollout.errors.redaction import hide

if TYPE_CHECKING:
    from rollout.adapters.telemetry.providers import Providers
    from rollout.adapters.telemetry.recorder import Recorder
    from rollout.migration.emitter import PhaseEnded
    from rollout.migration.events import Event

PATIENCE = 1.5
"""How many seconds a command waits at its end for the export."""
_MOVING = frozenset(
    {"PhaseStarted", "RouteRolledBack", "RouteNotRolledBack", "RollbackWaiting", "LockCleared", "Warned"}
)
"""What a rollback tells while it moves traffic: until then nothing takes time from it."""
_LOG = logging.getLogger("rollout.telemetry")
_thread = DaemonPool(1, "telemetry")
_command: Command | None = None
_recorders: dict[object, Recorder] = {}
"""By the tracer provider of the program: there is one."""


def hear(event: Event | PhaseEnded) -> None:
    """Queue an event, where this process uses OpenTelemetry; almost free where it doesn't."""
    if _command:
        _command.hear(event, time.time_ns())
    elif "opentelemetry.trace" in sys.modules:  # which Pulumi's SDK imports, too
        _thread.submit(_hear, event, time.time_ns())


def flush(seconds: float = 1.0) -> bool:
    """Wait for all events so far, at most this many seconds; return whether they are recorded."""
    return DaemonPool.wait([_thread.submit(int)], seconds)


def is_wanted() -> bool:
    """Whether the standard variables ask the command line for spans or metrics."""
    off = os.environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true"
    return not off and any(os.environ.get(f"OTEL_EXPORTER_OTLP_{each}ENDPOINT") for each in ("", "TRACES_", "METRICS_"))


@contextmanager
def recorded(name: str) -> Iterator[None]:
    """Record a command, and export that at its end.

    Args:
        name: The command's, such as `rollout weight`.
    """
    global _command  # noqa: PLW0603 - a process runs one command at a time
    _hide_headers()
    command = _command = Command(name)
    try:
        yield
    except BaseException as error:
        command.end(error)
        raise
    else:
        command.end(None)
    finally:
        _command = None


class Command:
    """A command of the command line.

    Args:
        name: Its name.
    """

    def __init__(self, name: str) -> None:
        self._providers: Providers | None = None
        self._recorder: Recorder | None = None
        self._lock = Lock()
        self._held: list[Callable[[], object]] | None = [] if name == "rollout rollback" else None
        # later Pulumi's SDK may set a provider, which exports nothing
        self._do(self._begin, name, time.time_ns(), "opentelemetry.trace" in sys.modules)

    def hear(self, event: Event | PhaseEnded, at: int) -> None:
        """Queue an event."""
        self._do(self._hear, event, at)
        if type(event).__name__ not in _MOVING:
            self._release()

    def end(self, error: BaseException | None) -> None:
        """End the command's span, and wait a while until all is exported."""
        self._release()
        if not DaemonPool.wait([_thread.submit(self._end, error, time.time_ns())], PATIENCE):
            note(_LOG, "not all spans and metrics were exported within %s s", PATIENCE)

    def _do(self, call: Callable[..., None], *given: Any) -> None:
        with self._lock:
            if self._held is None:
                _thread.submit(call, *given)
            else:
                self._held.append(partial(_thread.submit, call, *given))

    def _release(self) -> None:
        with self._lock:
            for submit in self._held or ():
                submit()
            self._held = None

    def _begin(self, name: str, at: int, is_instrumented: bool) -> None:
        from rollout.adapters.telemetry.providers import parent, providers  # noqa: PLC0415 - see above
        from rollout.adapters.telemetry.recorder import Recorder  # noqa: PLC0415 - as above

        try:
            self._providers = providers(is_instrumented=is_instrumented)
        except Exception as error:  # noqa: BLE001 - such as a variable that an exporter doesn't take
            note(_LOG, "no spans or metrics are exported: %s: %s", type(error).__name__, error)
            return
        self._recorder = Recorder(self._providers.traces, self._providers.metrics)
        self._recorder.begin_command(name, at, parent())

    def _hear(self, event: Event | PhaseEnded, at: int) -> None:
        if self._recorder:
            self._recorder.hear(event, at)

    def _end(self, error: BaseException | None, at: int) -> None:
        if self._recorder and self._providers:
            self._recorder.end_command(error, at)
            self._providers.flush()


def _hear(event: Event | PhaseEnded, at: int) -> None:
    """Record an event by the providers of the program, if it has some."""
    from opentelemetry import trace  # noqa: PLC0415 - the program has imported it

    provider = trace.get_tracer_provider()
    if isinstance(provider, trace.ProxyTracerProvider):
        return
    if provider not in _recorders:
        from opentelemetry import metrics  # noqa: PLC0415 - as above

        from rollout.adapters.telemetry.recorder import Recorder  # noqa: PLC0415 - as above

        atexit.register(flush)  # runs before the provider's own, which ends it
        _recorders[provider] = Recorder(provider, metrics.get_meter_provider())
    _recorders[provider].hear(event, at)


def _hide_headers() -> None:
    """An exporter's headers have keys, which an error of it may quote."""
    for name, value in os.environ.items():
        if re.fullmatch("OTEL_EXPORTER_OTLP_(TRACES_|METRICS_)?HEADERS", name):
            hide(value, *(header.partition("=")[2].strip() for header in value.split(",")))
