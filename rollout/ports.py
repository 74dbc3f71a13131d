"""The small Protocols between the engine and the world: real parts and the sandbox's fit behind them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol

from rollout.changes.gates import Gate
from rollout.changes.pending import Lock
from rollout.changes.plan import Change, ResourceState, StackPreview
from rollout.checks.inspection import Inspection
from rollout.checks.ownership import Command, OwnedRule
from rollout.history.entries import Update
from rollout.init.found import Found
from rollout.invocation import Invocation
from rollout.live import Live, LiveRule
from rollout.marks import Bearer, Mark, Marked
from rollout.metrics import AlarmState, Point, Series
from rollout.model import Arn, Environment, ProgramInput
from rollout.rules.weights import Forward


class TargetGroups(Protocol):
    """What target groups hold."""

    def targets(self, groups: Sequence[Arn]) -> Mapping[Arn, tuple[str, ...]]:
        """The ids of the registered targets of target groups: a function's ARN, an address, an instance.

        Raises:
            AwsError: AWS refused, or can't be reached.
        """
        ...


class LoadBalancers(TargetGroups, Protocol):
    """The load balancers' API, for one environment."""

    def read(self, environment: Environment, *, tags: bool = True) -> Live:
        """All that the inventory is about, as it is now.

        Args:
            environment: The inventory.
            tags: Whether to read the rules' tags too, which takes one more round trip.

        Raises:
            WrongAccount: The credentials belong to another account.
            AwsError: AWS refused, or can't be reached.
        """
        ...

    def rules(self, listeners: Sequence[Arn]) -> tuple[LiveRule, ...]:
        """The rules of listeners, default ones too, without tags."""
        ...

    def multi_value(self, groups: Sequence[Arn]) -> frozenset[Arn]:
        """Those of target groups that send a function headers and query parameters as lists.

        Raises:
            AwsError: AWS refused, or can't be reached.
        """
        ...

    def inspect(self, live: Live) -> Inspection:
        """Look behind the rules: targets, permissions, quotas.

        Raises:
            AwsError: AWS refused, or can't be reached.
        """
        ...

    def modify(self, rule: Arn, forward: Forward) -> None:
        """Give a rule another forward action, leaving its conditions alone; throttled calls are tried again.

        Raises:
            AwsError: AWS refused.
        """
        ...

    def unmark(self, rules: Sequence[Arn]) -> None:
        """Take the marks of rollbacks off rules, since somebody raises on purpose.

        Raises:
            AwsError: AWS refused, or can't be reached.
        """
        ...


class Marks(Protocol):
    """What AWS has under the names of resources, and whose mark it carries."""

    def find(self, bearers: Collection[Bearer]) -> Mapping[Bearer, Marked]:
        """What is there; missing where there is nothing.

        Raises:
            AwsError: AWS refused, or can't be reached.
        """
        ...

    def put(self, bearer: Bearer, arn: Arn, mark: Mark) -> None:
        """Add a mark's tags to something that has other tags or none.

        Raises:
            AwsError: AWS refused, or can't be reached.
        """
        ...


class Account(Protocol):
    """An account's load balancers in a region, before there is an inventory."""

    def find(self) -> Found:
        """All Application Load Balancers with their listeners, rules and target groups.

        Raises:
            AwsError: AWS refused, or can't be reached.
        """
        ...


class Metrics(Protocol):
    """CloudWatch, for one environment."""

    def read(self, series: Sequence[Series], start: datetime, end: datetime) -> Mapping[Series, tuple[Point, ...]]:
        """What was measured in a time; where there is no point, nothing was.

        Args:
            series: What is asked for; each is in the answer.
            start: The first minute.
            end: The minute after the last one.

        Raises:
            AwsError: AWS refused, can't be reached, or hasn't the whole answer.
        """
        ...


class Alarms(Protocol):
    """CloudWatch's alarms, for one environment."""

    def states(self, names: Sequence[str]) -> Mapping[str, AlarmState]:
        """The states of alarms, composite ones too.

        Args:
            names: Each is in the answer.

        Raises:
            AwsError: AWS refused, or can't be reached.
        """
        ...


class Topics(Protocol):
    """SNS, with one environment's credentials."""

    def publish(self, topic: Arn, subject: str, text: str, data: str) -> None:
        """Send a message to all who subscribed to a topic.

        Args:
            topic: The topic, of any region.
            subject: An e-mail's subject; 99 characters of it are kept.
            text: What people get, by e-mail and SMS.
            data: What programs get.

        Raises:
            AwsError: AWS refused, or can't be reached.
        """
        ...


class Functions(Protocol):
    """Lambda, for one environment."""

    def invoke(self, function: str, event: Mapping[str, object], limit: timedelta) -> Invocation:
        """Invoke a function and wait for what it says; throttled calls are tried again, no others.

        Args:
            function: Its name.
            event: What it is given.
            limit: How long to wait for it, above 0.

        Raises:
            AwsError: AWS refused, can't be reached, or there was no answer in time.
        """
        ...


class States(Protocol):
    """The states and histories of one environment's Pulumi stacks."""

    def resources(self, stack: str) -> tuple[ResourceState, ...] | None:
        """What the state of a stack holds; None where there is no such stack.

        Raises:
            EngineError: The engine failed.
        """
        ...

    def history(self, stack: str, depth: int) -> tuple[Update, ...]:
        """The latest updates of a stack, the oldest first; empty where there is no such stack.

        Args:
            stack: legacy, candidate, routing or monitoring.
            depth: How many at most, 1 or more.

        Raises:
            EngineError: The engine failed.
        """
        ...


class Stacks(States, Protocol):
    """The Pulumi stacks of one environment, a program each."""

    def backend(self) -> str:
        """Where the states are kept, once it is known that they can be.

        Raises:
            EngineError: It can't be reached, or can't be written to.
        """
        ...

    def preview(
        self, stack: str, given: ProgramInput, plan: Path, *, create: bool = False, refresh: bool = False
    ) -> StackPreview | None:
        """Work out what an update would do, and save it as a plan that `up` is bound to.

        Args:
            stack: legacy, candidate or routing.
            given: What its program is given.
            plan: The file to save the plan in, mode 0600.
            create: Whether to make the stack if it isn't there; otherwise there is no preview then.
            refresh: Whether to read the resources anew from AWS first.

        Raises:
            EngineError: The engine or the program failed.
            Locked: Somebody alive holds the stack.
        """
        ...

    def up(
        self,
        stack: str,
        given: ProgramInput,
        *,
        plan: Path | None,
        message: str,
        refresh: bool = False,
        guard: Callable[[], None] = lambda: None,
        on_begin: Callable[[Change], None] = lambda _: None,
        on_change: Callable[[Change], None] = lambda _: None,
    ) -> None:
        """Update a stack, by a saved plan and nothing else where one is given; each resource is told twice.

        Without a plan, a stack that isn't there is made.
        Once the stack is locked, and before anything is changed, `guard` is called; what it raises ends the update.

        Raises:
            EngineError: The engine failed, or the world moved since the plan was made.
            Locked: Somebody alive holds the stack.
            Interrupted: By the user.
        """
        ...

    def rehearsal(self, stack: str) -> AbstractContextManager[Stacks]:
        """A copy of a stack to try things on: what is done to it there is done to no state that anybody keeps.

        Raises:
            EngineError: The engine failed.
        """
        ...

    def begun(self, stack: str) -> tuple[ResourceState, ...] | None:
        """Creations that a killed or failed update began, of which the state doesn't know what became.

        Returns:
            None where there is no such stack.

        Raises:
            EngineError: The engine failed.
        """
        ...

    def forget_begun(self, stack: str) -> None:
        """Drop from a state what it knows of such creations; what AWS has stays, and is found by its mark.

        Raises:
            EngineError, Locked: As they say.
        """
        ...

    def retain(self, stack: str, urns: Collection[str]) -> None:
        """Have the state leave resources on AWS when they leave it; only the state is changed.

        Raises:
            EngineError, Locked: As they say.
        """
        ...

    def note(self, stack: str, message: str) -> None:
        """Write an entry into a stack's history that changes nothing.

        Raises:
            EngineError: The engine failed, or there is no such stack.
            Locked: Somebody alive holds the stack.
        """
        ...

    def locks(self, stack: str) -> tuple[Lock, ...]:
        """Who holds a stack."""
        ...

    def unlock(self, stack: str) -> None:
        """Take all locks from a stack, whoever holds them."""
        ...


class LegacyOwner(Protocol):
    """Another tool that made the legacy rules and holds them in its state."""

    @property
    def place(self) -> str:
        """Where its state is, for people."""
        ...

    @property
    def update(self) -> str:
        """Its own command that makes AWS as its code says."""
        ...

    @property
    def advice(self) -> str:
        """What to do in its code, so that its next update doesn't make the rules anew."""
        ...

    @property
    def placeholder(self) -> str:
        """What stands for a rule's address in a command where the address isn't known."""
        ...

    def rules(self, limit: timedelta) -> tuple[OwnedRule, ...]:
        """All listener rules in its state.

        Args:
            limit: How long to wait for it.

        Raises:
            OwnerError: It couldn't be asked.
        """
        ...

    def letting_go(self, rules: Sequence[OwnedRule]) -> tuple[Command, ...]:
        """The commands that drop rules from its state and leave them alone on AWS."""
        ...

    def taking_back(self, rule: Arn) -> Command:
        """The command that takes a live rule into its state, with a placeholder for the address."""
        ...

    def run(self, command: Command) -> None:
        """Run one of them.

        Raises:
            OwnerError: It failed.
        """
        ...


class Clock(Protocol):
    """Time, so that tests need not wait."""

    def now(self) -> float:
        """Seconds on a clock that only goes forward."""
        ...

    def sleep(self, seconds: float) -> None:
        """Wait."""
        ...


Approver = Callable[[Gate], bool]
"""Somebody who sees the gate and says yes or no."""
