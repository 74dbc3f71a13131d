"""Charts of legacy and the candidate, as SVG without scripts, fonts or external resources. Pure.

Colours come from the page's style, by class, so that a chart follows its reader's light or dark. What differs in colour
differs in dashes, too. docs/decisions/0016 says why no plotting library draws them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape

from rollout.base.printable import printable
from rollout.reports.changes import Effect
from rollout.reports.scales import Axis, ticks, time_labels, time_ticks
from rollout.reports.timeseries import Estimate

WIDTH, HEIGHT = 440, 200
LEFT, RIGHT, TOP, BOTTOM = 54, 10, 16, 22
_NEAR = 14
"""Two marks nearer than this share a badge's place, and the second has none."""


@dataclass(frozen=True, slots=True)
class Line:
    """One implementation's numbers, or the weights that were set.

    Attributes:
        name: `legacy`, `candidate` or `weight`, which is its class, too.
        points: A time and its number; None breaks the line.
        is_stepped: Whether a number holds until the next.
    """

    name: str
    points: tuple[tuple[datetime, Estimate | None], ...]
    is_stepped: bool = False


@dataclass(frozen=True, slots=True)
class ChartMark:
    """A change.

    Attributes:
        number: Its number in history.
        title: Its description.
    """

    at: datetime
    number: int
    effect: Effect
    title: str


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart before it is drawn.

    Attributes:
        id: A name that is its own on the page.
        title: What it shows.
        summary: The same in a sentence with numbers, for those who don't see it.
        lines: What is drawn; the last is on top.
        written: How a number stands at the axis.
        least: The least that the axis goes up to, above 0.
        most: The most that it can go up to.
    """

    id: str
    title: str
    summary: str
    lines: tuple[Line, ...]
    written: Callable[[float], str]
    least: float
    most: float = float("inf")

    @property
    def scale(self) -> tuple[float, ...]:
        """The numbers at its axis."""
        known = [each for line in self.lines for _, each in line.points if each is not None]
        highest = max((min(each.high or each.value, 2 * each.value + self.least) for each in known), default=0.0)
        return ticks(min(max(highest, self.least), self.most))


def svg(chart: Chart, marks: Sequence[ChartMark], start: datetime, end: datetime) -> str:
    """A chart as an SVG element.

    Args:
        marks: What happened, the oldest first; what is outside the chart isn't drawn.
        start: Its left end.
        end: Its right end, after `start`.
    """
    scale = chart.scale
    across = Axis(0, (end - start).total_seconds(), LEFT, WIDTH - RIGHT)
    up = Axis(0, scale[-1], HEIGHT - BOTTOM, TOP)

    def place(time: datetime) -> float:
        return across.at((time - start).total_seconds())

    parts = [
        f'<svg class="chart" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-labelledby="{chart.id}-t {chart.id}-d">',
        f'<title id="{chart.id}-t">{_escaped(chart.title)}</title>',
        f'<desc id="{chart.id}-d">{_escaped(chart.summary)}</desc>',
        *(_level(up.at(each), chart.written(each)) for each in scale),
        *_times(start, end, place),
        *(_band(line, place, up) for line in chart.lines),
        *(_stroke(line, place, up) for line in chart.lines),
        *_marks([each for each in marks if start <= each.at <= end], place),
    ]
    if not any(each for line in chart.lines for _, each in line.points):
        middle = (LEFT + WIDTH - RIGHT) / 2
        parts.append(f'<text class="nothing" x="{middle:.0f}" y="{HEIGHT / 2:.0f}">no requests</text>')
    return "".join((*parts, "</svg>"))


def _escaped(text: str) -> str:
    return escape(printable(text))


def _level(y: float, label: str) -> str:
    line = f'<path class="grid" d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}"/>'
    return f'{line}<text class="y" x="{LEFT - 5}" y="{y + 3.5:.1f}">{_escaped(label)}</text>'


def _times(start: datetime, end: datetime, place: Callable[[datetime], float]) -> Iterator[str]:
    times = time_ticks(start, end)
    for time, label in zip(times, time_labels(times), strict=True):
        x = min(max(place(time), LEFT + 8), WIDTH - RIGHT - 14)
        yield f'<text class="x" x="{x:.1f}" y="{HEIGHT - 6}">{label}</text>'


def _runs(line: Line) -> Iterator[list[tuple[datetime, Estimate]]]:
    """The points between two breaks."""
    run: list[tuple[datetime, Estimate]] = []
    for time, estimate in line.points:
        if estimate is not None:
            run.append((time, estimate))
        elif run:
            yield run
            run = []
    if run:
        yield run


def _stroke(line: Line, place: Callable[[datetime], float], up: Axis) -> str:
    path, dots = "", ""
    for run in _runs(line):
        corners = _corners([(place(time), up.at(each.value)) for time, each in run], is_stepped=line.is_stepped)
        if len(corners) > 1:
            path += _path(corners)
        else:
            dots += f'<circle class="{line.name}" cx="{corners[0][0]:.1f}" cy="{corners[0][1]:.1f}" r="2"/>'
    return (f'<path class="line {line.name}" d="{path}"/>' if path else "") + dots


def _band(line: Line, place: Callable[[datetime], float], up: Axis) -> str:
    """The interval; where an end isn't known it stops at the line, and where neither is there is none."""
    path = ""
    for run in _runs(line):
        known: list[tuple[float, float, float]] = []
        for time, each in [*run, (run[-1][0], Estimate(0))]:
            if each.low is not None or each.high is not None:
                low, high = (each.value if end is None else end for end in (each.low, each.high))
                known.append((place(time), up.at(low), up.at(high)))
            elif known:
                path += _outline(known)
                known = []
    return f'<path class="band {line.name}" d="{path}"/>' if path else ""


def _outline(known: Sequence[tuple[float, float, float]]) -> str:
    if len(known) == 1:  # a lone point's interval is a bar
        x, low, high = known[0]
        known = [(x - 1.5, low, high), (x + 1.5, low, high)]
    return _path([*((x, high) for x, _, high in known), *((x, low) for x, low, _ in reversed(known))]) + "Z"


def _corners(places: Sequence[tuple[float, float]], *, is_stepped: bool) -> list[tuple[float, float]]:
    if not is_stepped:
        return list(places)
    found = list(places[:1])
    for x, y in places[1:]:
        found += [(x, found[-1][1]), (x, y)]
    return found


def _path(corners: Sequence[tuple[float, float]]) -> str:
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in corners)


def _marks(marks: Sequence[ChartMark], place: Callable[[datetime], float]) -> Iterator[str]:
    last = float("-inf")
    for mark in marks:
        x = place(mark.at)
        badge = ""
        if x - last >= _NEAR:
            badge, last = f'<text class="mark" x="{x:.1f}" y="{TOP - 5}">{mark.number}</text>', x
        yield (
            f'<g class="mark {mark.effect}"><title>{_escaped(f"{mark.number}: {mark.title}")}</title>'
            f'<path d="M{x:.1f} {TOP - 2}V{HEIGHT - BOTTOM}"/>{badge}</g>'
        )
