"""What `rollout status --watch` draws: one screen of an environment, as much of it as the terminal has room for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from rollout.analysis.verdicts import MetricResult, Verdict, called
from rollout.base.formatting import count_of
from rollout.cli.console import indented
from rollout.cli.screens.controller_status import controller_line
from rollout.cli.screens.layout import table, warning
from rollout.inventory.quantities import ZERO
from rollout.migration.checks.status import RouteStatus
from rollout.ramp.view import RampView
from rollout.reports.glance import minutes_for
from rollout.reports.overview import Overview
from rollout.reports.timeseries import Bucket, Estimate, TimeSeries, total
from rollout.reports.words import per_cent, seconds
from rollout.state.history.words import in_a_line

BARS, PLAIN_BARS = "▁▂▃▄▅▆▇█", ".:-=+*#@"
BARS_SHOWN, FINDINGS, ENTRIES = 16, 3, 3
_COLOURS = {Verdict.PASS: "green", Verdict.FAIL: "bold red"}


@dataclass(frozen=True, slots=True)
class _Column:
    """A column, and how wide a terminal must be for it to be shown."""

    title: str
    from_width: int
    cell: Callable[[RouteStatus, TimeSeries | None], Text]
    right: bool = True


def watch(overview: Overview, ramp: RampView, width: int, *, is_plain: bool = False) -> RenderableType:
    """One environment.

    Args:
        overview: Where it stands, and what was measured.
        ramp: Where its ramp stands.
        width: The terminal's, in columns.
        is_plain: Whether bars are drawn in ASCII.
    """
    return Group(
        _head(overview, width),
        _steps(overview),
        *_ramp(overview, ramp),
        *([controller_line(overview.status.controller)] if overview.status.controller else ()),
        Padding(_table(overview, width, BARS if not is_plain else PLAIN_BARS), (1, 0, 1, 2)),
        *_judgement(overview, ramp),
        *(warning(str(problem)) for problem in overview.status.problems),
        *_history(overview, width),
        *(indented(Text(f"  {note}", style="dim")) for note in overview.notes),
    )


def line(overview: Overview, ramp: RampView) -> str:
    """The same on one line, for a pipe; it changes only with what matters."""
    weights = ", ".join(f"{weight} %" for weight in overview.weights) or "no weight"
    sentence = ramp.decision.act.value if ramp.decision else ramp.sentence
    verdict = f", {ramp.judgement.verdict.value}" if ramp.judgement else ""
    return (
        f"{overview.environment}: {overview.status.phase or 'phase unknown'}, live {weights}; ramp {sentence}{verdict}"
    )


def _head(overview: Overview, width: int) -> Text:
    found = overview.status
    head = Text(found.environment, style="bold").append(f"  {found.phase or 'phase unknown'}", style="none")
    if width >= 60:  # noqa: PLR2004
        head.append(f"  account {found.account}, {found.region}", style="dim")
    return head.append(f"  {overview.at:%H:%M:%S} UTC", style="dim")


def _steps(overview: Overview) -> Text:
    """The ramp's steps as a line that fills up."""
    top = max(overview.weights, default=ZERO)
    row = Text("  ")
    for step in (ZERO, *overview.steps):
        mark, style = ("●", "bold") if step == top else ("✓", "green") if step < top else ("○", "dim")
        row.append(f"{mark} {step} %", style=style).append("  ")
    return row


def _ramp(overview: Overview, ramp: RampView) -> Iterator[Text]:
    """What it waits for, and for whom."""
    stands = ramp.standing
    if stands is not None and stands.since is not None and stands.ended is None:
        since = f"at {stands.weight} % since {stands.since:%Y-%m-%d %H:%M} UTC"
        yield Text(f"  {since}")
    said = ramp.sentence
    if ramp.judgement is not None:  # which has its own lines
        said = said.replace(f"; so far: {ramp.judgement.sentence}", "").replace(ramp.judgement.sentence, "the judge")
    yield Text("  ").append(said, style="bold" if ramp.decision else "default")
    if overview.status.next_step and (stands is None or stands.is_new):
        yield Text(f"  next: {overview.status.next_step}", style="dim")


def _table(overview: Overview, width: int, bars: str) -> Table:
    routes = table()
    columns = [column for column in _columns(bars) if width >= column.from_width]
    for column in columns:
        routes.add_column(column.title, justify="right" if column.right else "left", no_wrap=True, overflow="ellipsis")
    for route in overview.status.routes:
        course = overview.course_of(route.route)
        routes.add_row(*(column.cell(route, course) for column in columns))
    return routes


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
    return total(course.legacy if old else course.candidate) if course else Bucket()


def _judgement(overview: Overview, ramp: RampView) -> Iterator[Text]:
    """The judge's sentences, the worst first, and how long what is missing takes to come."""
    if ramp.judgement is None:
        return
    for finding in islice(ramp.judgement.findings, FINDINGS):
        mark = Text(f"  {finding.verdict.value}  ", style=_COLOURS.get(finding.verdict, "yellow"))
        yield mark.append(f"{called(finding.routes)}: {finding.sentence}{_minutes(overview, finding)}", style="default")
    if len(ramp.judgement.findings) > FINDINGS:
        yield Text(f"  and {count_of(len(ramp.judgement.findings) - FINDINGS, 'more finding')}", style="dim")


def _minutes(overview: Overview, finding: MetricResult) -> str:
    minutes = minutes_for(overview, finding)
    return f" (about {count_of(minutes, 'minute')})" if minutes else ""


def _history(overview: Overview, width: int) -> Iterator[Text]:
    for change in overview.history[-ENTRIES:]:
        said = Text(f"  {change.at:%m-%d %H:%M}  {in_a_line(change)}", style="dim")
        said.truncate(width, overflow="ellipsis")
        yield said
