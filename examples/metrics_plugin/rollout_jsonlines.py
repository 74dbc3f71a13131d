"""A source of metrics for rollout: a file with a JSON object a line, as another monitoring system might export it.

    {"name": "RequestCount", "of": "targetgroup/new/1", "statistic": "Sum", "time": "2026-01-05T09:00:00Z", "value": 84}

`of` is CloudWatch's dimension of the target group, load balancer or function. The file is `metrics.jsonl` beside
stacks.toml.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from rollout import Environment
from rollout.analysis.metrics import Point, Series


@dataclass(frozen=True)
class JsonLines:
    """Reads the file anew each time, as it grows."""

    file: Path

    def read(self, series: Sequence[Series], start: datetime, end: datetime) -> Mapping[Series, tuple[Point, ...]]:
        """The points of each series from `start` to before `end`."""
        found: dict[tuple[str, str, str], list[Point]] = {}
        for line in self.file.read_text("utf-8").splitlines():
            said = json.loads(line)
            time = datetime.fromisoformat(said["time"])
            if start <= time < end:
                key = said["name"], said["of"], said["statistic"]
                found.setdefault(key, []).append(Point(time, float(said["value"])))
        return {each: tuple(found.get((each.name, each.dimensions[-1][1], each.statistic), ())) for each in series}


def source(environment: Environment) -> JsonLines:
    """What the entry point names."""
    return JsonLines(environment.root / "metrics.jsonl")
