"""The controller: a line below other screens, and the screen of `rollout controller status`."""

from __future__ import annotations

from rich.console import Group
from rich.text import Text

from rollout.cli.people import People
from rollout.cli.screens import show
from rollout.cli.screens.layout import Hanging
from rollout.migration.checks.controller_status import ControllerStatus


@show.register
def _show(found: ControllerStatus, to: People) -> None:
    details = {"rollout": found.rollout, "image": found.image}
    rows = [Text(f"  {name}: {value}", style="dim") for name, value in details.items() if value]
    to.draw(Group(Text(found.environment, style="bold"), controller_line(found), *rows, Text()))


def controller_line(found: ControllerStatus) -> Hanging:
    """How the controller stands; yellow where nobody should rely on it."""
    return Hanging(Text(f"controller: {found.sentence}", style="dim" if found.is_well else "yellow"))
