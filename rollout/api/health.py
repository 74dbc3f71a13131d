"""What AWS says of the health of targets, as problems."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from rollout.alb.state import AlbState
from rollout.api.opened import Opened
from rollout.errors import AwsError, Problem
from rollout.migration.checks.kinds import SIDES, health_problems, with_health


def unhealthy(opened: Opened, live: AlbState, routes: Iterable[str], parts: Sequence[str] = SIDES) -> Iterator[Problem]:
    """Target groups with unhealthy targets; that AWS doesn't tell is one problem, and hides nothing else."""
    places = with_health(opened.environment, live, routes, parts)
    try:
        yield from health_problems(places, opened.container.load_balancers.health(list(places)))
    except AwsError as error:
        yield Problem(f"the health of targets is unknown: {error.what}", hint=error.hint, code=error.code)
