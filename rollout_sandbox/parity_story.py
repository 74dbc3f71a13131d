"""A candidate that answers each request, and some of them wrongly: no error rate shows it, parity does."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rollout.parity.report import ParityReport
from rollout_sandbox.data_plane.differences import Difference
from rollout_sandbox.data_plane.profiles import Profile

if TYPE_CHECKING:
    from rollout.api.environment import EnvironmentRollout
    from rollout.inventory.model import Environment
    from rollout_sandbox.server import Sandbox

REQUESTS, RATE, ASKED = 600, 300, 20
WRONG = (Difference("number-as-text", "/v2/stamps/*"), Difference("date-form", "/internal/embed/score/*"))


def ask_legacy(environment: Environment, aws: Sandbox) -> None:
    """Let clients ask all routes for a moment, so that there are access logs."""
    from rollout_sandbox.load import Load, endpoints_of  # noqa: PLC0415 - aiohttp takes a while to import

    with Load(endpoints_of(environment, aws), RATE) as load:
        load.wait(REQUESTS)
    aws.deliver_logs()


def reading_routes(environment: Environment) -> Sequence[str]:
    """The routes that access logs have requests of."""
    return [name for name, route in environment.routes.items() if route.methods and "GET" in route.methods]


def compare(target: EnvironmentRollout, aws: Sandbox, wrong: Sequence[Difference] = ()) -> ParityReport:
    """Compare with a candidate that differs so."""
    from rollout.api.parity import Sources  # noqa: PLC0415 - as above

    aws.behave(Profile("*rust*", differs=tuple(wrong)))
    sources = Sources(reading_routes(target.inventory), requests=ASKED)
    try:
        return target.parity.compare(sources, rate=100, at_once=4, restart=True)
    finally:
        aws.forget_profiles()
