"""Changes of resources: one line each, and the count of each kind."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from rich.text import Text

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


def counts(preview: StackPreview) -> str:
    """How many of each operation, in words."""
    found = Counter(change.op for change in preview.changes)
    parts = [f"{count} to {SYMBOLS[op][2]}" for op, count in found.items()]
    return ", ".join([*parts, f"{preview.unchanged} unchanged"])


def change(step: Change, *, adopted: bool = False) -> Text:
    """One resource's change on a line.

    Args:
        step: The change.
        adopted: Whether the resource is adopted just before.
    """
    symbol, style, words = SYMBOLS[step.op]
    if adopted:
        symbol, style = "=~", "cyan"
    line = Text().append(f"{symbol} ", style=style).append(f"{step.type.rsplit(':', 1)[-1]} ", style="dim")
    line.append(step.name)
    what = ", ".join(step.properties) or ("" if step.op in (Op.CREATE, Op.UPDATE) else words)
    if adopted and step.op is Op.UPDATE:
        what = f"adopted unchanged, then changed in place: {what}"
    return line.append(f"  {what}", style="dim") if what else line
