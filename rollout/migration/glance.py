"""What one knows of an environment in five seconds: the words that the dashboard and the terminal share. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from rollout.inventory.quantities import ZERO, Percent


class Mood(StrEnum):
    """How an environment is: each has a colour and a shape. What needs a person most comes first."""

    BACK = "back"  # traffic was taken back
    FAILING = "failing"
    PERSON = "person"  # waits for somebody
    WAITING = "waiting"  # for requests, or a time
    FINE = "fine"
    IDLE = "idle"  # no ramp


SHAPES: Mapping[Mood, str] = {
    Mood.BACK: "↩",
    Mood.FAILING: "✕",
    Mood.PERSON: "!",
    Mood.WAITING: "…",
    Mood.FINE: "✓",
    Mood.IDLE: "○",
}


_URGENCY = {None: "", True: " at once", False: ", but it isn't urgent"}


@dataclass(frozen=True, slots=True)
class Glance:
    """An environment in five seconds.

    Attributes:
        word: How it is, in a few words.
        said: What comes next and on what condition, in a sentence.
        waits_for: What or whom it waits for.
        command: What a person runs next, or may run; None if nothing.
        to: What for, in a few words; empty where the command says so.
        is_urgent: Whether the person must act at once; None where that is no question.
    """

    mood: Mood
    word: str
    said: str
    waits_for: str = "nothing"
    command: str | None = None
    to: str = ""
    is_urgent: bool | None = None

    @property
    def needs_person(self) -> bool:
        """Whether nothing goes on until a person acts."""
        return self.waits_for == "a person"

    @property
    def act(self) -> tuple[str, str, str]:
        """Who must act, how, up to the command if there is one, and what for; all are empty where nothing waits."""
        who = f"A person must act{_URGENCY[self.is_urgent]}" if self.needs_person else "Nobody needs to act"
        if self.command:
            return who, ": run " if self.needs_person else "; you can run ", f" to {self.to}." if self.to else "."
        if self.needs_person:
            return who, ".", ""
        return ("", "", "") if self.waits_for == "nothing" else (who, f": it waits for {self.waits_for}.", "")

    @property
    def shape(self) -> str:
        """The mood, for those who see no colours."""
        return SHAPES[self.mood]


def steps_of(steps: Iterable[Percent], weight: Percent, mood: Mood) -> Iterator[tuple[Percent, str]]:
    """A ramp's steps and the present weight, rising, each `done`, `now`, `next` or `later`."""
    to_come = iter(("later",) if mood in (Mood.BACK, Mood.FAILING) else ("next",))
    for step in sorted({ZERO, *steps, weight}):
        yield step, "done" if step < weight else "now" if step == weight else next(to_come, "later")
