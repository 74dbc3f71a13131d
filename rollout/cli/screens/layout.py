"""What screens are made of: tables without lines, and lines that are set off."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.measure import Measurement
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from rollout.cli.console import indented
from rollout.errors import Problem, RolloutError

NARROW = 100
"""Below so many columns a table leaves out what is elsewhere, too."""
READABLE = 10
"""How many columns a cell that folds has at least."""
FEW = 3
"""How many things that are alike have a line each; more of them have one together."""
T = TypeVar("T")


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


class Hanging:
    """A text whose further lines begin below its first, behind a mark if it has one; in a pipe it is one line.

    Args:
        mark: Some characters on its left.
    """

    def __init__(self, text: Text, mark: Text | None = None) -> None:
        self._text, self._mark = text, mark

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """See Rich's protocol."""
        mark = Text.assemble("  ", self._mark, " ") if self._mark else Text("  ")
        if options.no_wrap:
            yield indented(mark.append_text(self._text))
            return
        row = Table.grid()
        row.add_column(width=len(mark), no_wrap=True)
        row.add_column(overflow="fold")
        row.add_row(mark, self._text)
        yield row


class Rows(Table):
    """A table, or where its columns would be too narrow to read, each row as lines: what it is of, and what is known.

    A pipe always gets the table.
    """

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """See Rich's protocol."""
        if options.no_wrap or self._fits(console, options):
            yield from super().__rich_console__(console, options)
            return
        for number, row in enumerate(zip(*(column.cells for column in self.columns), strict=True)):
            first, *others = (_text(cell) for cell in row)
            said = [
                Text.assemble((f"{column.header}: ", "dim") if column.header else "", cell)
                for column, cell in zip(self.columns[1:], others, strict=True)
                if cell
            ]
            style = self.rows[number].style or ""
            yield Text("", style=style).append_text(first)
            yield Padding(Text("  ", style=style).join(said), (0, 0, 0, 4), expand=False)

    def _fits(self, console: Console, options: ConsoleOptions) -> bool:
        """Whether each column has the room that its longest cell needs, or if it folds, enough for some words."""
        free = options.update(width=console.width, max_width=10_000)
        needed = 0
        for column in self.columns:
            cells = [column.header, *column.cells] if self.show_header else [*column.cells]
            longest = max((Measurement.get(console, free, cell).maximum for cell in cells), default=0)
            needed += (longest if column.no_wrap else min(longest, READABLE)) + 2
        return needed - 2 <= options.max_width


def _text(cell: RenderableType) -> Text:
    """A cell on one line."""
    lines = (cell if isinstance(cell, Text) else Text(str(cell))).split("\n")
    return Text("; ").join(line[len(line.plain) - len(line.plain.lstrip()) :] if line else line for line in lines)


def table(*columns: str, **settings: Any) -> Table:
    """A table whose columns are parted by blanks alone; those that are named fold. See Rich's for settings."""
    made = Rows(box=None, pad_edge=False, padding=(0, 2, 0, 0), **settings)
    for column in columns:
        made.add_column(column, overflow="fold")
    return made


def block(head: Text, rows: Table, *below: RenderableType) -> Group:
    """A table under its head, and what there is to say of it."""
    return Group(head, Padding(rows, (0, 0, 0, 2)), *below, Text())


def warning(text: str) -> Hanging:
    """A line of something to know."""
    return Hanging(Text(text), Text("!", style="yellow"))


def code(of: RolloutError | Problem) -> Text:
    """The code at the end of an error's or a problem's line, to search for."""
    return Text(f" [{of.code}]", style="dim not bold")


def is_verbose() -> bool:
    """Whether `-v` was given: then nothing is left out."""
    return logging.getLogger("rollout").isEnabledFor(logging.INFO)


def alike(items: Iterable[T], key: Callable[[T], Any], *, whole: bool = False) -> Iterator[list[T]]:
    """Items in the order in which each kind came first: those that are alike together, or one by one if they are few.

    Args:
        key: What is the same of those that are alike.
        whole: Whether each stands for itself, as with `-v`.
    """
    kinds = defaultdict[Any, list[T]](list)
    for each in items:
        kinds[key(each)].append(each)
    for kind in kinds.values():
        if len(kind) <= FEW or whole or is_verbose():
            yield from ([each] for each in kind)
        else:
            yield kind
