"""A running update: finished resources, and below them those in progress, with times."""

from __future__ import annotations

from time import monotonic

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.spinner import Spinner
from rich.text import Text

from rollout.cli.screens.changes import change
from rollout.migration.events import ResourceChanged, ResourceStarted, StepStarted

MOST = 8
"""The number of resources in progress that are shown."""

_MINUTE, _NOTABLE = 60, 0.05


def duration(seconds: float | None) -> str:
    """`0.4 s`, or `2 min 5 s`; nothing where it was none, or nobody timed it."""
    if seconds is None or seconds < _NOTABLE:
        return ""
    if seconds < _MINUTE:
        return f"{seconds:.1f} s"
    return f"{int(seconds) // _MINUTE} min {int(seconds) % _MINUTE} s"


def done(event: ResourceChanged) -> Text:
    """One resource that is done."""
    line = Text().append("    ").append_text(change(event.change))
    return line.append(f"  {duration(event.took)}".rstrip(), style="dim")


class RunningUpdate:
    """A stack's update in a terminal; elsewhere nothing, as the lines of what is done say it.

    Args:
        console: Where it is drawn.
        event: The step that began.
    """

    def __init__(self, console: Console, event: StepStarted) -> None:
        self._event = event
        self._since = monotonic()
        self._finished = 0
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

    def stop(self) -> None:
        """Take what moves away."""
        self._live.stop()

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
