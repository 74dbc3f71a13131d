"""The output of the sandbox's commands: rules, and the result of a load."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.console import RenderableType
from rich.padding import Padding
from rich.text import Text

from rollout.base.plain import plain
from rollout.cli.people import People
from rollout.cli.screens import as_data, show
from rollout.cli.screens.layout import table

if TYPE_CHECKING:
    from rollout_sandbox.load import Tally


@dataclass(frozen=True, slots=True)
class LiveRules:
    """Live rules, as another client of AWS's API reads them."""

    rules: Sequence[Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class LoadResult:
    """The result of a load, by route."""

    routes: Mapping[str, Tally]


as_data.register(LoadResult, lambda found: iter([{"event": "load", "routes": plain(found.routes)}]))


@show.register
def _rules(found: LiveRules, to: People) -> None:
    to.draw(rules(found.rules))


@show.register
def _load(found: LoadResult, to: People) -> None:
    to.draw(load(found.routes))


def rules(found: Sequence[Mapping[str, str]]) -> RenderableType:
    """A table of them, with the columns that they have."""
    drawn = table(title="Live rules, read with boto3", title_justify="left")
    for column in found[0] if found else ():
        drawn.add_column(column, overflow="fold", style="dim" if column == "rule" else "")
    for rule in found:
        drawn.add_row(*rule.values())
    return Padding(drawn, (1, 0, 0, 2))


def load(found: Mapping[str, Tally]) -> RenderableType:
    """A table of it, by route."""
    drawn = table()
    drawn.add_column("route", overflow="fold")
    for count in ("requests", "lost", "wrong"):
        drawn.add_column(count, justify="right", no_wrap=True)
    drawn.add_column("answered by", overflow="fold")
    for route, tally in sorted(found.items()):
        by = ", ".join(f"{name or 'unknown'} {count:,}" for name, count in tally.by.most_common())
        bad = [Text(f"{count:,}", style="bold red" if count else "") for count in (tally.lost, tally.wrong)]
        drawn.add_row(route, f"{tally.requests:,}", *bad, by)
    return Padding(drawn, (1, 0, 1, 2))
