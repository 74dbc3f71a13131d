"""How a plan of a ramp is drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from rollout.base.formatting import count_of
from rollout.inventory.quantities import format_duration

if TYPE_CHECKING:
    from rollout.analysis.planning import RampPlan


def drawn(environment: str, plan: RampPlan) -> RenderableType:
    """How many requests each step takes, and how long."""
    head = Text(environment, style="bold")
    head.append(
        f"  {plan.requests_per_minute:,.4g} requests a minute, errors from {plan.base * 100:g} to "
        f"{plan.harmful * 100:g} %, at most {format_duration(plan.longest)} a step",
        style="dim",
    )
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for column in ("step", "to find it", "to pass without", "bake"):
        table.add_column(column, justify="right", no_wrap=True)
    for step in plan.steps:
        style = "" if step in plan.useful else "yellow"
        requests = ["-" if count is None else count_of(count, "request") for count in (step.find, step.clear)]
        table.add_row(f"{step.weight} %", *requests, format_duration(step.bake) if step.bake else "-", style=style)
    rows: list[RenderableType] = [head, Padding(table, (0, 0, 0, 2))]
    rows.extend(Text("  ! ", style="yellow").append(line, style="default") for line in (*plan.advice, *plan.notes))
    if plan.useful:
        rows.append(Text("  for stacks.toml:", style="dim"))
    return Group(*rows)
