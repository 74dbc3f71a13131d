"""A fleet in memory: six environments of six accounts with a controller each, and a state machine, in virtual time."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

from rollout import EnvironmentRollout, Rollout, RolloutError
from rollout.api.controller_acts import Invocation
from rollout.api.fleet_ramp import FleetRamp
from rollout.fakes.aws import InMemoryAws
from rollout.fakes.parts import InMemoryParts
from rollout.fakes.world import World
from rollout.inventory.fleets import POLICY, FleetRole
from rollout.inventory.marks import controller_name
from rollout.inventory.model import Environment
from rollout.inventory.quantities import Percent
from rollout.migration.bearers import FUNCTION, ROLE, ROLE_POLICY, STATE_MACHINE
from rollout.ramp.fleet import FleetExecution, StateEvent
from rollout_sandbox.states.executions import Execution, Executions, TaskTimedOut
from rollout_sandbox.states.run import Call, Failed
from rollout_sandbox.states.timeline import Timeline
from tests.behaviour.drawn import DrawnCounts
from tests.behaviour.terminal import piped, working_with

PACE = timedelta(minutes=10)
BAD = {"HTTPCode_Target_5XX_Count": 0.05}
_TABLES = """
[controller]
image = "123456789012.dkr.ecr.us-west-2.amazonaws.com/rollout@sha256:{digest}"
pace = "10m"

[notifications.people]
sns = "arn:aws:sns:us-west-2:100000000001:people"

{environments}
[fleets.all]
waves = {waves}
at-once = 2
"""
_ENVIRONMENT = """[environments.{name}]
account = "{account}"
region = "us-west-2"
backend = "s3://states"
secrets-provider = "awskms://alias/rollout"
ramp = {{ steps = [5, 25, 100], bake = "30m" }}
"""


def fleet_file(text: str, waves: Sequence[Sequence[str]]) -> str:
    """An inventory with the environments of some waves, each in an account of its own."""
    shared = re.split(r"(?m)^(?=\[environments\.)", text)[0]
    names = [name for wave in waves for name in wave]
    environments = "\n".join(
        _ENVIRONMENT.format(name=name, account=100_000_000_001 + number) for number, name in enumerate(names)
    )
    return shared + _TABLES.format(digest="0" * 64, environments=environments, waves=json.dumps(waves))


@dataclass
class InMemoryFleet:
    """Six environments that are cut over, their controllers, and Step Functions.

    Attributes:
        bad: Environments whose candidate fails.
        silent: Environments whose controllers don't look any more.
        throttled: How many of the next calls of an environment's function are throttled.
        notices: What was published.
        acts: What controllers were asked to do.
        home: Where the state machine is.
    """

    file: Path
    bad: set[str] = field(default_factory=set)
    silent: set[str] = field(default_factory=set)
    throttled: dict[str, int] = field(default_factory=dict)
    notices: list[Mapping[str, Any]] = field(default_factory=list)
    acts: list[tuple[str, str]] = field(default_factory=list)
    timeline: Timeline = field(default_factory=Timeline)
    worlds: dict[str, World] = field(default_factory=dict)
    home: World = field(default_factory=World)
    invocations: int = 0

    def __post_init__(self) -> None:
        for name in self._project.environments:
            world = self.worlds[name] = World.cut_over(self.open(name).inventory)
            rates = BAD if name in self.bad else {}
            world.metrics = DrawnCounts(open=lambda name=name: self.open(name), rates=rates)  # type: ignore[misc]
            world.controller(self.open(name).inventory).installed = True
            self._look_later(name)
        self.executions = Executions(self.timeline, self)

    def parts(self, environment: Environment, cleared: Callable[[str, str], None]) -> InMemoryParts:
        actor = self.worlds.get(environment.name, self.home).actor()
        return _Parts(environment, on_lock_cleared=cleared, actor=actor, fleet=self)

    def open(self, name: str) -> EnvironmentRollout:
        """An environment by the inventory that controllers were installed with."""
        return self._project.environment(name)

    @cached_property
    def _project(self) -> Rollout:
        return Rollout.load(self.file, parts=self.parts)

    @property
    def aws(self) -> InMemoryAws:
        """The account of the state machine."""
        return self.home.aws(self.open(self._project.environments[0]).inventory)

    @property
    def ramp(self) -> FleetRamp:
        return Rollout.load(self.file, parts=self.parts).fleet_ramp("all")

    def command(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run the command line on it, without a terminal."""
        with working_with(self.parts):
            return piped(self.file.parent, *words)

    def install(self) -> None:
        self.aws.resources[FUNCTION, controller_name(self.open(self._project.environments[0]).inventory)] = {}
        self.ramp.install(approve=True)

    def run(self, until: Callable[[], bool] = lambda: False) -> None:
        """Let time pass until something is so or the execution has ended."""
        self.timeline.run(lambda: until() or self.last.status != "RUNNING", timedelta(days=3))

    @property
    def last(self) -> Execution:
        return list(self.executions.all.values())[-1]

    def weight(self, name: str) -> Percent:
        weights = {each.live.weight for each in self.open(name).status().routes if each.live}
        return max(weights)

    def states(self) -> dict[str, str]:
        return {each.environment: each.state for each in self.ramp.status().members}

    def begun(self) -> list[str]:
        """The environments that were asked to ramp, in their order, each once."""
        return list(dict.fromkeys(name for act, name in self.acts if act == "ramp"))

    # -- what tasks call ---------------------------------------------------------------------------------------------

    def call(self, call: Call, answer: Callable[[Any], None]) -> None:
        """Lambda and SNS."""
        if ":sns:" in call.resource:
            self.notices.append(call.parameters)
            answer({"MessageId": "1"})
            return
        name, event = call.parameters["FunctionName"].split("-")[-2], call.parameters["Payload"]
        if self.throttled.get(name, 0) > 0:
            self.throttled[name] -= 1
            answer(Failed("Lambda.TooManyRequestsException", "Rate Exceeded."))
            return
        self.acts.append((event["act"], name))
        try:
            answer({"StatusCode": 200, "Payload": self._invoke(name, event)})
        except RolloutError as error:
            answer(Failed(type(error).__name__, str(error)))

    # -- the controllers ---------------------------------------------------------------------------------------------

    def _look_later(self, name: str) -> None:
        def due() -> None:
            self._look_later(name)
            if name not in self.silent:
                self._invoke(name, {"act": "look"})

        self.timeline.after(PACE.total_seconds(), due)

    def _invoke(self, name: str, event: Mapping[str, Any]) -> Mapping[str, Any]:
        """What the function does."""
        self._now(name)
        self.invocations += 1
        function = f"arn:aws:lambda:us-west-2:1:function:{name}"
        invocation = Invocation(str(self.invocations), function, timedelta(minutes=15), "digest")
        return json.loads(json.dumps(self.open(name).controller.answer(event, invocation)))  # type: ignore[no-any-return]

    def _now(self, name: str) -> World:
        world = self.worlds[name]
        for each in (world, self.home):
            each.clock.utc = max(each.clock.utc, self.timeline.now())
        return world


@dataclass(frozen=True)
class _Tasks:
    """The `Tasks` port over executions in memory."""

    executions: Executions

    def beat(self, token: str) -> bool:
        return self._told(lambda: self.executions.send_task_heartbeat(token))

    def succeed(self, token: str, output: Mapping[str, str]) -> bool:
        return self._told(lambda: self.executions.send_task_success(token, output))

    def fail(self, token: str, error: str, cause: str) -> bool:
        return self._told(lambda: self.executions.send_task_failure(token, error, cause))

    @staticmethod
    def _told(call: Callable[[], None]) -> bool:
        try:
            call()
        except TaskTimedOut:
            return False
        return True


@dataclass(frozen=True)
class _Machines:
    """The `StateMachines` port over executions in memory."""

    fleet: InMemoryFleet

    def definition(self, machine: str) -> str | None:
        made = self.fleet.aws.resources.get((STATE_MACHINE, machine.rpartition(":")[2]))
        return str(made["definition"]) if made else None

    def role(self, name: str) -> FleetRole | None:
        role = self.fleet.aws.resources.get((ROLE, name))
        policy = self.fleet.aws.resources.get((ROLE_POLICY, f"{name}:{POLICY}"), {"policy": "{}"})
        return FleetRole(name, role["assumeRolePolicy"], policy["policy"]) if role else None

    def latest(self, machine: str, most: int = 1) -> tuple[FleetExecution, ...]:  # noqa: ARG002 - there is one
        return tuple(map(_as_aws_tells, list(self.fleet.executions.all.values())[: -most - 1 : -1]))

    def start(self, machine: str, name: str, given: str) -> bool:
        if name in self.fleet.executions.all:
            return False
        self.fleet.executions.start(json.loads(self.definition(machine) or ""), json.loads(given), name)
        return True

    def stop(self, execution: str, error: str, cause: str) -> None:
        self.fleet.executions.stop(self.fleet.executions.all[execution], cause, error)


def _as_aws_tells(found: Execution) -> FleetExecution:
    failed = found.failed or Failed("", "")
    history = []
    for event in found.history:
        texts = {key: json.dumps(event.details[key]) for key in ("input", "output") if key in event.details}
        history.append(StateEvent(event.id, event.previous, event.at, event.kind, {**event.details, **texts}))
    told = failed.error, failed.cause or "", tuple(history)
    return FleetExecution(found.name, found.status, found.began, found.ended, *told)


@dataclass(frozen=True)
class _Parts(InMemoryParts):
    """With Step Functions."""

    fleet: InMemoryFleet = field(kw_only=True)

    @cached_property
    def state_machines(self) -> _Machines:
        return _Machines(self.fleet)

    @cached_property
    def tasks(self) -> _Tasks:  # type: ignore[override]
        return _Tasks(self.fleet.executions)
