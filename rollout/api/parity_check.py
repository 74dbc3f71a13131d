"""What is known of both implementations' answers, put together for one environment."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

from rollout.alb.state import AlbState
from rollout.api.container import Container
from rollout.errors import AwsError, EngineError
from rollout.inventory.model import Environment
from rollout.inventory.stacks import ROUTING

if TYPE_CHECKING:
    from rollout.api.opened import Opened
    from rollout.migration.checks.parity import Code, ParityCheck
    from rollout.migration.checks.parity_status import RouteParityStatus

_FUNCTION = ":function:"


def functions_of(
    container: Container, environment: Environment, live: AlbState, routes: Collection[str]
) -> Mapping[str, tuple[str, str]]:
    """By route, legacy's function and the candidate's; missing where one of its groups is no single function's."""
    groups = {
        name: (live.group_arn(route.legacy), live.group_arn(route.candidate))
        for name, route in environment.routes.items()
        if name in routes
    }
    targets = container.load_balancers.targets(sorted({arn for both in groups.values() for arn in both if arn}))
    named = {arn: ids[0] for arn, ids in targets.items() if len(ids) == 1 and _FUNCTION in ids[0]}
    return {
        name: (named[legacy], named[candidate])
        for name, (legacy, candidate) in groups.items()
        if legacy in named and candidate in named
    }


def parity_check(opened: Opened) -> ParityCheck:
    """What history has, beside what the functions run now."""
    from rollout.migration.checks.parity import ParityCheck  # noqa: PLC0415 - few environments ask
    from rollout.state.ramp_journal import DEPTH  # noqa: PLC0415 - as above

    container, environment = opened.container, opened.environment

    def code(live: AlbState, routes: Collection[str]) -> Code:
        both = functions_of(container, environment, live, routes)
        every = sorted({function for pair in both.values() for function in pair})
        digests = {function: container.functions.digest(function) for function in every}
        return {name: (digests[legacy], digests[candidate]) for name, (legacy, candidate) in both.items()}

    return ParityCheck(
        environment,
        code,
        history=lambda: container.states.history(ROUTING, DEPTH),
        today=container.utc.date(),
    )


def parity_status(opened: Opened, live: AlbState) -> tuple[RouteParityStatus, ...] | str | None:
    """How the routes stand, or why that isn't known; None where nothing asks for parity."""
    environment = opened.environment
    if environment.ramp.parity != "required" or environment.completed:
        return None
    try:
        return parity_check(opened).status(live, tuple(environment.routes))
    except (AwsError, EngineError) as error:
        return error.what
