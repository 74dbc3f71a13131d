"""Status codes of both implementations, from the load balancers' access logs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from rollout.analysis.measuring.logged_balancers import spots_of
from rollout.api.logged_lines import logged_lines
from rollout.api.opened import Opened
from rollout.parity.traffic import TrafficCodes, TrafficReport


def traffic_codes(opened: Opened, routes: Sequence[str], span: timedelta) -> TrafficReport:
    """Count them.

    Args:
        span: How far back logs are read.

    Raises:
        AwsError: AWS refused, or can't be reached.
    """
    live, notes = opened.container.load_balancers.read(opened.environment, tags=False), list[str]()
    environment = live.resolved(opened.environment)
    codes = TrafficCodes(
        routes,
        spots_of(environment, live, lambda route: (route.legacy,)),
        spots_of(environment, live, lambda route: (route.candidate,)),
    )
    for _, lines in logged_lines(opened.container, environment, live, span, notes.append):
        for some in lines:
            codes.feed(some)
    return codes.report(environment.name, notes)
