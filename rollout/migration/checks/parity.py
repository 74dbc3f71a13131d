"""Whether the answers of the present builds were compared, and what that keeps a route's first raise from. Pure.

A verdict holds for exactly the code that was compared, on both sides, and for the exceptions that counted: what is live
by another build, or excused in another way, was never compared. See `rollout parity`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from rollout.alb.state import AlbState
from rollout.analysis.exact import at_most
from rollout.errors import Problem
from rollout.inventory.model import Environment
from rollout.inventory.parity import RouteParity
from rollout.migration.checks.parity_status import RouteParityStatus, parity_problems
from rollout.parity.rules import Rules
from rollout.parity.verdict import Result, sentence
from rollout.state.history.entries import Update
from rollout.state.ramp_journal import JournalEntry, KeptVerdict, entries

Code = Mapping[str, tuple[str, str]]
"""By route, the digests of what its legacy function and its candidate run; missing where one is no function."""


@dataclass(frozen=True, slots=True)
class ParityCheck:
    """The verdicts of an environment, as history has them.

    Attributes:
        code: Reads what the functions of some routes run now.
        history: Reads the routing stack's.
        today: By AWS's time.
    """

    environment: Environment
    code: Callable[[AlbState, Collection[str]], Code]
    history: Callable[[], Sequence[Update]]
    today: date

    def status(self, live: AlbState, routes: Collection[str]) -> tuple[RouteParityStatus, ...]:
        """How some routes stand.

        Raises:
            AwsError: AWS refused, or can't be reached.
            EngineError: History can't be read.
        """
        code, told = self.code(live, routes), entries(self.history())
        return tuple(_status(self.environment, name, code.get(name), told, self.today) for name in routes)

    def problems(self, live: AlbState, routes: Collection[str]) -> Iterator[Problem]:
        """Why some routes must not get their first requests."""
        yield from parity_problems(self.status(live, routes))


def _status(
    environment: Environment, route: str, code: tuple[str, str] | None, told: Sequence[JournalEntry], today: date
) -> RouteParityStatus:
    if code is None:
        said = "parity compares Lambda functions; one side of this route is none"
        off = 'write parity = "off" in [ramp] to raise without it'
        return RouteParityStatus(route, said, off, code="parity-impossible")
    parity = environment.routes[route].parity or RouteParity()
    now = {"legacy": code[0], "candidate": code[1], "rules": Rules.of(parity, today).digest}
    of_route = [(entry, each) for entry in told for each in entry.compared if each.route == route]
    for _, kept in reversed(of_route):
        if kept.model_dump(include=set(now)) == now:
            return _judged(environment, parity, kept)
    run = f"run `rollout parity {environment.name}`"
    if not of_route:
        return RouteParityStatus(route, "history has no verdict of parity", run, code="no-parity")
    entry, kept = of_route[-1]
    changed = [name for name, digest in now.items() if getattr(kept, name) != digest]
    words = {"legacy": "legacy has another build", "candidate": "the candidate has another build"}
    said = " and ".join(words.get(name, "what may differ was changed") for name in changed)
    said += f" since parity of {entry.at:%Y-%m-%d %H:%M} UTC"
    return RouteParityStatus(route, said, run, code="parity-outdated")


def _judged(environment: Environment, parity: RouteParity, kept: KeptVerdict) -> RouteParityStatus:
    ramp, name, route = environment.ramp, environment.name, kept.route
    most = ramp.max_difference if parity.max_difference is None else parity.max_difference
    least = ramp.coverage if parity.coverage is None else parity.coverage
    said = sentence(kept.different, kept.requests)
    more = f"run `rollout parity {name} --route {route}` with more requests: --since, --requests, --from or samples"
    if kept.result == Result.UNKNOWN:
        return RouteParityStatus(route, "too little was compared to know", more, code="parity-insufficient")
    if 100 * at_most(kept.different, kept.requests) > most:
        fix = f"`rollout parity {name} --route {route}` shows what differs; fix the candidate, or allow the difference"
        hint = fix if kept.different else more
        said += f", and max-difference is {most:g} %"
        return RouteParityStatus(route, said, hint, code="parity-insufficient")
    if kept.covered < least:
        what = f"{kept.covered:.3g} % of its requests are of a shape that was compared, and coverage is {least:g} %"
        return RouteParityStatus(route, what, more, code="parity-insufficient")
    return RouteParityStatus(route, said)
