"""The lines of the routes' load balancers' access logs, file by file."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta

from rollout.alb.state import AlbState
from rollout.analysis.measuring.logged_balancers import logged_balancers
from rollout.api.container import Container
from rollout.errors import AwsError
from rollout.inventory.model import Environment

Lines = Iterator[Sequence[bytes]]


def logged_lines(
    container: Container, environment: Environment, live: AlbState, span: timedelta, note: Callable[[str], None]
) -> Iterator[tuple[str, Lines]]:
    """Each file's name and lines; a load balancer is read once, however often the inventory names it.

    Args:
        span: How far back files are read.
        note: Called with what can't be read; a file that breaks off is read until there.

    Raises:
        AwsError: AWS refused, or can't be reached.
    """
    balancers = {arn: name for name, arn in logged_balancers(environment, live).items()}
    places, now = container.access_logs.places([*balancers]), container.utc
    for arn, name in balancers.items():
        if places[arn] is None:
            note(f"load balancer {name} writes no access logs")
            continue
        for file in container.access_logs.files(arn, now - span, now):
            yield file.key.rpartition("/")[2], _whole_as_far_as(container.access_logs.lines(file), note)


def _whole_as_far_as(lines: Lines, note: Callable[[str], None]) -> Lines:
    try:
        yield from lines
    except AwsError as error:
        if error.code != "access-log-broken":
            raise
        note(f"{error.what}, and is left out from where it breaks off: {error.where}")
