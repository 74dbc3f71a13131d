"""Questions at a terminal, repeated until the answer is valid."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import TypeVar

from rich.text import Text

from rollout.base.printable import one_line
from rollout.cli.console import indented, standard_output
from rollout.errors import GateRefused, UsageError

T = TypeVar("T")


def is_terminal() -> bool:
    """Whether standard input is a terminal."""
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
                "the input ended before all answers; nothing was written",
                hint="each question has a flag: see --help",
                code="unanswered",
            ) from None
        try:
            return read(said)
        except (ValueError, UsageError) as error:
            standard_output().print(indented(Text(f"  {error}")))


def read_yes_or_no(text: str) -> bool:
    """Whether an answer means yes.

    Raises:
        ValueError: It means neither.
    """
    if text.lower() not in ("yes", "y", "no", "n"):
        raise ValueError("yes or no")
    return text.lower().startswith("y")


def show_choices(title: str, lines: Sequence[str]) -> None:
    """Show what can be chosen, with the numbers that choose it."""
    width = len(str(len(lines)))
    show_lines(title, [f"{number:>{width}}  {line}" for number, line in enumerate(lines, 1)])


def show_lines(title: str, lines: Sequence[str]) -> None:
    """Show what nobody chooses from, without numbers."""
    out = standard_output()
    out.print(f"\n{title}")
    for line in lines:
        out.print(indented(Text(f"  {line}")), soft_wrap=True)
