"""Status codes of both implementations, by exact code."""

from __future__ import annotations

from rich.text import Text

from rollout.base.formatting import count_of
from rollout.cli.people import People
from rollout.cli.screens import show
from rollout.cli.screens.layout import block, table, warning
from rollout.parity.traffic import TrafficReport


@show.register
def traffic(report: TrafficReport, to: People) -> None:
    """Each route with requests on both sides, code by code; the others in a line."""
    codes = table("route", "code", "legacy", "candidate", "")
    alone = [route for route in report.routes if not (route.legacy and route.candidate)]
    for route in report.routes:
        for n, each in enumerate(route.codes if route not in alone else ()):
            sides = (_share(each.legacy, route.legacy), _share(each.candidate, route.candidate))
            sign = Text("≠" if each.unlike else "", style="red")
            codes.add_row("" if n else route.route, str(each.code), *sides, sign, style="" if each.unlike else "dim")
    below = [Text(f"  {route.route}: {_of_one_side(route.legacy, route.candidate)}", style="dim") for route in alone]
    head = Text(f"status codes of {report.environment}", style="bold")
    to.draw(block(head, codes, *below, *map(warning, report.notes)))


def _share(count: int, every: int) -> str:
    return f"{count:,}  {count / every:.2%}"


def _of_one_side(legacy: int, candidate: int) -> str:
    if not legacy and not candidate:
        return "no requests"
    return f"{count_of(legacy or candidate, 'request')}, all of them {'to legacy' if legacy else 'to the candidate'}"
