"""Changes of resources: one line each, and the count of each kind."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TypeVar

from rich.text import Text

from rollout.cli.screens.layout import alike
from rollout.state.plan import Change, Op, StackPreview

SYMBOLS: Mapping[Op, tuple[str, str, str]] = {
    Op.CREATE: ("+", "green", "create"),
    Op.UPDATE: ("~", "yellow", "change in place"),
    Op.IMPORT: ("=", "cyan", "adopt"),
    Op.RELEASE: ("o", "cyan", "release (stays on AWS)"),
    Op.STATE: ("·", "dim", "mark in the state"),
    Op.REPLACE: ("±", "bold red", "replace"),
    Op.DELETE: ("-", "bold red", "delete"),
    Op.OTHER: ("?", "bold red", "unknown"),
    Op.SAME: (" ", "dim", "leave"),
}
T = TypeVar("T")


def counts(preview: StackPreview) -> str:
    """How many of each operation, in words."""
    found = Counter(change.op for change in preview.changes)
    parts = [f"{count} to {SYMBOLS[op][2]}" for op, count in found.items()]
    return ", ".join([*parts, f"{preview.unchanged} unchanged"])


def change(step: Change, name: str | None = None, *, adopted: bool = False) -> Text:
    """One resource's change on a line.

    Args:
        step: The change.
        name: What stands for its name, if it stands for several.
        adopted: Whether the resource is adopted just before.
    """
    symbol, style, words = SYMBOLS[step.op]
    if adopted:
        symbol, style = "=~", "cyan"
    line = Text().append(f"{symbol} ", style=style).append(f"{step.type.rsplit(':', 1)[-1]} ", style="dim")
    line.append(name or step.name)
    what = ", ".join(step.properties) or ("" if step.op in (Op.CREATE, Op.UPDATE) else words)
    if adopted and step.op is Op.UPDATE:
        what = f"adopted unchanged, then changed in place: {what}"
    return line.append(f"  {what}", style="dim") if what else line


def folded(
    made: Iterable[T], change_of: Callable[[T], Change], line: Callable[[T, str | None], Text]
) -> Iterator[Text]:
    """A line for each, or for all that are alike; with `-v`, and of what AWS deletes, always a line for each.

    Args:
        change_of: Gives the change of each.
        line: Draws one; its second argument is what stands for the name of several.
    """
    for group in alike(made, lambda each: _kind(change_of(each))):
        if len(group) == 1:
            yield line(group[0], None)
        else:
            yield line(group[-1], f"({len(group)})")


def _kind(step: Change) -> tuple[object, ...]:
    """What is the same of changes that are alike; what AWS deletes is like nothing else."""
    alone = step.urn if step.op in (Op.DELETE, Op.REPLACE, Op.OTHER) else None
    return step.op, step.type, step.properties, alone
