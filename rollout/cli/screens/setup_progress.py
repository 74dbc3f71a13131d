"""How far a set-up of the engine is."""

from __future__ import annotations

from rich.text import Text

from rollout.adapters.pulumi.install.job import Progress
from rollout.cli.people import People
from rollout.cli.screens import show

LOG_EVERY = 200
"""How often progress shows where there is no terminal, such as in CI's log."""


@show.register
def setup_progress(progress: Progress, to: People) -> None:
    """A line a step, and how far it is."""
    to.once(f"set-up: {progress.step}", Text(f"  {progress.step}"))
    counted = f"{progress.done}/{progress.total}" if progress.done is not None and progress.total else ""
    if not to.out.is_terminal and progress.done and progress.done % LOG_EVERY == 0:
        to.out.print(f"    {counted}")
    to.busy(f"{counted} {progress.detail}".strip())
