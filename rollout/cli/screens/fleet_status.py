"""Where a fleet's ramp stands: a row an environment."""

from __future__ import annotations

from rich.console import Group
from rich.text import Text

from rollout.base.printable import one_line
from rollout.cli.console import indented
from rollout.cli.people import People
from rollout.cli.screens import show
from rollout.cli.screens.layout import table
from rollout.ramp.fleet import FleetStatus

_STYLES = {
    "done": "green",
    "failed": "bold red",
    "not rolled back": "bold red",
    "rolled back": "yellow",
    "rolling back": "yellow",
    "waiting": "dim",
}


@show.register
def _show(found: FleetStatus, to: People) -> None:
    rows = table()
    for column in ("wave", "environment", "state", "since"):
        rows.add_column(column, no_wrap=True, style="bold" if column == "environment" else "")
    for each in found.members:
        since = f"{each.since:%Y-%m-%d %H:%M} UTC" if each.since else ""
        rows.add_row(str(each.wave), each.environment, Text(each.state, style=_STYLES.get(each.state, "")), since)
    sentence = Text(f"{found.fleet}: {_sentence(found)}", style="bold")
    to.draw(Group(sentence, *_installed(found), rows, *_cause(found), Text()))


def _sentence(found: FleetStatus) -> str:
    return {
        "none": "no ramp has begun",
        "running": "ramping",
        "approval": f"wave {found.waits} waits for approval: rollout fleet approve {found.fleet} {found.waits}",
        "done": "every environment has ended its ramp",
        "failed": "the ramp failed",
        "stopped": "the ramp was stopped",
    }[found.state]


def _installed(found: FleetStatus) -> list[Text]:
    differs = f"another one on AWS than in stacks.toml: {', '.join(found.differences)}"
    what = {"no": "not installed", "differs": differs}.get(found.installed)
    return [indented(Text(f"  {what}\n  → rollout fleet install {found.fleet}", style="yellow"))] if what else []


def _cause(found: FleetStatus) -> list[Text]:
    return [indented(Text(f"  {one_line(found.cause)}", style="red"))] if found.cause else []
