"""What functions cost, legacy beside the candidate, and what the move saves."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Group
from rich.padding import Padding
from rich.text import Text

from rollout.analysis.cost.ledger import DAY, Compared, CostLedger, FunctionCost, Spent
from rollout.analysis.intervals import Estimate
from rollout.base.formatting import count_of
from rollout.base.plain import plain
from rollout.cli.people import People
from rollout.cli.screens import as_data, show
from rollout.cli.screens.layout import Indented, is_verbose, table, warning
from rollout.inventory.quantities import format_duration

NOTHING = 0.00005
"""Dollars that four decimals don't show."""
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
    for column in ("invocations", "GB-s", "logs", "a day", "a million"):
        rows.add_column(column, justify="right", no_wrap=True)
    for side in ("legacy", "candidate"):
        functions = [each for each in found.functions if each.side == side]
        rows.add_row(Text(side if functions else f"{side}: none", style="dim"))
        for each in functions:
            rows.add_row(*_row(each, found.since / DAY))
    said = [Text(each) for each in _sentences(found)]
    lines = [Indented(said)] if said else []
    to.draw(Group(head, Padding(rows, (0, 0, 0, 2)), *lines, *map(warning, _warnings(found))))


def _row(each: FunctionCost, days: float) -> tuple[str | Text, ...]:
    rate = "no requests" if not each.invocations else _rate(each.per_million) if each.per_million else "-"
    counted = _short(each.invocations), _short(each.gb_seconds), f"{_short(each.log_bytes / 1e6)} MB"
    routes = ", ".join(each.routes) if len(each.routes) <= FEW or is_verbose() else count_of(len(each.routes), "route")
    name = Text(f"  {each.function}\n    ").append(routes, style="dim")
    return name, *counted, dollars(each.spent.total / days) if each.spent else "-", rate


def _sentences(found: CostLedger) -> Iterator[str]:
    if found.now is None:
        return
    days = found.since / DAY
    all_of = sum((each.spent for each in found.functions if each.spent), Spent())
    parts = {
        "durations": all_of.compute,
        "INIT": all_of.init,
        "requests": all_of.requests,
        "logs": all_of.logs,
        "provisioned concurrency": all_of.provisioned,
    }
    said = ", ".join(f"{name} {dollars(amount / days)}" for name, amount in parts.items() if amount)
    yield f"All functions cost {dollars(found.now)} a day{f': {said}' if said else ''}."
    legacy, saved = found.legacy_alone, found.saved
    if legacy and saved:
        of = "" if len(found.both) == len(found.compared) else f" ({', '.join(_routes(found.both))})"
        now = sum(each.now for each in found.both)
        yield f"Both sides{of} cost {dollars(now)} a day; legacy alone, with the same requests, {_within(legacy)}."
        more = "the candidate saves" if saved.value >= 0 else "the candidate costs more:"
        yield f"At 100 %, {more} {_within(saved if saved.value >= 0 else _negated(saved))} in 30 days."
    if all_of.total:
        yield f"These are estimates, with 95 % intervals, by {found.prices}."


def _warnings(found: CostLedger) -> Iterator[str]:
    if found.missing:
        yield f"prices of {found.region} aren't known: set {', '.join(found.missing)} in [cost]"
    for each in found.compared:
        sides = {"legacy": each.legacy_alone, "the candidate": each.candidate_alone}
        if without := [name for name, alone in sides.items() if not alone]:
            yield f"{', '.join(each.routes)}: no requests to {' and '.join(without)}, so nothing is compared"
    yield from found.notes


def _routes(compared: tuple[Compared, ...]) -> list[str]:
    return [route for each in compared for route in each.routes]


def _negated(estimate: Estimate) -> Estimate:
    ends = estimate.high, estimate.low
    return Estimate(-estimate.value, *(None if end is None else -end for end in ends))


def _within(estimate: Estimate) -> str:
    if estimate.low is None or estimate.high is None:
        return f"{dollars(estimate.value)} (too few periods with requests for an interval)"
    return f"{dollars(estimate.value)} ({dollars(estimate.low)} to {dollars(estimate.high)})"


def _rate(estimate: Estimate) -> str:
    half = max(estimate.half) if estimate.half else None
    return dollars(estimate.value) + ("" if half is None else f" ±{dollars(half)[1:]}")


def dollars(amount: float) -> str:
    """An amount for people; what four decimals don't show is 0."""
    sign, size = "-" if amount <= -NOTHING else "", abs(amount)
    return f"{sign}${size:,.2f}" if size >= 1 or size < NOTHING else f"{sign}${size:.4f}"


def _short(number: float) -> str:
    """Three digits or so: 950, 12.3 k, 4.56 M."""
    unit, factor = next((each for each in _UNITS if number >= each[1]), ("", 1.0))
    size = number / factor
    return (f"{size:,.0f}" if size >= _WHOLE or size == round(size) else f"{size:.3g}") + unit
