"""Past changes: a table of them, and one in full."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from rich.text import Text

from rollout.base.plain import plain
from rollout.cli.people import People
from rollout.cli.screens import as_data, show
from rollout.cli.screens.layout import block, table
from rollout.state.history import words
from rollout.state.history.audit import PastChange


@dataclass(frozen=True, slots=True)
class PastChanges:
    """Changes, latest first; in JSON each is an event, latest last."""

    environment: str
    changes: Sequence[PastChange]


@dataclass(frozen=True, slots=True)
class PastChangeInFull:
    """One change in full."""

    environment: str
    change: PastChange


@as_data.register
def _changes(found: PastChanges) -> Iterator[dict[str, Any]]:
    for change in reversed(found.changes):
        yield from as_data(PastChangeInFull(found.environment, change))


@as_data.register
def _change(found: PastChangeInFull) -> Iterator[dict[str, Any]]:
    yield {"event": "past-change", "environment": found.environment, **plain(found.change)}


@show.register
def history(found: PastChanges, to: People) -> None:
    """A row a change, the latest first."""
    if not found.changes:
        to.draw(Text(f"{found.environment} has no history: nothing was deployed yet"))
        return
    drawn = table()
    drawn.add_column("", justify="right", no_wrap=True)
    drawn.add_column("when (UTC)", no_wrap=True)
    drawn.add_column("what", no_wrap=True)
    for column in ("from → to", "why"):
        drawn.add_column(column, overflow="fold")
    drawn.add_column("who", overflow="fold", style="dim")
    for each in reversed(found.changes):
        who = words.plain(each.by or "?").partition("@")[0]
        moved = Text("\n".join(words.moves(each)), style="" if each.moves else "dim")
        drawn.add_row(str(each.number), _moment(each.at), _what(each), moved, Text(words.why(each)), Text(who))
    to.draw(block(Text(found.environment, style="bold"), drawn))


@show.register
def entry(shown: PastChangeInFull, to: People) -> None:
    """One change with all that is known of it."""
    found = shown.change
    head = Text(f"{shown.environment} {found.number}  ", style="bold").append_text(_what(found))
    drawn = table(show_header=False)
    drawn.add_column(style="dim", no_wrap=True)
    drawn.add_column(overflow="fold")
    said = (
        ("who", words.plain(found.by or "not recorded")),
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
    to.draw(block(head, drawn))


def _what(found: PastChange) -> Text:
    return Text(words.what(found)).append(f" {found.failure}" if found.failure else "", style="red")


def _moment(time: datetime, *, seconds: bool = False) -> str:
    return f"{time:%Y-%m-%d %H:%M:%S}" if seconds else f"{time:%Y-%m-%d %H:%M}"
