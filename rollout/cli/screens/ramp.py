"""A ramp: its state, the judge's sentences, and what it waits for."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.text import Text

from rollout.analysis.verdicts import Verdict, called
from rollout.cli.console import indented
from rollout.cli.screens.layout import is_verbose, warning
from rollout.inventory.quantities import ZERO
from rollout.migration import events

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
            return Group(head, _steps(event), *([warning(event.note)] if event.note else ()))
        case events.RampRaised():
            return _line("✓", "green", f"at {event.weight} % now: ", event.sentence)
        case events.RampFailed():
            return _line("✗", "bold red", f"failed at {event.weight} %, {event.outcome}: ", event.sentence)
        case events.RampFinished():
            return _line("✓", "green", f"the ramp has finished at {event.weight} %: ", event.sentence)


def judged(event: events.Judged) -> RenderableType:
    """A verdict in a line; of a Fail, and with `-v`, also what it rests on, as far as there is room."""
    judgement = event.judgement
    mark, style = _MARKS[judgement.verdict]
    rows = [_line(mark, style, f"{event.weight} %, {judgement.verdict}: ", judgement.sentence)]
    shown = MOST if judgement.verdict is Verdict.FAIL or is_verbose() else 0
    for finding in judgement.findings[1 : shown + 1]:
        mark, style = _MARKS[finding.verdict]
        rows.append(
            Text("    ").append(mark, style=style).append(f" {called(finding.routes)}: ").append(finding.sentence)
        )
    if shown and len(judgement.findings) > shown + 1:
        rows.append(Text(f"      and {len(judgement.findings) - shown - 1} more", style="dim"))
    rows += [Text(f"      {note}", style="dim") for note in judgement.notes]
    return Group(*rows)


def watching(event: events.RampWaiting | events.Judged) -> str:
    """The line that moves while a ramp waits."""
    if isinstance(event, events.Judged):
        return f"{event.weight} %: {event.judgement.sentence}"
    return f"{event.weight} %, {event.state}: {event.sentence}"


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


def _steps(event: events.RampPickedUp) -> Text:
    """The steps, those that are done apart from those to come."""
    line = Text("    ")
    for number, step in enumerate((ZERO, *event.steps)):
        line.append(" → " if number else "", style="dim")
        line.append(f"{step} %", style="bold" if step == event.weight else "dim" if step < event.weight else "default")
    return line


def _line(mark: str, style: str, head: str, sentence: str) -> Text:
    return indented(Text("  ").append(mark, style=style).append(f" {head}", style="bold").append(sentence))
