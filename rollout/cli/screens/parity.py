"""What comparing answers came to: a table of routes, and under it each group of differences with examples."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rich.text import Text

from rollout.base.formatting import count_of
from rollout.base.plain import plain
from rollout.cli.people import People
from rollout.cli.screens import as_data, show
from rollout.cli.screens.layout import block, table, warning
from rollout.parity.report import ParityReport
from rollout.parity.verdict import Difference, Result, RouteVerdict

_STYLES = {Result.SAME: ("✓", "green"), Result.DIFFERENT: ("✗", "bold red"), Result.UNKNOWN: ("?", "yellow")}
_EXAMPLES = 3


@as_data.register
def _data(report: ParityReport) -> Iterator[dict[str, Any]]:
    data = plain(report)
    for route, verdict in zip(data["routes"], report.routes, strict=True):
        route["at-most"], route["sentence"] = verdict.at_most, verdict.sentence
    yield {"event": "parity", **data, "result": report.result.value, "sentence": report.sentence}


@show.register
def parity(report: ParityReport, to: People) -> None:
    """Each route, and what differs."""
    routes = table(*[""] * 4, show_header=False)
    for route in report.routes:
        sign, style = _STYLES[route.result]
        notes = "; ".join((*route.why, *route.notes))
        routes.add_row(Text(f"{sign} ", style=style).append(route.route, style="default"), *_counts(route), notes)
    below = [line for route in report.routes for line in _groups(route)]
    head = Text(f"parity {report.environment}  ", style="bold").append(report.sentence, style="dim not bold")
    to.draw(block(head, routes, *below, *map(warning, report.coverage.notes)))


def _counts(route: RouteVerdict) -> tuple[str, str]:
    shapes = count_of(route.shapes, "shape")
    return f"{route.different:,} of {count_of(route.requests, 'request')} differ, {shapes}", f"≤ {route.at_most:.2%}"


def _groups(route: RouteVerdict) -> Iterator[Text]:
    for number, each in enumerate(route.differences, 1):
        yield Text(f"  {route.route}:{number}  ", style="red").append(_said(each), style="default")
        for legacy, candidate in each.examples[:_EXAMPLES]:
            yield Text(f"      {legacy}  →  {candidate}", style="dim")
    for each in route.noise:
        yield Text(f"  {route.route}: noise, {_said(each)}; legacy with itself {each.noise:,}", style="dim")
    for each in route.harmless:
        yield Text(f"  {route.route}: without meaning, {_said(each)}", style="dim")
    for path, used in route.rules.items():
        expired = ", its last day is over" if path in route.expired else ""
        yield Text(f"  {route.route}: rule {path} used by {count_of(used, 'request')}{expired}", style="dim")
    for reason, count in route.skipped.items():
        yield Text(f"  {route.route}: {count_of(count, 'request')} skipped: {reason}", style="yellow")


def _said(group: Difference) -> str:
    return f"{group.place}: {count_of(group.requests, 'request')}, {count_of(group.count, 'difference')}"
