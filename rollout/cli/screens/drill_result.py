"""A drill of the guard: how long each part took."""

from __future__ import annotations

from rich.text import Text

from rollout.base.formatting import count_of
from rollout.cli.people import People
from rollout.cli.screens import show
from rollout.cli.screens.layout import block, table, warning
from rollout.migration.drill import DrillResult


@show.register
def _show(found: DrillResult, to: People) -> None:
    parts = table("part")
    parts.add_column("seconds", justify="right", no_wrap=True)
    for name, took in found.parts.items():
        parts.add_row(name, f"{took.total_seconds():.1f}")
    parts.add_row("all", f"{found.whole.total_seconds():.1f}")
    done = "would take back" if found.dry else "took back" if found.decision == "fire" else f"{found.decision}:"
    head = Text(found.environment, style="bold")
    head.append(f"  {found.alarm}: the guard {done} {count_of(len(found.routes), 'route')}", style="default")
    to.draw(block(head, parts, *map(warning, found.problems)))
    if not found.dry:
        to.commands((f"rollout rollback {found.environment}",))
