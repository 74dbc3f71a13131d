"""The migration's ports: Protocols with real, sandbox and in-memory implementations."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Protocol, TypeVar

from rollout.analysis.ports import TargetGroups

if TYPE_CHECKING:  # a rollback needs none of the parts that have these
    from rollout.alb.invocation import Invocation
    from rollout.alb.state import AlbState, LiveRule
    from rollout.alb.weights import ForwardAction
    from rollout.analysis.metrics import AlarmState
    from rollout.guard.record import Firing
    from rollout.guard.state import GuardState  # noqa: F401 - named in a string, as a base's parameter
    from rollout.inventory.aliases import AliasTarget, LiveAlias
    from rollout.inventory.marks import Bearer, Mark, Marked
    from rollout.inventory.model import Arn, Environment
    from rollout.migration.checks.function_needs import FunctionNeeds
    from rollout.migration.checks.inspection import Inspection
    from rollout.migration.checks.ownership import Command, OwnedRule
    from rollout.migration.gates import Gate

T = TypeVar("T")


class LoadBalancers(TargetGroups, Protocol):
    """The load balancers' API, for one environment."""

    def read(self, environment: Environment, *, tags: bool = True, before: AlbState | None = None) -> AlbState:
        """The live state of everything in the inventory.

        Args:
            tags: Whether to read the rules' tags too, which takes one more call.
            before: An earlier reading. Its target groups still are those of their names if rules forward to all of
                them, since AWS deletes none of those; then they aren't read again.

        Raises:
            WrongAccount: The credentials belong to another account.
            AwsError: AWS refused, or can't be reached.
        """

    def rules(self, listeners: Sequence[Arn]) -> tuple[LiveRule, ...]:
        """The rules of listeners, default ones too, without tags."""

    def multi_value(self, groups: Sequence[Arn]) -> frozenset[Arn]:
        """Those of target groups that send a function headers and query parameters as lists.

        Raises:
            AwsError: AWS refused, or can't be reached.
        """

    def health(self, groups: Sequence[Arn]) -> Mapping[Arn, tuple[str, ...]]:
        """What AWS says of the health of each target of target groups, such as `unhealthy`.

        Raises:
            AwsError: AWS refused, or can't be reached.
        """

    def inspect(self, live: AlbState) -> Inspection:
        """Read targets, permissions and quotas.

        Raises:
            AwsError: AWS refused, or can't be reached.
        """

    def modify(self, rule: LiveRule, forward: ForwardAction) -> None:
        """Give a rule another forward action, leaving all else that it is as it was read; throttled calls are repeated.

        Raises:
            AwsError: AWS refused.
        """

    def unmark(self, rules: Sequence[Arn]) -> None:
        """Remove the rollback marks from rules, after an intended raise.

        Raises:
            AwsError: AWS refused, or can't be reached.
        """


class Marks(Protocol):
    """What AWS has under the names of resources, and whose mark it carries."""

    def find(self, bearers: Collection[Bearer], *, parts: bool = True) -> Mapping[Bearer, Marked]:
        """What is there; missing where there is nothing.

        Args:
            parts: Whether a function's aliases and statements are read too; whose it is takes only its tags.

        Raises:
            AwsError: AWS refused, or can't be reached.
        """

    def put(self, bearer: Bearer, arn: Arn, mark: Mark) -> None:
        """Add a mark's tags to something that has other tags or none.

        Raises:
            AwsError: AWS refused, or can't be reached.
        """


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


class Aliases(Protocol):
    """The aliases of functions, and what functions need that is there already, for one environment."""

    def needs(self, environment: Environment) -> FunctionNeeds:
        """The existing roles and networks of functions, as far as they can be read.

        Raises:
            AwsError: AWS can't be reached.
        """
        ...

    def aliases(self, environment: Environment) -> Mapping[str, LiveAlias]:
        """Where they point, by the functions' keys; missing where there is none.

        Raises:
            WrongAccount: The credentials belong to another account.
            AwsError: AWS refused, or can't be reached.
        """
        ...

    def point(self, environment: Environment, key: str, target: AliasTarget, revision: str) -> bool:
        """Point a function's alias elsewhere; whether it was still as read.

        Args:
            key: The function's.
            target: Where to.
            revision: Of the alias as it was read.

        Raises:
            AwsError: AWS refused, or can't be reached.
        """
        ...


class Shared(Protocol[T]):
    """What a function in the account and rollout know of each other: a guard's state, or a controller's record."""

    def read(self) -> T | None:
        """What it is now; None if the function isn't installed.

        Raises:
            AwsError: AWS refused, can't be reached, or it is unreadable.
        """
        ...

    def change(self, transition: Callable[[T, datetime], T]) -> T:
        """Change it as it is now; tried again if another process was faster.

        Args:
            transition: Such as `guard.state.arm`; gets what it is and AWS's time of the reading, which is never later
                than the true one.

        Raises:
            GuardRefusal, ControllerRefusal: The transition's.
            AwsError: As for `read`; code `no-guard` or `no-controller` if the function isn't installed.
        """
        ...


class Guard(Shared["GuardState"], Protocol):
    """The guard's table and heartbeat, for one environment with a `[guard]`."""

    def firings(self, limit: int) -> tuple[Firing, ...]:
        """What the last alarms led to, the newest first; none if no guard is installed.

        Raises:
            AwsError: AWS refused, or can't be reached.
        """
        ...

    def set_alarm(self, name: str, state: AlarmState, reason: str, data: str) -> None:
        """Set an alarm's state until CloudWatch evaluates it again, for a drill.

        Args:
            data: JSON, which the function gets with the alarm.

        Raises:
            AwsError: AWS refused, can't be reached, or there is no such alarm.
        """
        ...

    def beat(self) -> None:
        """Write a heartbeat.

        Raises:
            AwsError: AWS refused, or can't be reached.
        """


class LegacyOwner(Protocol):
    """Another tool that manages the legacy rules."""

    @property
    def place(self) -> str:
        """Where its state is, for people."""

    @property
    def update(self) -> str:
        """Its own command that makes AWS as its code says."""

    @property
    def advice(self) -> str:
        """What to do in its code, so that its next update doesn't create the rules again."""

    @property
    def placeholder(self) -> str:
        """What stands for a rule's address in a command where the address isn't known."""

    def rules(self, limit: timedelta) -> tuple[OwnedRule, ...]:
        """All listener rules in its state.

        Raises:
            OwnerError: It couldn't be asked.
        """

    def letting_go(self, rules: Sequence[OwnedRule]) -> tuple[Command, ...]:
        """The commands that drop rules from its state and leave them alone on AWS."""

    def taking_back(self, rule: Arn) -> Command:
        """The command that takes a live rule into its state, with a placeholder for the address."""

    def run(self, command: Command) -> None:
        """Run one of them.

        Raises:
            OwnerError: It failed.
        """


Approver = Callable[["Gate"], bool]
"""Approves a gate or not."""
