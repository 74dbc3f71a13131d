"""What the sandbox's commands draw: rules, and what a load came to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from rich.console import RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from rollout_sandbox.load import Tally


def rules(found: Sequence[Mapping[str, str]]) -> RenderableType:
    """Live rules as another client of AWS's API tells them."""
    table = Table(
        box=None, pad_edge=False, padding=(0, 2, 0, 0), title="Live rules, read by boto3", title_justify="left"
    )
    for column in found[0] if found else ():
        table.add_column(column, overflow="fold", style="dim" if column == "rule" else "")
    for rule in found:
        table.add_row(*rule.values())
    return Padding(table, (1, 0, 0, 2))


def load(found: Mapping[str, Tally]) -> RenderableType:
    """What a load came to, by route."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("route", overflow="fold")
    for count in ("requests", "lost", "wrong"):
        table.add_column(count, justify="right", no_wrap=True)
    table.add_column("answered by", overflow="fold")
    for route, tally in sorted(found.items()):
        by = ", ".join(f"{name or 'nobody known'} {count:,}" for name, count in tally.by.most_common())
        bad = [Text(f"{count:,}", style="bold red" if count else "") for count in (tally.lost, tally.wrong)]
        table.add_row(route, f"{tally.requests:,}", *bad, by)
    return Padding(table, (1, 0, 1, 2))
