"""The console: Rich without markup, and without control characters but Rich's own.

Texts come from AWS, functions and other tools, through dozens of tables and sentences. All of them leave through this
module, so no caller can forget it; a test checks that there is no other console.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import IO, Any, cast

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.status import Status
from rich.text import Text

from rollout.base.printable import printable
from rollout.cli.output import Output

PIPED = 200
"""The assumed width of a pipe."""


class SafeConsole(Console):
    """Rich's console, by which text is only text: no markup, no emoji, no control characters but Rich's own.

    Args:
        given: See Rich's console.
    """

    def __init__(self, **given: Any) -> None:
        super().__init__(markup=False, emoji=False, highlight=False, **given)

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """See Rich's; everything that is printed comes by here, in pieces that are text or Rich's control."""
        for piece in super().render(renderable, options):
            safe = piece.control or piece.text.isprintable()
            yield piece if safe else Segment(printable(piece.text), piece.style)

    def status(self, status: RenderableType, **given: Any) -> Status:
        """See Rich's; its spinner takes a string for markup, whatever the console says."""
        return super().status(Text(status) if isinstance(status, str) else status, **given)


def indented(text: Text, indent: str = "    ") -> Text:
    """A line whose further lines are set off, so that none of a text from outside looks like a line of ours."""
    return Text(f"\n{indent}").join(text.split("\n", allow_blank=False))


def standard_output(patience: float | None = None) -> SafeConsole:
    """A console on standard output, which folds nothing in a pipe.

    Args:
        patience: The seconds to wait for a reader; None waits forever.
    """
    piped = not Output("stdout").isatty()
    width = PIPED if piped and "COLUMNS" not in os.environ else None
    return _console(Output("stdout", patience=patience, unpadded=piped), soft_wrap=piped, width=width)


def standard_error(patience: float | None = None) -> SafeConsole:
    """A console on standard error; see `standard_output`."""
    out = Output("stderr", patience=patience)
    return _console(out, soft_wrap=not out.isatty())


def _console(out: Output, **given: Any) -> SafeConsole:
    return SafeConsole(file=cast("IO[str]", out), **given)
