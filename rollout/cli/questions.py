"""Questions to somebody at a terminal: what is said is read until it can be meant."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import TypeVar

from rich.text import Text

from rollout.cli.console import indented, standard_output
from rollout.errors import GateRefused, UsageError
from rollout.printable import one_line

T = TypeVar("T")


def is_terminal() -> bool:
    """Whether somebody is there to be asked."""
    return sys.stdin.isatty() and sys.stdout.isatty()


def ask(question: str, read: Callable[[str], T], *, default: str | None = None) -> T:
    """Ask until the answer can be read.

    Args:
        question: In words; the default is shown behind it.
        read: Makes a value of the answer; its ValueError or UsageError says what can't be meant.
        default: What nothing means; None where something has to be said.

    Raises:
        GateRefused: The input ended.
    """
    hint = f" [{default}]" if default is not None else ""
    while True:
        try:
            said = input(one_line(f"{question}{hint} ")).strip() or default or ""
        except EOFError:
            print()  # noqa: T201 - the cursor is behind the question
            raise GateRefused(
                "the questions aren't answered; nothing was written",
                then="each has a flag: see --help",
                code="unanswered",
            ) from None
        try:
            return read(said)
        except (ValueError, UsageError) as error:
            standard_output().print(indented(Text(f"  {error}")))


def listed(title: str, lines: Sequence[str]) -> None:
    """Show what can be chosen, with its numbers."""
    out, width = standard_output(), len(str(len(lines)))
    out.print(f"\n{title}")
    for number, line in enumerate(lines, 1):
        out.print(indented(Text(f"  {number:>{width}}  {line}")), soft_wrap=True)
