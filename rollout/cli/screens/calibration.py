"""What ramps of legacy against itself told of an environment's traffic."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rich.console import Group
from rich.padding import Padding
from rich.text import Text

from rollout.base.formatting import count_of
from rollout.base.plain import plain
from rollout.cli.people import People
from rollout.cli.screens import as_data, show
from rollout.cli.screens.layout import table, warning

if TYPE_CHECKING:
    from rollout.analysis.calibration import Calibration


@dataclass(frozen=True, slots=True)
class Calibrated:
    """What they told."""

    environment: str
    calibration: Calibration


@as_data.register
def _data(calibrated: Calibrated) -> Iterator[dict[str, Any]]:
    found = calibrated.calibration
    said = {"advice": list(found.advice)}
    yield {"event": "calibrated", "environment": calibrated.environment, **plain(found), **said}


@show.register
def calibration(calibrated: Calibrated, to: People) -> None:
    """How often each way to judge rolled back for nothing."""
    found = calibrated.calibration
    head = Text(calibrated.environment, style="bold")
    head.append(
        f"  {count_of(found.requests, 'request')} of {count_of(found.clients, 'client')} in "
        f"{count_of(found.minutes, 'minute')}; the busiest 1 % made {found.busiest:.0%}",
        style="dim",
    )
    rows = table()
    for column in ("unit", "cookies"):
        rows.add_column(column, no_wrap=True)
    for column in ("rolled back for nothing", "at most", "steps that passed in time"):
        rows.add_column(column, justify="right")
    for each in found.alarms:
        counts = f"{each.failed:,} of {each.ramps:,}", f"{each.at_most:.1%}", f"{each.passed:.0%}"
        style = "" if each.is_safe else "yellow"
        rows.add_row(each.way.unit, "kept" if each.way.cookies else "not kept", *counts, style=style)
    to.draw(Group(head, Padding(rows, (0, 0, 0, 2)), *map(warning, found.advice)))
