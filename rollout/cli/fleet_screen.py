"""How several environments are drawn: where each stands, and what came of a weight for all of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from rollout.base.formatting import count_of
from rollout.cli.console import indented
from rollout.cli.screen import NARROW, code

if TYPE_CHECKING:
    from rollout.api.fleet import FleetLine, FleetResult

DRIFT = {None: Text("?", style="dim"), 0: Text("none")}


def lines(found: Sequence[FleetLine], width: int) -> RenderableType:
    """A row an environment; where there is no room, what takes sentences stands below."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for column in ("environment", "account", "phase", "weights", "drift"):
        table.add_column(column, no_wrap=True, style="bold" if column == "environment" else "")
    is_wide, below = width >= NARROW, list[Text]()
    if is_wide:
        table.add_column("ramp and next step", overflow="fold")
    for line in found:
        sentences = [line.error] if line.error else [line.ramp or "?", line.next_step and f"next: {line.next_step}"]
        said = Text("\n".join(filter(None, sentences)), style="red" if line.error else "")
        table.add_row(line.environment, line.account, *_cells(line), *([said] if is_wide else []))
        below.append(Text(f"{line.environment}: ", style="bold").append_text(said))
    return table if is_wide else Group(table, Text(), *below)


def _cells(line: FleetLine) -> tuple[str | Text, ...]:
    if line.error is not None:
        return "", "", ""
    weights = sorted({line.weights[0], line.weights[-1]}) if line.weights else ()
    drift = Text(count_of(line.drift or 0, "place"), style="yellow")
    return (
        line.phase or "?",
        f"{' to '.join(map(str, weights))} %" if weights else "?",
        DRIFT.get(line.drift, drift),
    )


def result(found: FleetResult) -> RenderableType:
    """A row an environment: done, failed with the reason, or not begun."""
    rows = [Text(found.fleet, style="bold")]
    for name, done in found.done.items():
        rows.append(
            Text("  ✓ ", style="green").append(f"{name}{'' if done.changed else ': had it already'}", "default")
        )
    rows.extend(
        indented(Text.assemble(("  ✗ ", "bold red"), f"{name}: {error.what}", code(error)))
        for name, error in found.failed.items()
    )
    rows.extend(Text(f"  - {name}: not begun", style="dim") for name in found.left)
    return Group(*rows)
