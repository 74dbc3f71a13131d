"""One call to a world for tests: accounts, a backend and a clock in memory, and the library's door on them.

```python
from rollout import config
from rollout.fakes.world import World

production = config.load("stacks.toml").environment("production")
world = World.cut_over(production)
world.open(production).set_weight(10, approve=True, save=False)
```

A world at a stage is made once and copied from then on, which takes some milliseconds. Several actors may work on one
world: each has a name, its own clients, and calls that a test may refuse or whose answers it may drop.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from rollout.analysis.metrics import MINUTE, function, target_group
from rollout.api.environment import EnvironmentRollout
from rollout.fakes.access_logs import InMemoryAccessLogs
from rollout.fakes.aws import InMemoryAws
from rollout.fakes.backend import InMemoryBackend
from rollout.fakes.clock import InMemoryClock
from rollout.fakes.fingerprint import fingerprint
from rollout.fakes.guard import InMemoryController, InMemoryGuard
from rollout.fakes.parts import Actor
from rollout.fakes.services import (
    InMemoryAlarms,
    InMemoryFunctions,
    InMemoryLooks,
    InMemoryMetrics,
    InMemoryTasks,
    InMemoryTopics,
)
from rollout.guard.table import table_name
from rollout.inventory.marks import mark_of, title
from rollout.inventory.model import Environment, ProgramInput, RuleOwnership
from rollout.inventory.stacks import LEGACY
from rollout.migration.bearers import TABLE
from rollout.migration.events import Listener
from rollout.migration.ports import LegacyOwner
from rollout.migration.rollback.targets import KnownArns
from rollout.ramp.controlled import table_name as controller_table
from rollout.state.work_folder import work_folder

_stages: dict[str, World] = {}


@dataclass
class World:
    """All that several actors share.

    Attributes:
        accounts: By their numbers.
        owner: Another tool that manages the legacy rules.
        functions: What answers invocations, by account.
        guards: By environment.
        controllers: By environment.
        looks: Those of ramps on the machine of all actors, by environment.
        known: What a rollback knows from before, by environment.
        actors: All actors so far, by name.
    """

    clock: InMemoryClock = field(default_factory=InMemoryClock)
    accounts: dict[str, InMemoryAws] = field(default_factory=dict)
    metrics: InMemoryMetrics = field(default_factory=InMemoryMetrics)
    access_logs: InMemoryAccessLogs = field(default_factory=InMemoryAccessLogs)
    topics: InMemoryTopics = field(default_factory=InMemoryTopics)
    tasks: InMemoryTasks = field(default_factory=InMemoryTasks)
    answered_by: set[str] = field(default_factory=set)
    owner: LegacyOwner | None = None
    functions: dict[str, InMemoryFunctions] = field(default_factory=dict)
    alarms: dict[str, InMemoryAlarms] = field(default_factory=dict)
    actors: dict[str, Actor] = field(default_factory=dict)
    guards: dict[str, InMemoryGuard] = field(default_factory=dict)
    controllers: dict[str, InMemoryController] = field(default_factory=dict)
    looks: dict[str, InMemoryLooks] = field(default_factory=dict)
    known: dict[str, KnownArns] = field(default_factory=dict)
    backend: InMemoryBackend = field(init=False)

    def __post_init__(self) -> None:
        self.backend = InMemoryBackend(self.clock)

    @classmethod
    def landscape(cls, *environments: Environment) -> World:
        """Load balancers that answer 404, and no stack."""
        world = cls()
        for environment in environments:
            world.add(environment)
        return world

    @classmethod
    def legacy(cls, environment: Environment) -> World:
        """Before phase 1: the legacy stack with its functions and rules, by the inventory's program."""
        return _at_stage("legacy", environment, lambda: cls._with_legacy(environment))

    @classmethod
    def built(cls, environment: Environment) -> World:
        """After phase 1: the candidate exists, and no rule forwards to it."""

        def make() -> World:
            world = cls.legacy(environment)
            world.open(environment).phase1(approve=True)
            return world

        return _at_stage("built", environment, make)

    @classmethod
    def cut_over(cls, environment: Environment) -> World:
        """After phase 2: the routing stack manages the rules, and no request reaches the candidate."""

        def make() -> World:
            world = cls.built(environment)
            world.open(environment).phase2(approve=True)
            return world

        return _at_stage("cut over", environment, make)

    @classmethod
    def _with_legacy(cls, environment: Environment) -> World:
        world = cls.landscape(environment)
        stacks = world.actor().stacks(environment)
        mark = mark_of(environment, LEGACY).tags
        given = ProgramInput(environment, rules=dict.fromkeys(environment.routes, RuleOwnership.OWNED), mark=mark)
        with work_folder() as folder:
            plan = folder / "legacy.json"
            stacks.preview(LEGACY, given, plan, create=True)
            stacks.up(LEGACY, given, plan=plan, message=f"the legacy stack of {environment.name}")
        return world

    def copy(self) -> World:
        """A copy of this world, without running actors."""
        clock = InMemoryClock(self.clock.utc)
        made = World(clock, {number: aws.copy() for number, aws in self.accounts.items()}, owner=self.owner)
        made.backend, made.known = self.backend.copy(clock), dict(self.known)
        return made

    def add(self, environment: Environment) -> InMemoryAws:
        """Give an environment its load balancers."""
        aws = self.accounts[environment.account] = InMemoryAws.landscape(environment)
        return aws

    def aws(self, environment: Environment) -> InMemoryAws:
        """An environment's account."""
        return self.accounts.setdefault(environment.account, InMemoryAws(environment.account, environment.region))

    def serve(self, environment: Environment, requests: Mapping[str, int]) -> None:
        """Count requests as CloudWatch does, divided by the live rules' weights to the letter; then a minute passes.

        Args:
            requests: How many, by route.
        """
        aws, live = self.aws(environment), self.actor().load_balancers(environment).read(environment)
        for name, count in requests.items():
            route = environment.routes[name]
            rule = live.rule_of(route)
            weights = rule.forward.weights if rule and rule.forward else {}
            for group, weight in weights.items():
                served = round(count * weight / sum(weights.values()))
                source = target_group(live.load_balancers[route.load_balancer], group)
                if served:
                    self.metrics.put(source, "RequestCount", self.clock.utc, served)
                for target in aws.targets.get(group, ()) if served else ():
                    self.metrics.put(function(target), "Invocations", self.clock.utc, served)
        self.clock.advance(MINUTE)

    def functions_of(self, environment: Environment) -> InMemoryFunctions:
        """The functions of an environment's account, and what they answer."""
        return self.functions.setdefault(environment.account, InMemoryFunctions(self.aws(environment)))

    def guard(self, environment: Environment) -> InMemoryGuard:
        """An environment's guard, which isn't installed at first."""
        aws, table = self.aws(environment), table_name(title(environment.project, environment.name))
        made = InMemoryGuard(self.clock, is_there=lambda: (TABLE, table) in aws.resources, table=table)
        return self.guards.setdefault(environment.name, made)

    def controller(self, environment: Environment) -> InMemoryController:
        """The record of an environment's controller, which isn't installed at first."""
        aws, table = self.aws(environment), controller_table(title(environment.project, environment.name))
        made = InMemoryController(self.clock, is_there=lambda: (TABLE, table) in aws.resources, table=table)
        return self.controllers.setdefault(environment.name, made)

    def actor(self, name: str = "somebody") -> Actor:
        """An actor in this world."""
        return self.actors.setdefault(name, Actor(name, self))

    def open(
        self, environment: Environment, file: Path | None = None, on_event: Listener = lambda _: None
    ) -> EnvironmentRollout:
        """An environment as `somebody` opens it; see `Actor.open`."""
        return self.actor().open(environment, file, on_event)


def _at_stage(stage: str, environment: Environment, make: Callable[[], World]) -> World:
    """A copy of a world that is made once."""
    key = f"{stage} {fingerprint(environment)}"
    if key not in _stages:
        _stages[key] = make()
    return _stages[key].copy()
