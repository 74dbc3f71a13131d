"""The charts of a time series, with lines, marks and a sentence each for screen readers. Pure."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from rollout.base.formatting import count_of
from rollout.base.printable import printable
from rollout.inventory.ramp_settings import MetricName
from rollout.reports.bounds import JUDGED, bound
from rollout.reports.changes import Effect, effect_of, weights_of
from rollout.reports.charts import Chart, ChartMark, Line, svg
from rollout.reports.overview import Overview
from rollout.reports.scales import ticks
from rollout.reports.timeseries import RUNGS, Bucket, Estimate, TimeSeries
from rollout.reports.words import count, per_cent, per_cent_tick, rung, seconds, seconds_tick
from rollout.state.history.words import in_a_line

LATENCIES: Mapping[str, MetricName] = {"p50": "latency-p50", "p99": "latency-p99"}
Times = tuple[float | None, ...]
_AT_AXIS = (0.5, 0.7, 0.95, 0.98, 0.99, 0.998)
"""The ranks that are named at an axis; the others are too near."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """A chart as a page has it.

    Attributes:
        data: Its numbers, as `charts.js` takes them.
    """

    id: str
    title: str
    svg: str
    data: str


def drawn(overview: Overview, course: TimeSeries, prefix: str) -> tuple[Drawn, ...]:
    """The charts of a course: shares, server errors, p50, p99.

    Args:
        overview: What it is of; its history gives the marks and weights.
        prefix: What the charts' ids begin with, its own on the page.
    """
    start, end = course.times[0], course.times[-1] + course.period
    marks = _marks(overview)

    def both(metric: MetricName) -> tuple[Line, ...]:
        held = [bound(metric, each, overview.analysis) for each in course.legacy]
        sides = [[*map(JUDGED[metric], buckets)] for buckets in (course.legacy, course.candidate)]
        lines = zip(("legacy", "candidate", "harm"), (*sides, held), strict=True)
        return tuple(
            Line(name, tuple(zip(course.times, each, strict=True)))
            for name, each in lines
            if name != "harm" or any(each)
        )

    old, new = course.totals
    share = Line("candidate", tuple(zip(course.times, course.shares, strict=True)))
    charts = (
        Chart(
            id=f"{prefix}-share",
            title="Candidate's share of requests",
            summary=f"Legacy had {count_of(old.requests, 'request')} and the candidate {count(new.requests)}.",
            lines=(share, weights(overview, course.routes, start)),
            written=per_cent_tick,
            least=0.05,
            most=1.0,
        ),
        Chart(
            id=f"{prefix}-errors",
            title="Server errors (5xx)",
            summary=f"Legacy {per_cent(old.errors)}, candidate {per_cent(new.errors)}.",
            lines=both("server-errors"),
            written=per_cent_tick,
            least=0.005,
            most=1.0,
        ),
        *(
            Chart(
                id=f"{prefix}-{quantile}",
                title=f"Response time, {quantile}",
                summary=f"Legacy {seconds(JUDGED[metric](old))}, candidate {seconds(JUDGED[metric](new))} on average.",
                lines=both(metric),
                written=seconds_tick,
                least=0.001,
            )
            for quantile, metric in LATENCIES.items()
        ),
    )
    return tuple(Drawn(each.id, each.title, svg(each, marks, start, end), numbers(each)) for each in charts)


def axis(overview: Overview, course: TimeSeries) -> str:
    """What a course's charts have in common, as `charts.js` takes it: the times, and the marks."""
    start, end = course.times[0], course.times[-1] + course.period
    marks = [
        (int(each.at.timestamp()), each.number, each.effect, printable(each.title))
        for each in _marks(overview)
        if start <= each.at <= end
    ]
    times = [int(each.timestamp()) for each in course.times]
    return _json({"x": times, "from": times[0], "to": int(end.timestamp()), "marks": marks})


def numbers(chart: Chart) -> str:
    """A chart's lines, as `charts.js` takes them."""
    unit = "s" if chart.written is seconds_tick else "%"
    return _json({"title": chart.title, "unit": unit, "top": chart.scale[-1], "lines": [*map(_line, chart.lines)]})


def _line(line: Line) -> dict[str, object]:
    found: dict[str, object] = {"name": line.name, "value": [each and _short(each.value) for _, each in line.points]}
    if line.is_stepped:
        return found | {"x": [int(at.timestamp()) for at, _ in line.points]}
    low, high = zip(*(_ends(each) for _, each in line.points), strict=True)
    return found | {"low": low, "high": high}


def _ends(estimate: Estimate | None) -> tuple[float | None, float | None]:
    """An interval's ends; one that isn't known is at the number, as in the drawing."""
    if estimate is None or (estimate.low is None and estimate.high is None):
        return None, None
    low, high = (estimate.value if each is None else each for each in (estimate.low, estimate.high))
    return _short(low), _short(high)


def _short(number: float) -> float:
    return float(f"{number:.4g}")


def _json(data: object) -> str:
    return json.dumps(data, separators=(",", ":"))


def ranks(old: Times, new: Times) -> tuple[str, str]:
    """Response times at `RUNGS`, as `charts.js` takes them: the axis, and the chart.

    An axis of -log10(1 - rank) gives p50, p90, p99 the room that they have in a tail; the longest has no place on it.
    """
    places = {each: round(-math.log10(1 - each), 4) for each in RUNGS if each < 1}
    x, names = [*places.values()], [*map(rung, places)]
    sides = {name: (times or (None,) * len(RUNGS))[: len(x)] for name, times in (("legacy", old), ("candidate", new))}
    lines = [{"name": name, "value": [each and _short(each) for each in times]} for name, times in sides.items()]
    top = ticks(max((each for times in sides.values() for each in times if each), default=0.001))[-1]
    shared = {
        "x": x,
        "from": x[0],
        "to": x[-1],
        "marks": [],
        "ranks": names,
        "ticks": [places[each] for each in _AT_AXIS],
    }
    return _json(shared), _json({"title": "Response times by percentile", "unit": "s", "top": top, "lines": lines})


def _marks(overview: Overview) -> tuple[ChartMark, ...]:
    return tuple(
        ChartMark(each.at, each.number, effect, in_a_line(each))
        for each in overview.history
        if (effect := effect_of(each)) is not Effect.WORD
    )


def weights(overview: Overview, routes: Sequence[str], start: datetime) -> Line:
    """The weights of routes from a time on, as far as history knows them, and the live one since the last change."""
    known = [
        (at, None if weight is None else Estimate(weight.share))
        for at, weight in weights_of(overview.history, routes)
        if at <= overview.at
    ]
    now = overview.weights_of(routes)
    live = Estimate(now[0].share) if len(now) == 1 else None
    if known and known[-1][1] is None:
        known[-1] = (known[-1][0], live)
    before = [each for each in known if each[0] < start][-1:]
    points = [(start, each) for _, each in before] + [each for each in known if each[0] >= start]
    if live is not None:
        points.append((overview.at, live))
    return Line("weight", tuple(points), is_stepped=True)


def rows(
    course: TimeSeries, overview: Overview
) -> Iterator[tuple[datetime, Estimate | None, Bucket, Bucket, list[Estimate | None]]]:
    """A course as a table, the latest first, without the periods that had no request; with the bounds of `JUDGED`."""
    whole = zip(course.times, course.shares, course.legacy, course.candidate, strict=True)
    for time, share, old, new in reversed(list(whole)):
        if old.requests or new.requests:
            yield time, share, old, new, [bound(metric, old, overview.analysis) for metric in JUDGED]
