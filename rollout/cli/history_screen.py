"""How past changes are drawn: a table of them, and one in full."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from rollout.history.audit import PastChange
    from rollout.quantities import Percent

FEW = 2
"""How many routes are named in a row."""


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
        why = "; ".join(filter(None, (_plain(each.why), _plain(each.verdict))))
        who = _plain(each.by or "?").partition("@")[0]
        drawn.add_row(str(each.number), _moment(each.at), _what(each), moves(each), Text(why), Text(who))
    return Group(Text(environment, style="bold"), Padding(drawn, (0, 0, 1, 2)))


def entry(environment: str, found: PastChange) -> RenderableType:
    """One change with all that is known of it."""
    head = Text(f"{environment} {found.number}  ", style="bold").append_text(_what(found))
    drawn = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), show_header=False)
    drawn.add_column(style="dim", no_wrap=True)
    drawn.add_column(overflow="fold")
    said = (
        ("who", _plain(found.by or "not written down")),
        ("why", _plain(found.why)),
        ("verdict", _plain(found.verdict)),
        ("plan", found.plan or ""),
    )
    drawn.add_row("when", f"{_moment(found.at, seconds=True)} UTC")
    for name, text in said:
        if text:
            drawn.add_row(name, Text(text))
    for route, (before, after) in found.moves.items():
        drawn.add_row("traffic", Text(f"{_plain(route)}: {_move(before, after)}"))
    for update in found.updates:
        ended = f" to {_moment(update.end, seconds=True)}" if update.end else ""
        number = f"{update.version}, " if update.version else ""
        drawn.add_row(
            update.stack, f"{update.kind} {number}{update.result}, {_moment(update.start, seconds=True)}{ended}"
        )
    drawn.add_row("message", Text("\n".join(map(_plain, found.message.splitlines()))))
    return Group(head, Padding(drawn, (0, 0, 1, 2)))


def moves(found: PastChange) -> Text:
    """`5 → 10 %` with its routes, or how many; once for routes that move alike."""
    kinds: dict[tuple[Percent | None, Percent], list[str]] = {}
    for route, move in found.moves.items():
        kinds.setdefault(move, []).append(_plain(route))
    if not kinds:
        return Text("" if found.weight is None else f"{found.weight} %", style="dim")
    return Text("\n".join(f"{_move(*move)}  {_some(routes)}" for move, routes in kinds.items()))


def _some(routes: Sequence[str]) -> str:
    return ", ".join(routes) if len(routes) <= FEW else f"{len(routes)} routes"


def _move(before: Percent | None, after: Percent) -> str:
    return f"{'?' if before is None else before} → {after} %"


def _what(found: PastChange) -> Text:
    failed = "" if found.result == "succeeded" else f" {found.result}"
    return Text(_plain(found.what)).append(failed, style="red")


def _moment(time: datetime, *, seconds: bool = False) -> str:
    return f"{time:%Y-%m-%d %H:%M:%S}" if seconds else f"{time:%Y-%m-%d %H:%M}"


def _plain(text: str) -> str:
    """A text that anybody may have written, without what a terminal would act on."""
    return "".join(c if c.isprintable() else "�" for c in text)
