"""The controller: a line below other screens, and the screen of `rollout controller status`."""

from __future__ import annotations

from rich.console import Group
from rich.text import Text

from rollout.cli.console import indented
from rollout.cli.people import People
from rollout.cli.screens import show
from rollout.ramp.controller_status import ControllerStatus


@show.register
def _show(found: ControllerStatus, to: People) -> None:
    installed = found.known and found.known.installed
    rows = [Text(f"  {name}: {value}", style="dim") for name, value in _details(found)] if installed else []
    to.draw(Group(Text(found.environment, style="bold"), controller_line(found), *rows, Text()))


def controller_line(found: ControllerStatus) -> Text:
    """How the controller stands; yellow where nobody should rely on it."""
    failed = found.known is not None and found.known.last is not None and found.known.last.state == "failed"
    quiet = found.state in {"new", "looking", "waiting"} and not failed
    return indented(Text(f"  controller: {found.sentence}", style="dim" if quiet else "yellow"))


def _details(found: ControllerStatus) -> list[tuple[str, str]]:
    known = found.known and found.known.installed
    return [("function", known.by), ("rollout", known.rollout), ("image", known.image)] if known else []
