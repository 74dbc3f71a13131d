"""What other packages provide by entry points: metrics from other sources than CloudWatch, and notification channels.

stacks.toml names the entry point: `source` in `[analysis]`, `plugin` in `[notifications.NAME]`.
https://packaging.python.org/en/latest/specifications/entry-points/
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import entry_points
from itertools import chain
from typing import Any, TypeVar

from rollout.analysis.metrics import Point, Series
from rollout.analysis.ports import BucketedMetrics, CheckedMetrics, Metrics
from rollout.errors import AwsError, RolloutError, UsageError
from rollout.inventory.model import Environment

METRICS, NOTIFIERS = "rollout.metrics", "rollout.notifiers"
_T = TypeVar("_T")

Tell = Callable[[Mapping[str, Any]], object]
"""Sends a notice, the JSON of docs/notifications.md; raises an exception if it fails."""


def metrics_source(name: str, environment: Environment) -> Metrics:
    """A plugin's source of metrics.

    Args:
        name: The entry point's name.

    Raises:
        UsageError: There is no such plugin, there are several, or it can't be used.
    """
    plugin = _Plugin(METRICS, name, "metrics source", "analysis.source", built_in=("cloudwatch",))
    source = plugin.made(environment)
    if not callable(getattr(source, "read", None)):
        raise plugin.unusable("has no method `read`")
    return _Guarded(name, source)


def notifier(name: str, environment: Environment, options: Mapping[str, object]) -> Tell:
    """A plugin's notification channel.

    Args:
        name: The entry point's name.

    Raises:
        UsageError: There is no such plugin, there are several, or it can't be used.
    """
    plugin = _Plugin(NOTIFIERS, name, "notifier", "notifications")
    tell = plugin.made(environment, options)
    if not callable(tell):
        raise plugin.unusable("returns an object that is not callable")
    return tell  # type: ignore[no-any-return]


@dataclass(frozen=True)
class _Plugin:
    """An entry point, which may be missing or unusable.

    Attributes:
        kind: What it provides, for messages.
        where: The key that names it.
        built_in: Names that need no plugin.
    """

    group: str
    name: str
    kind: str
    where: str
    built_in: tuple[str, ...] = ()

    def made(self, *given: object) -> Any:
        """The result of the entry point's function."""
        found = list(entry_points(group=self.group, name=self.name))
        if not found:
            here = ", ".join((*self.built_in, *sorted(entry_points(group=self.group).names))) or "none"
            raise UsageError(
                f"there is no {self.kind} {self.name!r}",
                where=self.where,
                hint=f"install the package that provides it; available here: {here}",
                code="plugin-missing",
            )
        if len({point.value for point in found}) > 1:
            raise self.unusable(f"is provided twice: by {' and '.join(sorted(point.value for point in found))}")
        try:
            return found[0].load()(*given)
        except RolloutError:
            raise
        except Exception as error:
            raise self.unusable(f"can't be created: {_cause_text(error)}") from error

    def unusable(self, why: str) -> UsageError:
        """The error that it can't be used."""
        hint = f"fix or replace the package that provides it, or remove it from `{self.where}`"
        return UsageError(f"the {self.kind} {self.name!r} {why}", where=self.where, hint=hint, code="plugin-unusable")


@dataclass(frozen=True)
class _Guarded:
    """A plugin's source, with checked answers and its failures as errors of rollout."""

    name: str
    source: Metrics

    def read(self, series: Sequence[Series], start: datetime, end: datetime) -> Mapping[Series, tuple[Point, ...]]:
        """See `analysis.ports.Metrics`. A failure counts as missing data for the time being, as with CloudWatch."""
        answer = self._called(lambda: self.source.read(series, start, end))
        if left_out := [each for each in series if each not in answer]:
            raise self._failed(f"left out {left_out[0]}")
        found = {asked: tuple(answer[asked]) for asked in series}
        for point in chain.from_iterable(found.values()):
            if not isinstance(point, Point):
                raise self._failed("returned something other than points")
            if not (point.is_gap or 0 <= point.value < math.inf):
                raise self._failed(f"returned {point.value:g}; allowed: 0 or more, and a gap")
        return found

    def unanswered(self, series: Sequence[Series], start: datetime, end: datetime) -> Mapping[Series, str | None]:
        """See `analysis.ports.CheckedMetrics`; a source that doesn't know its queries is read."""
        source = self.source
        if isinstance(source, CheckedMetrics):
            return self._called(lambda: source.unanswered(series, start, end))
        found = self.read(series, start, end)
        nothing = f"the source {self.name}"
        return {each: nothing for each, points in found.items() if all(point.is_gap for point in points)}

    def bounds(self, series: Series) -> tuple[float, ...]:
        """See `analysis.ports.BucketedMetrics`; empty if the source counts at any value."""
        source = self.source
        return self._called(lambda: source.bounds(series)) if isinstance(source, BucketedMetrics) else ()

    def _called(self, call: Callable[[], _T]) -> _T:
        try:
            return call()
        except RolloutError:
            raise
        except Exception as error:
            raise self._failed(f"failed: {_cause_text(error)}") from error

    def _failed(self, why: str) -> AwsError:
        return AwsError(f"the metrics source {self.name!r} {why}", code="metrics-source-failed")


def _cause_text(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"
