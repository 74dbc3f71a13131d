"""A plan of a ramp: how long each step must be watched, and a schedule to paste."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from rollout.base.formatting import count_of
from rollout.base.plain import plain
from rollout.cli.people import People
from rollout.cli.screens import as_data, show
from rollout.cli.screens.layout import table, warning
from rollout.inventory.quantities import format_duration

if TYPE_CHECKING:
    from rollout.analysis.planning import RampPlan


@dataclass(frozen=True, slots=True)
class RampPlanned:
    """A plan of an environment's ramp."""

    environment: str
    plan: RampPlan


@as_data.register
def _data(planned: RampPlanned) -> Iterator[dict[str, Any]]:
    plan, environment = planned.plan, planned.environment
    said = {"advice": list(plan.advice), "schedule": plan.as_toml(environment)}
    yield {"event": "ramp-planned", "environment": environment, **plain(plan), **said}


@show.register
def ramp_planned(planned: RampPlanned, to: People) -> None:
    """How many requests each step takes, and how long."""
    plan = planned.plan
    head = Text(planned.environment, style="bold")
    head.append(
        f"  {plan.requests_per_minute:,.4g} requests per minute, errors from {plan.base * 100:g} to "
        f"{plan.harmful * 100:g} %, at most {format_duration(plan.longest)} per step",
        style="dim",
    )
    steps = table()
    for column in ("step", "to find it", "to pass", "bake"):
        steps.add_column(column, justify="right", no_wrap=True)
    for step in plan.steps:
        style = "" if step in plan.useful else "yellow"
        requests = ["-" if count is None else count_of(count, "request") for count in (step.find, step.clear)]
        steps.add_row(f"{step.weight} %", *requests, format_duration(step.bake) if step.bake else "-", style=style)
    rows: list[RenderableType] = [head, Padding(steps, (0, 0, 0, 2)), *map(warning, (*plan.advice, *plan.notes))]
    if plan.useful:
        rows.append(Text("  for stacks.toml:", style="dim"))
    to.draw(Group(*rows))
    to.commands(plan.as_toml(planned.environment).splitlines())
