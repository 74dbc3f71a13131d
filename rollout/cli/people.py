"""Output for people: lines that stay, and a last line that changes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from rich.text import Text

from rollout.base.formatting import count_of
from rollout.base.printable import one_line
from rollout.cli import screens
from rollout.cli.console import standard_error, standard_output
from rollout.cli.render import Renderer
from rollout.cli.screens.layout import Hanging, alike

if TYPE_CHECKING:
    from rich.console import RenderableType

    from rollout.cli.screens.ramp import RampAtAGlance
    from rollout.migration.gates import Gate

Part = str | tuple[str, str]
"""A piece of a line: a text, or a text and its style."""


class Moving(Protocol):
    """What moves at the end of the screen."""

    def stop(self) -> None:
        """Take it away."""


@dataclass(frozen=True, slots=True)
class Named:
    """What became of one of several things.

    Attributes:
        noun: What it is: `route`.
        name: Its name.
        said: What became of it.
    """

    noun: str
    name: str
    said: tuple[Part, ...]


class People(Renderer):
    """Writes for a person, in a terminal of any width or into a pipe.

    Args:
        patience: See `renderer`.

    Attributes:
        moving: What moves at the end of the screen, if anything does.
        verified: How many rules of this phase were read back.
        ramp: How the ramp that runs is at a glance; None in a pipe.
    """

    def __init__(self, patience: float | None = None) -> None:
        self.out, self.err = standard_output(patience), standard_error(patience)
        self.moving: Moving | None = None
        self.verified = 0
        self.ramp: RampAtAGlance | None = None
        self._seen: set[str] = set()
        self._gathered: list[Named] = []
        self._tells_apart = False

    def __call__(self, shown: object) -> None:
        screens.load(shown)
        screens.show(shown, self)

    def draw(self, drawn: RenderableType) -> None:
        """Print something below what is there; nothing moves any more but a ramp at a glance, which stays below it."""
        if self.ramp is None or self.moving is not self.ramp:
            self.rest()
        self.out.print(drawn)

    def once(self, what: str, drawn: RenderableType) -> None:
        """Print what wasn't printed since the last `forget`."""
        if what not in self._seen:
            self._seen.add(what)
            self.draw(drawn)

    def forget(self) -> None:
        """Let `once` print everything again."""
        self._seen.clear()

    def done(self, *parts: Part) -> None:
        """Say what is done."""
        self._marked(("✓", "green"), parts)

    def warn(self, *parts: Part) -> None:
        """Say what to know."""
        self._marked(("!", "yellow"), parts)

    def begin(self) -> None:
        """A phase begins."""
        self.rest()
        self.verified, self._tells_apart = 0, False

    def gather(self, done: Named) -> None:
        """Say what is done with one of several things, together with what comes after it and is alike."""
        if not self._gathered:
            self.rest()
        self._gathered.append(done)
        self._turn(f"{count_of(len(self._gathered), done.noun)} done")

    def tell_apart(self) -> None:
        """Something went wrong: each thing that is done is named, from now on and of those before."""
        self._tells_apart = True
        self.rest()

    def _say_gathered(self) -> None:
        gathered, self._gathered = self._gathered, []
        for group in alike(gathered, lambda each: (each.noun, each.said), whole=self._tells_apart):
            first = group[0]
            self.done(first.name if len(group) == 1 else count_of(len(group), first.noun), ": ", *first.said)

    def _marked(self, mark: Part, parts: Sequence[Part]) -> None:
        """A line behind a mark."""
        self.draw(Hanging(Text.assemble(*parts), Text.assemble(mark)))

    def commands(self, commands: Sequence[str]) -> None:
        """Show what is to be copied: each is one line, however narrow the terminal."""
        for command in commands:
            self.out.print(Text(f"      {one_line(command)}"), soft_wrap=True)

    def move(self, moving: Moving) -> None:
        """Let something move at the end of the screen, in the place of what did."""
        self.rest()
        self.moving = moving

    def busy(self, text: str) -> None:
        if self._gathered:
            self.rest()
        self._turn(text)

    def _turn(self, text: str) -> None:
        """A line that moves, in a terminal; elsewhere nothing, as what follows says it."""
        if not self.out.is_terminal:
            return
        from rich.status import Status

        line = Text(one_line(text))
        if isinstance(self.moving, Status):
            self.moving.update(line)
            return
        if self.moving is not None:
            self.moving.stop()
        self.moving = status = self.out.status(line)
        status.start()

    def rest(self) -> None:
        """Take away what moves, and say what was gathered."""
        moving, self.moving = self.moving, None
        if moving is not None:
            moving.stop()
        if self._gathered:
            self._say_gathered()

    def close(self) -> None:
        left = self.ramp.left() if self.ramp and self.moving is self.ramp else None
        self.rest()
        if left:
            self.draw(left)

    def ask(self, gate: Gate) -> bool:
        yes = (gate.environment,) if gate.by_name else ("yes", "y")
        how = f"type {yes[0]} to apply it" if gate.by_name else yes[0]
        while True:
            try:
                said = input(f"Apply this to {gate.environment}? {how} / no / details [no] ").strip()
            except EOFError:
                return False
            if (said if gate.by_name else said.lower()) in yes:
                return True
            if said.lower() in ("", "no", "n"):
                return False
            if said.lower() in ("details", "d"):
                from rollout.cli.screens.gate import Details

                self(Details(gate))
            else:
                self.out.print(f"Answer {yes[0]}, no or details.")
