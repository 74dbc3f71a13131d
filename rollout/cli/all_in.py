"""What `--all-in` does: a weight for a fleet's environments, wave by wave."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rollout.cli.render import Renderer
    from rollout.cli.session import Session
    from rollout.errors import RolloutError
    from rollout.migration.events import Event

AT_ONCE = 4
"""The number of environments at a time with `--yes`."""


class Turns:
    """A reader of events that lets each environment have its say when it is done.

    Args:
        render: Where they are shown.
    """

    def __init__(self, render: Renderer) -> None:
        self._render = render
        self._kept: dict[str, list[Event]] = defaultdict(list)

    def __call__(self, event: Event) -> None:
        """Keep an event, from any thread."""
        self._kept[event.environment].append(event)

    def done(self, name: str, _error: RolloutError | None = None) -> None:
        """Show an environment's events."""
        for event in self._kept.pop(name, ()):
            self._render(event)


def set_weight_in(run: Session, fleet: str, percent: str, **given: Any) -> None:
    """Set the weight, show each environment's result, and end with the first failure.

    Without `--yes` the environments change one after the other, with a question each.
    """

    def begin(number: int, names: Sequence[str]) -> None:
        run.render.chapter(f"wave {number} of {fleet}: {', '.join(names)}")

    turns = Turns(run.render)
    opened = run.rollout(on_event=turns if run.yes else None)
    result = opened.set_weight_in(
        fleet,
        percent,
        approve=run.approve,
        at_once=AT_ONCE if run.yes else 1,
        on_wave=begin,
        on_done=turns.done,
        **given,
    )
    run.render(result)
    result.require()
