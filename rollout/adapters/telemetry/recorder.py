"""What becomes of each event: spans of phases, previews, gates and updates; metrics of shares and verdicts.

They have names, numbers and codes: no ARNs, no sentences, nothing of a file.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from opentelemetry.metrics import MeterProvider
from opentelemetry.trace import Span, StatusCode, TracerProvider, set_span_in_context

from rollout import __version__
from rollout.migration import events
from rollout.migration.emitter import PhaseEnded

if TYPE_CHECKING:
    from opentelemetry.context import Context

    from rollout.analysis.verdicts import AnalysisResult
    from rollout.inventory.quantities import Percent

ENVIRONMENT, PHASE, STACK, CHANGES = "rollout.environment", "rollout.phase", "rollout.stack", "rollout.changes"
ROUTE, VERDICT = "rollout.route", "rollout.verdict"
ERROR, EXIT_CODE = "error.type", "process.exit.code"
"""https://opentelemetry.io/docs/specs/semconv/cli/cli-spans/"""
_OF_PHASE = "phase "


class Recorder:
    """Records events by two providers; call it from one thread."""

    def __init__(self, traces: TracerProvider, metrics: MeterProvider) -> None:
        self._tracer, meter = traces.get_tracer("rollout", __version__), metrics.get_meter("rollout", __version__)
        self._share = meter.create_gauge("rollout.candidate.share", "1", "The candidate's share of a route's requests")
        self._verdicts = meter.create_counter("rollout.verdicts", "{verdict}", "The judge's verdicts on a route")
        self._command: Span | None = None
        self._open: dict[tuple[str, str], Span] = {}
        """By environment and name, in the order in which they began."""

    def begin_command(self, name: str, at: int, parent: Context) -> None:
        """Begin the span of a command, which all others are in."""
        self._command = self._tracer.start_span(name, parent, start_time=at)

    def end_command(self, error: BaseException | None, at: int) -> None:
        """End the span of the command, and those that are still open."""
        code = _code_of(error) if error else None
        exit_code = getattr(error, "exit_code", 1) if error else 0
        for span in (*reversed(self._open.values()), self._command):
            if span is self._command and span:
                span.set_attribute(EXIT_CODE, exit_code)
            if span:
                _end(span, at, code if exit_code else None)
        self._open.clear()

    def hear(self, event: events.Event | PhaseEnded, at: int) -> None:
        """Record an event, which was sent at a time in nanoseconds since 1970."""
        name = event.environment
        match event:
            case events.PreviewStarted(stack=stack):
                self._begin(name, f"preview {stack}", at, {STACK: stack})
            case events.StepPreviewed(preview=preview):
                self._end(name, f"preview {preview.stack}", at)
            case events.GateOpened():
                self._begin(name, "gate", at, {})
            case events.GateApproved():
                self._end(name, "gate", at)
            case events.StepStarted(stack=stack, changes=changes):
                self._begin(name, f"update {stack}", at, {STACK: stack, CHANGES: changes})
            case events.StepApplied(stack=stack):
                self._end(name, f"update {stack}", at)
            case events.PhaseStarted(phase=phase):
                self._begin(name, f"{_OF_PHASE}{phase}", at, {PHASE: phase})
            case PhaseEnded(phase=phase, code=code):
                self._end(name, f"{_OF_PHASE}{phase}", at, code)
            case _:
                self._measure(event)

    def _measure(self, event: events.Event) -> None:
        match event:
            case events.RuleVerified(route=route, split=split):
                self._set_share(event.environment, route, split.weight)
            case events.WeightSet(route=route, after=after):
                self._set_share(event.environment, route, after)
            case events.RouteRolledBack(route=route):
                self._share.set(0, {ENVIRONMENT: event.environment, ROUTE: route})
            case events.Judged(judgement=judgement):
                for route, verdict in verdicts(judgement).items():
                    self._verdicts.add(1, {ENVIRONMENT: event.environment, ROUTE: route, VERDICT: verdict})

    def _set_share(self, environment: str, route: str, weight: Percent) -> None:
        self._share.set(weight.tenths / 1000, {ENVIRONMENT: environment, ROUTE: route})

    def _begin(self, environment: str, name: str, at: int, attributes: Mapping[str, str | int]) -> None:
        """Begin a span: a phase's in the command's or the program's own, any other in the phase's."""
        self._end(environment, name, at)
        phases = (each for key, each in self._open.items() if key[0] == environment and key[1].startswith(_OF_PHASE))
        around = self._command if name.startswith(_OF_PHASE) else next(reversed([*phases]), self._command)
        context = set_span_in_context(around) if around else None  # else the sender's
        given = {ENVIRONMENT: environment, **attributes}
        self._open[environment, name] = self._tracer.start_span(name, context, attributes=given, start_time=at)

    def _end(self, environment: str, name: str, at: int, code: str | None = None) -> None:
        """End a span, and with a phase's all that are still open in it."""
        keys = [key for key in self._open if key[0] == environment]
        if (environment, name) not in keys:
            return
        begun = keys.index((environment, name))
        for key in reversed(keys[begun:] if name.startswith(_OF_PHASE) else keys[begun : begun + 1]):
            _end(self._open.pop(key), at, code)


def verdicts(result: AnalysisResult) -> dict[str, str]:
    """The verdict on each route, by the rule of the whole: Fail if one finding fails, Pass if all pass."""
    by_route: dict[str, set[str]] = {}
    for finding in result.findings:
        for route in finding.routes:
            by_route.setdefault(route, set()).add(finding.verdict.value)
    return {route: _together(found) for route, found in by_route.items()}


def _together(found: Iterable[str]) -> str:
    kinds = set(found)
    return "fail" if "fail" in kinds else kinds.pop() if len(kinds) == 1 else "inconclusive"


def _code_of(error: BaseException) -> str:
    """A code of rollout's, or the class of another error; a command ends by an exit that has the error as its cause."""
    cause = error.__context__ if hasattr(error, "exit_code") and error.__context__ else error
    return str(getattr(cause, "code", None) or type(cause).__name__)


def _end(span: Span, at: int, code: str | None) -> None:
    if code:
        span.set_attribute(ERROR, code)
        span.set_status(StatusCode.ERROR)
    span.end(at)
