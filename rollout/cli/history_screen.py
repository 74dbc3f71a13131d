"""How past changes are drawn: a table of them, and one in full."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from rollout.state.history import words

if TYPE_CHECKING:
    from rollout.state.history.audit import PastChange


def table(environment: str, found: Sequence[PastChange]) -> RenderableType:
    """A row a change, the latest first."""
    if not found:
        return Text(f"{environment} has no history: nothing was deployed yet")
    drawn = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    drawn.add_column("", justify="right", no_wrap=True)
    drawn.add_column("when (UTC)", no_wrap=True)
    drawn.add_column("what", no_wrap=True)
    drawn.add_column("from → to", overflow="fold")
    drawn.add_column("why", overflow="fold")
    drawn.add_column("who", overflow="fold", style="dim")
    for each in reversed(found):
        who = words.plain(each.by or "?").partition("@")[0]
        moved = Text("\n".join(words.moves(each)), style="" if each.moves else "dim")
        drawn.add_row(str(each.number), _moment(each.at), _what(each), moved, Text(words.why(each)), Text(who))
    return Group(Text(environment, style="bold"), Padding(drawn, (0, 0, 1, 2)))


def entry(environment: str, found: PastChange) -> RenderableType:
    """One change with all that is known of it."""
    head = Text(f"{environment} {found.number}  ", style="bold").append_text(_what(found))
    drawn = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), show_header=False)
    drawn.add_column(style="dim", no_wrap=True)
    drawn.add_column(overflow="fold")
    said = (
        ("who", words.plain(found.by or "not written down")),
        ("why", words.plain(found.why)),
        ("verdict", words.plain(found.verdict)),
        ("plan", found.plan or ""),
    )
    drawn.add_row("when", f"{_moment(found.at, seconds=True)} UTC")
    for name, text in said:
        if text:
            drawn.add_row(name, Text(text))
    for route, (before, after) in found.moves.items():
        drawn.add_row("traffic", Text(f"{words.plain(route)}: {words.move(before, after)}"))
    for update in found.updates:
        ended = f" to {_moment(update.end, seconds=True)}" if update.end else ""
        number = f"{update.version}, " if update.version else ""
        drawn.add_row(
            update.stack, f"{update.kind} {number}{update.result}, {_moment(update.start, seconds=True)}{ended}"
        )
    drawn.add_row("message", Text("\n".join(map(words.plain, found.message.splitlines()))))
    return Group(head, Padding(drawn, (0, 0, 1, 2)))


def _what(found: PastChange) -> Text:
    return Text(words.what(found)).append(f" {found.failure}" if found.failure else "", style="red")


def _moment(time: datetime, *, seconds: bool = False) -> str:
    return f"{time:%Y-%m-%d %H:%M:%S}" if seconds else f"{time:%Y-%m-%d %H:%M}"
