"""Renders events, results and errors, for people or as one JSON object per line.

`screens` has the form of each, by its type.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rollout.base.printable import json_line
from rollout.cli import screens
from rollout.cli.output import Output
from rollout.errors.redaction import redacted_in

if TYPE_CHECKING:
    from rollout.migration.gates import Gate


def renderer(*, json: bool, patience: float | None = None) -> Renderer:
    """The reader that fits.

    Args:
        json: Whether a machine reads.
        patience: The seconds to wait for a blocked screen or pipe; None waits forever.
    """
    if json:
        return JsonLines(patience)
    from rollout.cli.people import People

    return People(patience)


@dataclass(frozen=True, slots=True)
class Said:
    """A sentence of a command."""

    message: str


@dataclass(frozen=True, slots=True)
class Chapter:
    """A part of a story begins."""

    title: str


class Renderer:
    """A reader of events, results and errors."""

    def __call__(self, shown: object) -> None:
        """Show something, by what it is."""
        raise NotImplementedError

    def say(self, text: str) -> None:
        """Say a sentence."""
        self(Said(text))

    def chapter(self, title: str) -> None:
        """Begin a part of a story."""
        self(Chapter(title))

    def busy(self, text: str) -> None:
        """Say how far something is, where a line can move."""

    def ask(self, gate: Gate) -> bool:  # noqa: ARG002 - a machine never says yes
        """Ask somebody at the terminal."""
        return False

    def close(self) -> None:
        """Leave the terminal as it was."""


class JsonLines(Renderer):
    """Writes each as a JSON object on a line of its own.

    Args:
        patience: See `renderer`.
    """

    def __init__(self, patience: float | None = None) -> None:
        self._out = Output("stdout", patience=patience)

    def __call__(self, shown: object) -> None:
        if type(shown).__name__ in screens.RESULTS:  # others have no form of their own for machines
            screens.load(shown)
        for data in screens.as_data(shown):
            self._write(data)

    def _write(self, data: dict[str, Any]) -> None:
        self._out.write(json_line(redacted_in(data)) + "\n")
