"""What screens are made of: tables without lines, and lines that are set off."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from rollout.cli.console import indented
from rollout.errors import Problem, RolloutError

NARROW = 100
"""Below so many columns a table leaves out what is elsewhere, too."""


@dataclass(frozen=True, slots=True)
class Indented:
    """Lines set off a little: folded in a terminal, and whole in a pipe, which has no width."""

    rows: Sequence[Text]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """See Rich's protocol."""
        if options.no_wrap:
            yield Group(Text(), *(indented(Text("  ").append_text(row)) for row in self.rows), Text())
        else:
            yield Padding(Group(*self.rows), (1, 0, 1, 2))


def table(*columns: str, **settings: Any) -> Table:
    """A table whose columns are parted by blanks alone; those that are named fold. See Rich's for settings."""
    made = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), **settings)
    for column in columns:
        made.add_column(column, overflow="fold")
    return made


def block(head: Text, rows: Table, *below: RenderableType) -> Group:
    """A table under its head, and what there is to say of it."""
    return Group(head, Padding(rows, (0, 0, 0, 2)), *below, Text())


def warning(text: str) -> Text:
    """A line of something to know."""
    return indented(Text("  ! ", style="yellow").append(text, style="default"))


def code(of: RolloutError | Problem) -> Text:
    """The code at the end of an error's or a problem's line, to search for."""
    return Text(f" [{of.code}]", style="dim not bold")


def is_verbose() -> bool:
    """Whether `-v` was given: then nothing is left out."""
    return logging.getLogger("rollout").isEnabledFor(logging.INFO)
