"""Sources of metrics other than CloudWatch, which packages bring by an entry point of the group `rollout.metrics`.

An entry point's name is what `source` of `[analysis]` says; it is a function that makes a source for an environment.
https://packaging.python.org/en/latest/specifications/entry-points/
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import entry_points

from rollout.errors import AwsError, RolloutError, UsageError
from rollout.metrics import Point, Series
from rollout.model import Environment
from rollout.ports import Metrics

METRICS = "rollout.metrics"


def metrics_source(name: str, environment: Environment) -> Metrics:
    """A plugin's source of metrics.

    Args:
        name: The entry point's.
        environment: Whose metrics it reads.

    Raises:
        UsageError: There is no such plugin, there are several, or it can't be used.
    """
    found = list(entry_points(group=METRICS, name=name))
    if not found:
        known = ", ".join(("cloudwatch", *sorted(entry_points(group=METRICS).names)))
        raise _unusable(
            f"there is no metrics source {name!r}", f"install the package that brings it; here are: {known}"
        )
    if len({point.value for point in found}) > 1:
        brought = " and ".join(sorted(point.value for point in found))
        raise _unusable(f"the metrics source {name!r} is brought twice: by {brought}", "uninstall one of them")
    try:
        source = found[0].load()(environment)
    except RolloutError:
        raise
    except Exception as error:
        raise _unusable(f"the metrics source {name!r} can't be made: {_said(error)}", _look(found[0].value)) from error
    if not callable(getattr(source, "read", None)):
        raise _unusable(f"the metrics source {name!r} has no `read`", _look(found[0].value))
    return _Guarded(name, source)


@dataclass(frozen=True)
class _Guarded:
    """A plugin's source whose failures are known ones, and whose answers are whole."""

    name: str
    source: Metrics

    def read(self, series: Sequence[Series], start: datetime, end: datetime) -> Mapping[Series, tuple[Point, ...]]:
        """See `ports.Metrics`; whatever goes wrong is a lack of data for the time being, as CloudWatch's is."""
        try:
            answer = self.source.read(series, start, end)
            found = {asked: tuple(answer[asked]) for asked in series}
        except RolloutError:
            raise
        except KeyError as error:
            raise AwsError(f"the metrics source {self.name!r} left out {error}") from error
        except Exception as error:
            raise AwsError(f"the metrics source {self.name!r} failed: {_said(error)}") from error
        if not all(isinstance(point, Point) for points in found.values() for point in points):
            raise AwsError(f"the metrics source {self.name!r} gave something else than points")
        return found


def _unusable(what: str, then: str) -> UsageError:
    return UsageError(what, where="analysis.source", then=then)


def _look(module: str) -> str:
    return f"look at {module}, or take the line out for CloudWatch"


def _said(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"
