"""What `rollout status --watch` draws: an environment at a glance, then its routes, as the terminal has room."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from rich.console import Console, ConsoleOptions, Group, JustifyMethod, RenderableType, RenderResult
from rich.padding import Padding
from rich.segment import SegmentLines
from rich.table import Table
from rich.text import Text

from rollout.analysis.verdicts import MetricResult, Verdict, called
from rollout.base.formatting import count_of
from rollout.cli.screens import glance as drawing
from rollout.cli.screens.layout import Hanging, warning
from rollout.migration.checks.parity_status import parity_sentence
from rollout.migration.checks.status import RouteStatus
from rollout.migration.glance import Mood
from rollout.ramp.glance import minutes_for
from rollout.reports.glance import glance, last_change, moods, runs_it
from rollout.reports.overview import Overview
from rollout.reports.timeseries import Bucket, Estimate, TimeSeries
from rollout.reports.words import ago, guard, per_cent, seconds, steps, weight
from rollout.state.history.words import in_a_line

BARS, PLAIN_BARS = "▁▂▃▄▅▆▇█", ".:-=+*#@"
BARS_SHOWN, FINDINGS, ENTRIES = 16, 3, 3
_URGENCY = {None: "", True: " at once", False: ", not urgent"}
_COLOURS = {Verdict.PASS: "green", Verdict.FAIL: "bold red"}
LEAST = 3
"""So many routes are shown, however low the terminal is."""


@dataclass(frozen=True, slots=True)
class _Column:
    """A column, and how wide a terminal must be for it to be shown."""

    title: str
    from_width: int
    cell: Callable[[RouteStatus, TimeSeries | None], Text]
    right: bool = True


@dataclass(frozen=True, slots=True)
class Watched:
    """One environment, as much of it as the terminal has room for at that time."""

    overview: Overview

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """See Rich's protocol."""
        above = Group(*_above(self.overview, options))
        room = options.size.height - len(console.render_lines(above, options)) - 1
        routes, below = _routes(self.overview, options, room), _below(self.overview)
        screen = Group(above, *routes, *below, *_history(self.overview, options.max_width))
        yield SegmentLines(console.render_lines(screen, options, pad=False)[: options.size.height - 1], new_lines=True)


def line(overview: Overview) -> str:
    """The same on one line, for a pipe; it changes only with what matters."""
    now, view = glance(overview), overview.view
    phase, judged = overview.status.phase or "phase unknown", view.judgement if view else None
    said = (
        f"{overview.environment}: {phase}, live {weight(overview)}",
        now.word + (f" ({judged.verdict.value})" if judged else ""),
        "" if now.word.startswith("Waits") else f"waits for {now.waits_for}",
        f"run `{now.command}`{_URGENCY[now.is_urgent]}" if now.command else "",
    )
    return "; ".join(filter(None, said))


def _above(found: Overview, options: ConsoleOptions) -> Iterator[RenderableType]:
    status, now = found.status, glance(found)
    head = Text(found.environment, style="bold").append(f"  {status.phase or 'phase unknown'}", style="none")
    if options.max_width >= drawing.NARROW:
        head.append(f"  account {status.account}, {status.region}", style="dim")
    yield head.append(f"  {found.at:%H:%M:%S} UTC", style="dim")
    yield from drawing.top(now, weight(found), [*steps(found, now.mood)], options)
    yield drawing.facts(_facts(found), options.max_width)
    problems = [str(problem) for problem in status.problems if str(problem)[1:] not in now.said]
    yield from map(warning, problems[:FINDINGS])
    if len(problems) > FINDINGS:
        yield warning(f"and {count_of(len(problems) - FINDINGS, 'more problem')}: `rollout status {found.environment}`")
    yield Text()


def _facts(found: Overview) -> Iterator[tuple[str, str]]:
    """As beside the dashboard's verdict."""
    if found.view and (judged := found.view.judgement):
        yield "verdict", f"{judged.verdict.value}: {judged.sentence}"
    yield "runs the ramp", runs_it(found)
    yield "guard", guard(found)
    if found.status.parity is not None:
        yield "parity", parity_sentence(found.status.parity)
    if last := last_change(found):
        yield "last change", f"{ago(last.at, found.at)}: {in_a_line(last)}"


def _routes(found: Overview, options: ConsoleOptions, room: int) -> Iterator[RenderableType]:
    """The routes that there is room for, those that need somebody first; how many of the others are how."""
    routes, judged = found.status.routes, moods(found.view.judgement if found.view else None)
    seen = judged | {
        route.route: Mood.PERSON for route in routes if not (route.agrees or judged.get(route.route) is Mood.FAILING)
    }
    if len(routes) >= room:
        order = list(Mood)
        routes = tuple(sorted(routes, key=lambda route: order.index(seen.get(route.route, Mood.IDLE))))
    shown = routes if len(routes) < room else routes[: max(LEAST, room - 3)]
    bars = PLAIN_BARS if options.ascii_only else BARS
    columns = [column for column in _columns(bars) if options.max_width >= column.from_width]
    rows = [[column.cell(route, found.course_of(route.route)) for column in columns] for route in shown]
    widths = [max(len(column.title), *(len(cells[n]) for cells in rows)) for n, column in enumerate(columns)]
    taken = 5 + sum(width + 2 for width in widths[1:])
    widths[0] = max(LEAST, min(widths[0], options.max_width - taken))  # a name may be cut, and no number
    drawn = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    drawn.add_column("", width=1)
    for column, width in zip(columns, widths, strict=True):
        justify: JustifyMethod = "right" if column.right else "left"
        drawn.add_column(column.title, justify=justify, width=width, no_wrap=True, overflow="ellipsis")
    for route, cells in zip(shown, rows, strict=True):
        mood = seen.get(route.route)
        drawn.add_row(drawing.shape(mood, is_plain=options.ascii_only) if mood else Text(), *cells)
    yield Padding(drawn, (0, 0, 0, 2))
    if rest := routes[len(shown) :]:
        yield Text(f"    and {_folded(rest, seen)}", style="dim")
    yield Text()


def _folded(routes: Sequence[RouteStatus], seen: Mapping[str, Mood]) -> str:
    """Routes that have no row: how many have which weight and mood."""
    alike = Counter((_weight(route), seen.get(route.route)) for route in routes)
    said = [
        f"{count_of(count, 'more route')} at {live}{f', {mood.value}' if mood else ''}"
        for (live, mood), count in alike.items()
    ]
    return "; ".join(said)


def _columns(bars: str) -> tuple[_Column, ...]:
    return (
        _Column("route", 0, lambda route, _: Text(route.route), right=False),
        _Column("rule", 140, lambda route, _: Text(str(route.priority), style="dim")),
        _Column("want", 60, lambda route, _: Text(f"{route.want} %")),
        _Column("live", 0, lambda route, _: Text(_weight(route), style="" if route.agrees else "yellow")),
        _Column("measured", 80, lambda _, course: Text(per_cent(_last_share(course)))),
        _Column("5xx old", 100, lambda _, course: Text(per_cent(_total(course, old=True).errors))),
        _Column("5xx new", 50, lambda _, course: Text(per_cent(_total(course).errors))),
        _Column("p50 old", 120, lambda _, course: Text(seconds(_total(course, old=True).median))),
        _Column("p50 new", 120, lambda _, course: Text(seconds(_total(course).median))),
        _Column("p99 old", 110, lambda _, course: Text(seconds(_total(course, old=True).tail))),
        _Column("p99 new", 70, lambda _, course: Text(seconds(_total(course).tail))),
        _Column("share", 90, lambda _, course: Text(sparkline(course.shares if course else (), bars)), right=False),
    )


def sparkline(shares: Sequence[Estimate | None], bars: str = BARS) -> str:
    """The latest shares of 0 to 1 as bars, a gap where there were no requests."""
    latest = shares[-BARS_SHOWN:]
    return "".join(" " if each is None else bars[min(len(bars) - 1, int(each.value * len(bars)))] for each in latest)


def _weight(route: RouteStatus) -> str:
    return "?" if route.live is None else str(route.live)


def _last_share(course: TimeSeries | None) -> Estimate | None:
    return next((each for each in reversed(course.shares) if each is not None), None) if course else None


def _total(course: TimeSeries | None, *, old: bool = False) -> Bucket:
    return course.totals[not old] if course else Bucket()


def _below(found: Overview) -> Iterator[RenderableType]:
    """The judge's further sentences that are no Pass, the worst first, and how long what is missing takes to come."""
    judged = found.view.judgement if found.view else None
    findings = [each for each in judged.findings[1:] if each.verdict is not Verdict.PASS] if judged else []
    for finding in islice(findings, FINDINGS):
        mark = Text(f"{finding.verdict.value} ", style=_COLOURS.get(finding.verdict, "yellow"))
        yield Hanging(Text(f"{called(finding.routes)}: {finding.sentence}{_minutes(finding)}"), mark)
    if len(findings) > FINDINGS:
        yield Text(f"  and {count_of(len(findings) - FINDINGS, 'more finding')}", style="dim")
    yield from (Hanging(Text(note, style="dim")) for note in found.notes)


def _minutes(finding: MetricResult) -> str:
    minutes = minutes_for(finding)
    return f" (about {count_of(minutes, 'minute')})" if minutes else ""


def _history(found: Overview, width: int) -> Iterator[Text]:
    last = last_change(found)
    for change in [each for each in found.history if each is not last][-ENTRIES:]:
        said = Text(f"  {change.at:%m-%d %H:%M}  {in_a_line(change)}", style="dim")
        said.truncate(width, overflow="ellipsis")
        yield said
