"""A team as `tests.conftest.Team` has it, in memory: the same looks and the same commands, in this process."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from rollout import EnvironmentRollout, Event, Rollout
from rollout.alb.weights import ForwardAction
from rollout.fakes.aws import InMemoryAws
from rollout.fakes.calls import ApiCalls
from rollout.fakes.world import World
from rollout.inventory.model import Environment, Split
from tests.behaviour.terminal import piped, typed, working_with, written
from tests.checkout import Checkout
from tests.conftest import KEPT_IN_SMALL

Stage = Callable[[Environment], World]


def small_inventory(text: str) -> str:
    """An inventory without the tables of most routes, which makes everything several times faster."""
    sections = re.split(r"(?m)^(?=\[)", text)
    routes = re.compile(r"\[(?:kept-)?routes\.([\w-]+)\]")
    return "".join(s for s in sections if not (m := routes.match(s)) or m[1] in KEPT_IN_SMALL)


@dataclass
class InMemoryTeam(Checkout):
    """A team's checkout, and its environments in memory.

    Attributes:
        world: AWS, the stacks and time.
        events: What was told so far.
    """

    world: World
    events: list[Event] = field(default_factory=list)

    @property
    def inventory(self) -> Environment:
        """Production, read anew from the file."""
        return self.open().inventory

    @property
    def aws(self) -> InMemoryAws:
        """Production's account."""
        return self.world.aws(self.inventory)

    @property
    def account(self) -> str:
        """Its number."""
        return self.inventory.account

    @property
    def meets(self) -> ApiCalls:
        """What the team does, and what is to happen around its next calls."""
        return self.world.actor().calls

    def open(self, environment: str = "production") -> EnvironmentRollout:
        """An environment, read anew from the file."""
        rollout = Rollout.load(self.file, on_event=self.events.append, parts=self.world.actor().parts)
        return rollout.environment(environment)

    def run(self, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run the command line in the checkout, without a terminal."""
        with self._at_work():
            return piped(self.folder, *arguments, **variables)

    def talk(self, answers: str, *arguments: str, **variables: str) -> tuple[int, str]:
        """Run it at a terminal, where somebody has typed all answers ahead: its exit code and what was shown."""
        with self._at_work():
            return typed(self.folder, answers, *arguments, **variables)

    def write(self, descriptor: int, *arguments: str) -> int:
        """Run it with standard output at a descriptor, which is closed then: its exit code."""
        with self._at_work():
            return written(self.folder, descriptor, *arguments)

    @contextmanager
    def _at_work(self) -> Iterator[None]:
        """Commands work on this world."""
        with working_with(self.world.actor().parts):
            yield

    def rules(self) -> dict[str, str]:
        """Each route's rule."""
        return {route.route: route.rule or "" for route in self.open().status().routes}

    def forwards(self) -> dict[str, ForwardAction | None]:
        """What each route's rule forwards to now."""
        live = self.open().traffic.alb_state()
        found = {name: live.rule_of(route) for name, route in self.inventory.routes.items()}
        return {name: rule.forward if rule else None for name, rule in found.items()}

    def splits(self) -> dict[str, Split | None]:
        """Each route's split."""
        return {route.route: route.live for route in self.open().status().routes}

    def owners(self) -> set[tuple[str, ...] | None]:
        """Who holds the routes' rules."""
        return {route.owners for route in self.open().status().routes}

    def calls(self, action: str = "*Rule") -> list[str]:
        """The calls so far that changed something, whoever made them."""
        return [call.action for call in self.aws.log if fnmatchcase(call.action, action)]
