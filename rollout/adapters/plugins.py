"""What other packages provide by entry points: metrics from other sources than CloudWatch, and notification channels.

stacks.toml names the entry point: `source` in `[analysis]`, `plugin` in `[notifications.NAME]`.
https://packaging.python.org/en/latest/specifications/entry-points/
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import entry_points
from typing import Any

from rollout.analysis.metrics import Point, Series
from rollout.analysis.ports import Metrics
from rollout.errors import AwsError, RolloutError, UsageError
from rollout.inventory.model import Environment

METRICS, NOTIFIERS = "rollout.metrics", "rollout.notifiers"

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
        try:
            answer = self.source.read(series, start, end)
            found = {asked: tuple(answer[asked]) for asked in series}
        except RolloutError:
            raise
        except KeyError as error:
            raise AwsError(
                f"the metrics source {self.name!r} left out {error}", code="metrics-source-failed"
            ) from error
        except Exception as error:
            raise AwsError(
                f"the metrics source {self.name!r} failed: {_cause_text(error)}", code="metrics-source-failed"
            ) from error
        if not all(isinstance(point, Point) for points in found.values() for point in points):
            raise AwsError(
                f"the metrics source {self.name!r} returned something other than points", code="metrics-source-failed"
            )
        return found


def _cause_text(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"
