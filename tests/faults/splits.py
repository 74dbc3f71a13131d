"""Where the routes' requests go, by the load balancer."""

from __future__ import annotations

from rollout.inventory.model import Split
from tests.conftest import Team


def splits(team: Team) -> dict[str, Split | None]:
    """Each route's live split; None where its rule is gone or is somebody else's."""
    target = team.open()
    live = target.traffic.alb_state()
    return {name: live.split_of(route) for name, route in target.inventory.routes.items()}
