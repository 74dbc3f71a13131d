"""What functions cost, legacy beside the candidate, and what the move saves."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Group
from rich.padding import Padding
from rich.text import Text

from rollout.analysis.cost.ledger import DAY, CostLedger, FunctionCost
from rollout.analysis.cost.words import dollars, sentences, warnings
from rollout.analysis.intervals import Estimate
from rollout.base.formatting import count_of
from rollout.base.plain import plain
from rollout.cli.people import People
from rollout.cli.screens import as_data, show
from rollout.cli.screens.layout import Indented, is_verbose, table, warning
from rollout.inventory.quantities import format_duration

FEW = 2
"""So many routes are named; of more, their number is told."""
_UNITS, _WHOLE = ((" G", 1e9), (" M", 1e6), (" k", 1e3)), 100


@as_data.register
def _data(found: CostLedger) -> Iterator[dict[str, object]]:
    said = {"now": found.now, "legacy-alone": plain(found.legacy_alone), "saved": plain(found.saved)}
    yield {"event": "cost", **plain(found), **said}


@show.register
def _show(found: CostLedger, to: People) -> None:
    head = Text(found.environment, style="bold")
    head.append(f"  {format_duration(found.since)} until {found.until:%Y-%m-%d %H:%M} UTC, {found.region}", style="dim")
    rows = table("function")
    for column in ("invocations", "GB-s", "logs", "per day", "per million"):
        rows.add_column(column, justify="right", no_wrap=True)
    for side in ("legacy", "candidate"):
        functions = [each for each in found.functions if each.side == side]
        rows.add_row(Text(side if functions else f"{side}: none", style="dim"))
        for each in functions:
            rows.add_row(*_row(each, found.since / DAY))
    said = [Text(each) for each in sentences(found)]
    lines = [Indented(said)] if said else []
    to.draw(Group(head, Padding(rows, (0, 0, 0, 2)), *lines, *map(warning, warnings(found))))


def _row(each: FunctionCost, days: float) -> tuple[str | Text, ...]:
    rate = "no requests" if not each.invocations else _rate(each.per_million) if each.per_million else "-"
    counted = _short(each.invocations), _short(each.gb_seconds), f"{_short(each.log_bytes / 1e6)} MB"
    routes = ", ".join(each.routes) if len(each.routes) <= FEW or is_verbose() else count_of(len(each.routes), "route")
    name = Text(f"  {each.function}\n    ").append(routes, style="dim")
    return name, *counted, dollars(each.spent.total / days) if each.spent else "-", rate


def _rate(estimate: Estimate) -> str:
    half = max(estimate.half) if estimate.half else None
    return dollars(estimate.value) + ("" if half is None else f" ±{dollars(half)[1:]}")


def _short(number: float) -> str:
    """Three digits or so: 950, 12.3 k, 4.56 M."""
    unit, factor = next((each for each in _UNITS if number >= each[1]), ("", 1.0))
    size = number / factor
    return (f"{size:,.0f}" if size >= _WHOLE or size == round(size) else f"{size:.3g}") + unit
