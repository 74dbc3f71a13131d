"""The recipients of a ramp's notifications, from the inventory; imported only where a ramp notifies."""

from __future__ import annotations

from collections.abc import Callable

from rollout.adapters.notify import Notifiers
from rollout.adapters.notify.ports import Buses, Topics
from rollout.adapters.plugins import notifier
from rollout.inventory.model import Environment


def recipients(
    environment: Environment,
    topics: Callable[[], Topics],
    buses: Callable[[], Buses],
    on_failure: Callable[[str], None],
) -> Notifiers:
    """Those of an environment.

    Args:
        on_failure: Called with a sentence about a failed notification.
    """
    return Notifiers(
        environment.notifications,
        plugins=lambda name, options: notifier(name, environment, options),
        topics=topics,
        buses=buses,
        root=environment.root,
        on_failure=on_failure,
    )
