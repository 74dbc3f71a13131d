"""What the dashboard shows at a glance, in a terminal: how it is, the steps, what comes next, and the facts.

Each mood has a word, a colour and a shape, and the present step has brackets, so nothing is said by colour alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from rich.console import ConsoleOptions, RenderableType
from rich.padding import Padding
from rich.text import Text

from rollout.cli.console import indented
from rollout.cli.screens.layout import table
from rollout.inventory.quantities import ZERO, Percent
from rollout.migration.glance import SHAPES, Glance, Mood

COLOURS: Mapping[Mood, str] = {
    Mood.BACK: "bold magenta",
    Mood.FAILING: "bold red",
    Mood.PERSON: "bold yellow",
    Mood.WAITING: "bold cyan",
    Mood.FINE: "bold green",
    Mood.IDLE: "bold",
}
_ASCII = {"↩": "<", "✕": "x", "…": ".", "✓": "+", "○": "o"}
_STYLES = {"done": "green", "now": "bold", "next": "cyan", "later": "dim"}
_BARS = {"done": "━", "now": "█", "next": "┅", "later": "─", "none": "░"}
_PLAIN_BARS = {"done": "=", "now": "#", "next": ".", "later": "-", "none": ":"}
_WIDEST = 16
"""The columns of a step's bar at most."""
NARROW = 60
"""Below so many columns a fact begins a line of its own, and what needs no person is left out."""

Steps = Sequence[tuple[Percent, str]]


def shape(mood: Mood, *, is_plain: bool = False) -> Text:
    """A mood's shape in its colour."""
    return Text(_ASCII.get(SHAPES[mood], SHAPES[mood]) if is_plain else SHAPES[mood], style=COLOURS[mood])


def top(now: Glance, weight: str, steps: Steps, options: ConsoleOptions) -> Iterator[RenderableType]:
    """The word, the weight, the steps, what comes next, and who must act."""
    is_plain = options.ascii_only
    head = shape(now.mood, is_plain=is_plain).append(f" {now.word}")
    yield _set_in(head.append(f"  {weight}", style="bold not dim").append(" on the candidate", style="not bold"))
    if steps:
        yield _set_in(bar(steps, options.max_width - 2, is_plain=is_plain))
    yield _set_in(Text(now.said))
    who, how, tail = now.act
    if now.command or (who and options.max_width >= NARROW):
        yield _set_in(Text.assemble((who, "bold"), how, (now.command or "", "bold"), tail))


def bar(steps: Steps, width: int, *, is_plain: bool = False) -> Text:
    """The steps as a bar over their names; where there is no room for it, on one line."""
    names = [_named(step, state) for step, state in steps]
    each, marks = min(width // len(steps), _WIDEST), _PLAIN_BARS if is_plain else _BARS
    if each <= max(map(len, names)):
        return in_a_line(steps, width, is_plain=is_plain)
    drawn, below = Text(no_wrap=True), Text(no_wrap=True)
    for (step, state), name in zip(steps, names, strict=True):
        mark = marks["none" if state == "now" and step == ZERO else state]
        drawn.append(f"{mark * (each - 1)} ", style=_STYLES[state])
        below.append(f"{name:<{each}}", style=_STYLES[state])
    return drawn.append("\n").append_text(below)


def in_a_line(steps: Steps, width: int, *, is_plain: bool = False) -> Text:
    """The steps one after the other, those far from the present one left out where there is no room."""
    marks = _PLAIN_BARS if is_plain else _BARS
    present = next((n for n, (_, state) in enumerate(steps) if state == "now"), 0)
    for near in range(len(steps), 0, -1):
        line = Text(no_wrap=True)
        kept = [n for n in range(len(steps)) if n in (0, len(steps) - 1) or abs(n - present) <= near]
        for before, n in zip([-1, *kept], kept, strict=False):
            step, state = steps[n]
            mark = marks["done" if state == "now" else state]
            gap = f" {mark} " if n == before + 1 else f" {mark} {'..' if is_plain else '…'} {mark} "
            line.append(gap if n else "", style=_STYLES[state])
            line.append(f"[{step}]" if state == "now" else str(step), style=_STYLES[state])
        line.append(" %")
        if len(line) <= width:
            break
    return line


def facts(found: Iterable[tuple[str, str]], width: int) -> RenderableType:
    """What there is to know, a name before each."""
    rows = table(show_header=False)
    if width < NARROW:
        rows.add_column(overflow="fold")
        for name, said in found:
            rows.add_row(indented(Text(f"{name}: ", style="dim").append(said, style="not dim"), "  "))
    else:
        rows.add_column(style="dim", no_wrap=True)
        rows.add_column(overflow="fold")
        for name, said in found:
            rows.add_row(name, Text(said))
    return _set_in(rows)


def _set_in(drawn: RenderableType) -> Padding:
    return Padding(drawn, (0, 0, 0, 2), expand=False)


def _named(step: Percent, state: str) -> str:
    return f"[{step} %]" if state == "now" else f"{step} % {state}" if state == "next" else f"{step} %"
