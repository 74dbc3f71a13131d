"""Alarms and a dashboard that compare the candidate with legacy.

Nothing depends on them: they may come, change and go at any time.
"""

from __future__ import annotations

from rollout.inventory.model import ProgramInput
from rollout.programs.alarms.alarms import sns_topics
from rollout.programs.components.monitoring import Monitoring, MonitoringArgs, places_of


def program(given: ProgramInput) -> None:
    """The monitoring stack.

    Args:
        given: The inventory, and whether anything is to be there.

    Raises:
        RunError: A listener or a target group isn't on AWS.
    """
    if not given.monitored:
        return
    environment = given.environment
    Monitoring(
        "monitoring",
        MonitoringArgs(
            environment,
            places_of(environment, given.existing),
            actions=[*sns_topics(environment), *given.alarm_actions],
            tags=given.mark,
        ),
    )
