"""Whole answers side by side, of groups that differ."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from rollout.base.formatting import count_of
from rollout.cli.people import People
from rollout.cli.screens import show
from rollout.cli.screens.layout import table
from rollout.parity.explained import Explanation
from rollout.parity.pairs import AnswerPair, PairLine, lines_left_out


@show.register
def explanation(found: Explanation, to: People) -> None:
    """Each group, and its pairs."""
    for each in found.groups:
        counts = count_of(each.difference.requests, "request")
        head = Text(f"{each.group}  ", style="bold").append(f"{each.difference.place}: {counts}", style="not bold")
        to.draw(Group(head, *map(_pair, each.pairs), *([] if each.pairs else [_NONE]), Text()))
    if not found.groups:
        to.draw(Text(f"{found.environment}: nothing differs"))


_NONE = Text("  its requests aren't among the sources any more, or must not be sent again", style="yellow")


def _pair(pair: AnswerPair) -> RenderableType:
    sides = table("", "legacy", "candidate", header_style="dim")
    for line in pair.lines:
        sides.add_row(*_sides(line), style="" if line.differs else "dim")
    return Padding(Group(Text(pair.request), sides), (1, 0, 0, 2))


def _sides(line: PairLine) -> tuple[Text, Text, Text]:
    if line.left_out:
        return Text(), Text(lines_left_out(line)), Text()
    return (
        Text("≠" if line.differs else "", style="red"),
        Text(line.legacy or "", style="red" if line.differs else ""),
        Text(line.candidate or "", style="green" if line.differs else ""),
    )
