"""After the cut-over: another tool releases the rules that the routing stack has adopted; nothing changes on AWS.

The tool's own commands do it, behind a gate. Then its state is read again, and the rules are read back.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta

from rollout.alb.state import AlbState
from rollout.errors import PreflightFailed, Problem, UsageError, VerifyFailed
from rollout.inventory.model import Environment
from rollout.inventory.stacks import ROUTING
from rollout.migration import events
from rollout.migration.checks.ownership import Ownership, ownership_of
from rollout.migration.checks.preflight import held_rules, live_problems
from rollout.migration.gates import Gate
from rollout.migration.ports import Approver, LegacyOwner, LoadBalancers
from rollout.migration.runner.approval import ask
from rollout.state.ports import Stacks

RELEASE = "release"
ASKING = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class ReleaseResult:
    """The result of a release.

    Attributes:
        owner: `pulumi` or `terraform`.
        routes: The routes whose rules it released; none if it managed none.
        gate: The commands that were run.
    """

    environment: str
    owner: str
    routes: tuple[str, ...]
    gate: Gate


class Release:
    """The release of one environment's legacy rules.

    Args:
        stacks: Where the routing stack's state is read.
        owner: Who lets go; None where it is rollout or nobody.
    """

    def __init__(
        self,
        environment: Environment,
        load_balancers: LoadBalancers,
        stacks: Stacks,
        owner: LegacyOwner | None,
        emit: events.Listener,
    ) -> None:
        self._environment = environment
        self._load_balancers = load_balancers
        self._stacks = stacks
        self._owner = owner
        self._emit = emit

    def run(self, approve: Approver | None) -> ReleaseResult:
        """Let the owner drop the rules from its state.

        Args:
            approve: Asked once, with the commands; None refuses.

        Raises:
            UsageError: No other tool is named as their owner.
            PreflightFailed: The routing stack hasn't adopted all of them yet.
            OwnerError: The owner can't be asked, or a command failed.
            GateRefused: Not approved.
            VerifyFailed: The owner holds some still, or a rule isn't as it was.
        """
        environment, owner = self._environment, self._owner
        if owner is None:
            raise UsageError(
                f"no other tool manages the rules of {environment.name}",
                where="legacy.owner",
                hint="name it in stacks.toml: pulumi or terraform; rollout's own legacy stack releases them in phase 2",
                code="no-owner",
            )
        name = environment.legacy.owner or ""
        self._emit(
            events.PhaseStarted(environment.name, RELEASE, f"{name} releases the rules; nothing changes on AWS", ())
        )
        live, ownership = self._read(owner)
        routes = tuple(ownership.held or ())
        commands = tuple(map(str, ownership.commands))
        by_name = environment.confirm == "name"
        gate = Gate(environment.name, RELEASE, (), (), (ownership.advice,), commands, by_name)
        if not routes:
            self._emit(events.NothingToDo(environment.name, RELEASE))
            return ReleaseResult(environment.name, name, (), gate)
        self._emit(events.GateOpened(environment.name, gate))
        ask(gate, approve, self._emit, hint="run the commands yourself, or pass `--yes`")
        for command in ownership.commands:
            owner.run(command)
            self._emit(events.CommandRun(environment.name, str(command)))
        self._verify(owner, live, routes)
        self._emit(events.OwnerReleased(environment.name, name, routes, ownership.advice))
        return ReleaseResult(environment.name, name, routes, gate)

    def _read(self, owner: LegacyOwner) -> tuple[AlbState, Ownership]:
        """AWS, routing's state and the owner's, side by side; all three must fit."""
        environment = self._environment
        with ThreadPoolExecutor(2) as pool:
            found = pool.submit(owner.rules, ASKING)
            routing = pool.submit(self._stacks.resources, ROUTING)
            live = self._load_balancers.read(environment, tags=False)
            ownership = ownership_of(environment, live, owner, found.result())
            adopted = held_rules(environment, live, routing.result())
        problems = list(live_problems(environment, live))
        problems += [
            Problem(
                "the routing stack doesn't manage its rule: no state would have it",
                where=f"routes.{route}",
                code="rule-not-managed",
            )
            for route in ownership.held or ()
            if route not in adopted
        ]
        if problems:
            raise PreflightFailed(
                f"{environment.name} is not ready for release; nothing was changed",
                problems,
                hint=f"run `rollout phase2 {environment.name}` first",
            )
        return live, ownership

    def _verify(self, owner: LegacyOwner, before: AlbState, routes: tuple[str, ...]) -> None:
        environment = self._environment
        now = self._load_balancers.read(environment, tags=False)
        left = ownership_of(environment, now, owner, owner.rules(ASKING))
        if problems := list(_unreleased(environment, before, now, left, routes)):
            raise VerifyFailed(
                "the commands were run, but the result is not as expected",
                problems,
                hint=f"check `rollout status {environment.name}`, then run it again",
            )


def _unreleased(
    environment: Environment, before: AlbState, now: AlbState, left: Ownership, routes: tuple[str, ...]
) -> Iterator[Problem]:
    for name in routes:
        route, held = environment.routes[name], (left.held or {}).get(name)
        if held:
            yield Problem(
                f"{left.owner} still manages {held.address}", where=f"routes.{name}", code="rule-managed-by-owner"
            )
        if now.rule_of(route) != before.rule_of(route):
            yield Problem("its rule has changed", where=f"routes.{name}", code="rule-changed")
