"""What functions cost, in sentences: for terminals and pages. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from rollout.analysis.cost.ledger import DAY, Compared, CostLedger, Spent
from rollout.analysis.intervals import Estimate

NOTHING = 0.00005
"""Dollars that four decimals don't show."""


def dollars(amount: float) -> str:
    """An amount for people; what four decimals don't show is 0."""
    sign, size = "-" if amount <= -NOTHING else "", abs(amount)
    return f"{sign}${size:,.2f}" if size >= 1 or size < NOTHING else f"{sign}${size:.4f}"


def ends(estimate: Estimate) -> str:
    """An amount's interval, to stand after it."""
    if estimate.low is None or estimate.high is None:
        return " (too few periods with requests for an interval)"
    return f" ({dollars(estimate.low)} to {dollars(estimate.high)})"


def within(estimate: Estimate) -> str:
    """An amount with its interval."""
    return dollars(estimate.value) + ends(estimate)


def sentences(found: CostLedger) -> Iterator[str]:
    """What it costs and what the move saves; nothing if a price isn't known."""
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
        running = dollars(found.running)
        yield f"Both sides{of} cost {running} a day; legacy alone, with the same requests, {within(legacy)}."
        more = "the candidate saves" if saved.value >= 0 else "the candidate costs more:"
        yield f"At 100 %, {more} {within(saved if saved.value >= 0 else saved.negated)} in 30 days."
    if all_of.total:
        yield f"These are estimates, with 95 % intervals, by {found.prices}."


def warnings(found: CostLedger) -> Iterator[str]:
    """What isn't known, compared or counted, and what to do."""
    if found.missing:
        yield f"prices of {found.region} aren't known: set {', '.join(found.missing)} in [cost]"
    for each in found.compared:
        sides = {"legacy": each.legacy_alone, "the candidate": each.candidate_alone}
        if without := [name for name, alone in sides.items() if not alone]:
            yield f"{', '.join(each.routes)}: no requests to {' and '.join(without)}, so nothing is compared"
    yield from found.notes


def _routes(compared: tuple[Compared, ...]) -> list[str]:
    return [route for each in compared for route in each.routes]
