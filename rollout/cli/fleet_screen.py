"""How several environments are drawn: where each stands, and what came of a weight for all of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from rollout.fleet import FleetLine, FleetResult

DRIFT = {None: Text("?", style="dim"), 0: Text("none")}


def lines(found: Sequence[FleetLine]) -> RenderableType:
    """A row an environment."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for column in ("environment", "account", "phase", "weights", "drift"):
        table.add_column(column, no_wrap=True, style="bold" if column == "environment" else "")
    for column in ("ramp", "next"):
        table.add_column(column, overflow="fold")
    for line in found:
        if line.error is not None:
            table.add_row(line.environment, line.account, "", "", "", Text(line.error, style="red"), "")
            continue
        weights = sorted({line.weights[0], line.weights[-1]}) if line.weights else ()
        table.add_row(
            line.environment,
            line.account,
            line.phase or "?",
            f"{' to '.join(map(str, weights))} %" if weights else "?",
            DRIFT.get(line.drift, Text(f"{line.drift} {'place' if line.drift == 1 else 'places'}", style="yellow")),
            Text(line.ramp or "?"),
            Text(line.next_step or ""),
        )
    return table


def result(found: FleetResult) -> RenderableType:
    """A row an environment: done, failed with the reason, or not begun."""
    rows = [Text(found.fleet, style="bold")]
    for name, done in found.done.items():
        rows.append(
            Text("  ✓ ", style="green").append(f"{name}{'' if done.changed else ': had it already'}", "default")
        )
    rows.extend(
        Text("  ✗ ", style="bold red").append(f"{name}: {error.what}", "default")
        for name, error in found.failed.items()
    )
    rows.extend(Text(f"  - {name}: not begun", style="dim") for name in found.left)
    return Group(*rows)
