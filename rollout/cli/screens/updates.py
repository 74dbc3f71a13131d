"""A running update: finished resources, and below them those in progress, with times."""

from __future__ import annotations

from time import monotonic

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.spinner import Spinner
from rich.text import Text

from rollout.cli.screens.changes import change, folded
from rollout.migration.events import ResourceChanged, ResourceStarted, StepStarted

MOST = 8
"""The number of resources in progress that are shown."""

_MINUTE, _NOTABLE = 60, 0.05
_QUIET = 10
"""The seconds after which a log says what is done so far."""


def duration(seconds: float | None) -> str:
    """`0.4 s`, or `2 min 5 s`; nothing where it was none, or nobody timed it."""
    if seconds is None or seconds < _NOTABLE:
        return ""
    if seconds < _MINUTE:
        return f"{seconds:.1f} s"
    return f"{int(seconds) // _MINUTE} min {int(seconds) % _MINUTE} s"


def done(event: ResourceChanged, name: str | None = None) -> Text:
    """One resource that is done, or several that are alike, with the time of the last."""
    line = Text().append("    ").append_text(change(event.change, name))
    return line.append(f"  {duration(event.took)}".rstrip(), style="dim")


class RunningUpdate:
    """A stack's update: what moves in a terminal, then the lines of what is done.

    Args:
        console: Where it is drawn.
        event: The step that began.
    """

    def __init__(self, console: Console, event: StepStarted) -> None:
        self._event = event
        self._since = monotonic()
        self._finished = 0
        self._console, self._said, self._unsaid = console, self._since, list[ResourceChanged]()
        self._spinner = Spinner("dots")
        self._at_work: dict[str, tuple[Text, float]] = {}
        self._live = Live(console=console, get_renderable=self.drawn, refresh_per_second=8, transient=True)
        if console.is_terminal:
            self._live.start()

    def begin(self, event: ResourceStarted) -> None:
        """A resource is at work."""
        self._at_work[event.change.urn] = (change(event.change), monotonic())

    def finish(self, event: ResourceChanged) -> None:
        """A resource is done."""
        self._at_work.pop(event.change.urn, None)
        self._finished += 1
        self._unsaid.append(event)
        if not self._console.is_terminal and monotonic() - self._said > _QUIET:
            self._say(whole=False)

    def complete(self) -> None:
        """Say what is done, now that all is: what is alike has one line."""
        self._live.stop()
        self._say(whole=False)

    def stop(self) -> None:
        """Take what moves away; after a failure each resource that is done has its line."""
        self._live.stop()
        self._say(whole=True)

    def _say(self, *, whole: bool) -> None:
        lines = map(done, self._unsaid) if whole else folded(self._unsaid, lambda event: event.change, done)
        for line in lines:
            self._console.print(line)
        self._unsaid.clear()
        self._said = monotonic()

    def drawn(self) -> RenderableType:
        """How far it is, and what is at work."""
        now, event = monotonic(), self._event
        done = f"{min(self._finished, event.changes)} of {event.changes}  {duration(now - self._since)}"
        self._spinner.update(text=Text(f"{event.stack}: {event.summary}  ").append(done, style="dim"))
        rows: list[RenderableType] = [self._spinner]
        at_work = list(self._at_work.values())
        for line, since in at_work[:MOST]:
            row = Text("    ", no_wrap=True, overflow="ellipsis").append_text(line)
            rows.append(row.append(f"  {duration(now - since)}", style="dim"))
        if more := len(at_work) - MOST:
            rows += [Text(f"    and {more} more", style="dim")] if more > 0 else []
        return Group(*rows)
