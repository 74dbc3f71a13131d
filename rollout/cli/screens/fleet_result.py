"""Several environments: the status of each, and the result of a weight for all of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from rich.console import Group
from rich.text import Text

from rollout.api.fleet import FleetLine, FleetResult
from rollout.base.formatting import count_of
from rollout.base.plain import plain
from rollout.cli.console import indented
from rollout.cli.people import People
from rollout.cli.screens import as_data, show
from rollout.cli.screens.layout import NARROW, code, table

DRIFT = {None: Text("?", style="dim"), 0: Text("none")}


@dataclass(frozen=True, slots=True)
class FleetLines:
    """The status of several environments; in JSON each is an event."""

    lines: Sequence[FleetLine]


@as_data.register
def _lines(found: FleetLines) -> Iterator[dict[str, Any]]:
    for line in found.lines:
        yield from as_data(line)


@as_data.register
def _result(found: FleetResult) -> Iterator[dict[str, Any]]:
    codes = {name: error.code for name, error in found.failed.items()}
    yield {"event": "fleet-result", **plain(found), "done": list(found.done), "codes": codes}


@show.register
def fleet(found: FleetLines, to: People) -> None:
    """A row an environment; where there is no room, what takes sentences stands below."""
    rows = table()
    for column in ("environment", "account", "phase", "weights", "drift"):
        rows.add_column(column, no_wrap=True, style="bold" if column == "environment" else "")
    is_wide, below = to.out.width >= NARROW, list[Text]()
    if is_wide:
        rows.add_column("ramp and next step", overflow="fold")
    for line in found.lines:
        sentences = [line.error] if line.error else [line.ramp or "?", line.next_step and f"next: {line.next_step}"]
        said = Text("\n".join(filter(None, sentences)), style="red" if line.error else "")
        rows.add_row(line.environment, line.account, *_cells(line), *([said] if is_wide else []))
        below.append(Text(f"{line.environment}: ", style="bold").append_text(said))
    to.draw(rows if is_wide else Group(rows, Text(), *below))


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


@show.register
def fleet_result(found: FleetResult, to: People) -> None:
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
    to.draw(Group(*rows))
