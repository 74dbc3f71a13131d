"""Which load balancers write access logs, and where routes are in them. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from rollout.alb.state import AlbState, LiveRule
from rollout.analysis.ports import AccessLogs
from rollout.errors import AwsError, Problem
from rollout.inventory.model import Arn, Environment, Route


def logged_as(rule: LiveRule) -> str:
    """A rule's priority as a line has it."""
    return "0" if rule.is_default else str(rule.priority)


def spots_of(
    environment: Environment, live: AlbState, groups: Callable[[Route], Iterable[str]]
) -> dict[tuple[str, str], str]:
    """Where routes are in access logs.

    Args:
        groups: The names of a route's target groups whose lines are wanted.

    Returns:
        By target group and priority of a rule, as a line has them, the route.
    """
    rules = {name: rule for name, route in environment.routes.items() if (rule := live.rule_of(route))}
    return {
        (str(live.group_arn(group)), logged_as(rule)): name
        for name, rule in rules.items()
        for group in groups(environment.routes[name])
    }


def logged_balancers(environment: Environment, live: AlbState) -> Mapping[str, Arn]:
    """The routes' load balancers, by name."""
    used = {route.load_balancer for route in environment.routes.values()}
    return {name: arn for name, arn in live.load_balancers.items() if name in used}


def no_logs(environment: Environment, live: AlbState, logs: AccessLogs) -> Iterator[Problem]:
    """Those that write none.

    Raises:
        AwsError: AWS refused, or can't be reached.
    """
    balancers = logged_balancers(environment, live)
    places = logs.places([*balancers.values()])
    for name, arn in balancers.items():
        if places[arn] is None:
            yield Problem(
                f"load balancer {name} writes no access logs, so clients can't be counted",
                "analysis.unit",
                "set its attribute access_logs.s3.enabled, deliver them to CloudWatch Logs and name the log-groups, "
                'or write unit = "requests"; see docs/evidence.md',
                code="no-access-logs",
            )


def require_logs(environment: Environment, live: AlbState, logs: AccessLogs) -> None:
    """Make sure that all write some.

    Raises:
        AwsError: One writes none, AWS refused, or can't be reached.
    """
    for problem in no_logs(environment, live, logs):
        raise AwsError(problem.what, where=problem.where, hint=problem.hint, code=problem.code)
