"""The guard: a line below other screens, and the screen of `rollout guard status`."""

from __future__ import annotations

from rich.console import Group
from rich.text import Text

from rollout.cli.people import People
from rollout.cli.screens import show
from rollout.cli.screens.layout import Hanging
from rollout.migration.checks.guard_status import GuardStatus


@show.register
def _show(found: GuardStatus, to: People) -> None:
    to.draw(Group(Text(found.environment, style="bold"), guard_line(found), Text()))


def guard_line(found: GuardStatus) -> Hanging:
    """How the guard stands; yellow where nobody should rely on it, or where it took traffic back."""
    quiet = found.state == "armed" and not (found.fired or found.raised or found.mute)
    return Hanging(Text(f"guard: {found.sentence}", style="dim" if quiet else "yellow"))
