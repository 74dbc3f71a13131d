"""A ramp: a line for each time that something else is so, and below them, while it waits, how it is at a glance."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.live import Live
from rich.padding import Padding
from rich.text import Text

from rollout.analysis.verdicts import Verdict, called
from rollout.cli.console import indented
from rollout.cli.screens import glance as drawing
from rollout.cli.screens.layout import is_verbose, warning
from rollout.inventory.quantities import Percent
from rollout.migration import events
from rollout.migration.glance import Mood, steps_of

MOST = 4  # findings, of which a hundred routes have hundreds
_MARKS = {
    Verdict.PASS: ("✓", "green"),
    Verdict.FAIL: ("✗", "bold red"),
    Verdict.INCONCLUSIVE: ("…", "yellow"),
    Verdict.NO_DATA: ("?", "yellow"),
}
_NOTED = {
    "paused": "paused: no raise until `rollout resume`",
    "resumed": "resumed",
    "wait-skipped": "the bake is skipped: the next step comes at the first Pass",
}


Milestone = events.RampPickedUp | events.RampRaised | events.RampFailed | events.RampFinished


def milestone(event: Milestone) -> RenderableType:
    """Where a ramp has come to."""
    match event:
        case events.RampPickedUp():
            since = f" since {event.since:%Y-%m-%d %H:%M} UTC" if event.since else ""
            head = Text(f"ramp {event.environment}", style="bold").append(f"  at {event.weight} %{since}", style="none")
            return Group(head, Steps(event), *([warning(event.note)] if event.note else ()))
        case events.RampRaised():
            return _line("✓", "green", f"at {event.weight} % now: ", event.sentence)
        case events.RampFailed():
            return _line("✗", "bold red", f"failed at {event.weight} %, {event.outcome}: ", event.sentence)
        case events.RampFinished():
            return _line("✓", "green", f"the ramp has finished at {event.weight} %: ", event.sentence)


class Steps:
    """A ramp's steps on a line.

    Args:
        event: Where it is.
    """

    def __init__(self, event: events.RampPickedUp) -> None:
        self._steps = [*steps_of(event.steps, event.weight, Mood.FINE)]

    def __rich_console__(self, _console: Console, options: ConsoleOptions) -> RenderResult:
        """See Rich's protocol."""
        line = drawing.in_a_line(self._steps, options.max_width - 4, is_plain=options.ascii_only)
        yield Padding(line, (0, 0, 0, 4), expand=False)


def judged(event: events.Judged) -> RenderableType:
    """A verdict in a line, and what it rests on, as far as there is room."""
    judgement = event.judgement
    mark, style = _MARKS[judgement.verdict]
    rows = [_line(mark, style, f"{event.weight} %, {judgement.verdict}: ", judgement.sentence)]
    for finding in judgement.findings[1 : MOST + 1]:
        mark, style = _MARKS[finding.verdict]
        rows.append(
            Text("    ").append(mark, style=style).append(f" {called(finding.routes)}: ").append(finding.sentence)
        )
    if len(judgement.findings) > MOST + 1:
        rows.append(Text(f"      and {len(judgement.findings) - MOST - 1} more", style="dim"))
    rows += [Text(f"      {note}", style="dim") for note in judgement.notes]
    return Group(*rows)


def is_told(event: events.Judged) -> bool:
    """Whether a verdict has lines of its own: else what the ramp does next says it."""
    return event.judgement.verdict is Verdict.FAIL or is_verbose()


def waiting(event: events.RampWaiting) -> RenderableType:
    """What a ramp waits for, and with `-v` what is known beside it."""
    seen = event.glance
    if seen is None:
        return Text(f"    {event.weight} %, {event.state}: {event.sentence}")
    line = _line(seen.shape, drawing.COLOURS[seen.mood], f"{event.weight} %, {_small(seen.word)}: ", seen.said)
    run = [Text(f"    → `{seen.command}`")] if seen.command else []
    known = [indented(Text(f"    {name}: {said}", style="dim")) for name, said in _facts(event)] if is_verbose() else []
    return Group(line, *run, *known)


def noted(event: events.RampNoted) -> str:
    """A control of a ramp."""
    match event.what:
        case "approved":
            said = f"{event.by} approved {event.weight} %"
        case "frozen":
            said = f"frozen until {event.until:%Y-%m-%d %H:%M} UTC: no raise before"
        case _:
            said = _NOTED.get(event.what, event.what)
    return f"{event.environment}: {said}"


class RampAtAGlance:
    """What stands at the end of a terminal's lines while a ramp waits, as the dashboard shows it.

    Args:
        console: Where it is drawn.
        steps: The ramp's.

    Attributes:
        judged: The last verdict.
        seen: What the last look came to.
    """

    def __init__(self, console: Console, steps: tuple[Percent, ...]) -> None:
        self.judged: events.Judged | None = None
        self.seen: events.RampWaiting | None = None
        self._console, self._steps = console, steps
        self._live: Live | None = None

    def start(self) -> None:
        """Show it."""
        self._live = Live(console=self._console, get_renderable=lambda: self, refresh_per_second=1, transient=True)
        self._live.start(refresh=True)  # else a line that is said before it is drawn would follow it

    def left(self) -> RenderableType | None:
        """What stays of it once nothing moves any more."""
        return waiting(self.seen) if self.seen else None

    def stop(self) -> None:
        """Take it away."""
        if self._live is not None:
            self._live.stop()

    def __rich_console__(self, _console: Console, options: ConsoleOptions) -> RenderResult:
        """See Rich's protocol."""
        event = self.seen
        if event is None or event.glance is None:
            return
        yield Text()
        steps = [*steps_of(self._steps, event.weight, event.glance.mood)]
        yield from drawing.top(event.glance, f"{event.weight} %", steps, options)
        verdict = self.judged and self.judged.judgement
        said = [("verdict", f"{verdict.verdict}: {verdict.sentence}")] if verdict else []
        yield drawing.facts([*said, *_facts(event)], options.max_width)


def _facts(event: events.RampWaiting) -> Iterator[tuple[str, str]]:
    if event.runs:
        yield "runs the ramp", event.runs
    if event.guard:
        yield "guard", event.guard
    if event.last_change:
        yield "last change", event.last_change


def _small(word: str) -> str:
    return word[:1].lower() + word[1:]


def _line(mark: str, style: str, head: str, sentence: str) -> Text:
    return indented(Text("  ").append(mark, style=style).append(f" {head}", style="bold").append(sentence))
