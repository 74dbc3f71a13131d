"""The calls that one in-memory client makes: each is recorded, and a test may step in before or after any of them.

Refusals, lost answers and other actors are the same thing here, a hook: one that raises before the call takes effect is
a refusal, one that raises afterwards is an answer that got lost, and one that changes the world is another actor.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from threading import Lock
from typing import TypeVar

from rollout.errors import AwsError, RolloutError

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class ApiCall:
    """One call.

    Attributes:
        action: As the service names it, such as `ModifyRule` or `up`.
        resource: What it is about: an ARN, a load balancer's name, a stack; empty where it names nothing.
    """

    action: str
    resource: str = ""


Hook = Callable[[ApiCall], None]


@dataclass
class _Order:
    hook: Hook
    action: str
    resource: str
    skip: int
    times: int | None

    def is_due(self, call: ApiCall) -> bool:
        if not (fnmatchcase(call.action, self.action) and fnmatchcase(call.resource, self.resource)):
            return False
        if self.skip:
            self.skip -= 1
            return False
        if self.times is None:
            return True
        self.times -= 1
        return self.times >= 0


@dataclass
class ApiCalls:
    """The calls of one client, in order, and what is to happen around the next ones.

    All patterns are of the shell's kind, as in `Describe*`. Hooks run in the thread that makes the call, and hold no
    lock, so they may make calls of other clients.

    Attributes:
        log: Every call that was made, refused ones too.
    """

    log: list[ApiCall] = field(default_factory=list)
    _before: list[_Order] = field(default_factory=list)
    _after: list[_Order] = field(default_factory=list)
    _lock: Lock = field(default_factory=Lock)

    def before(
        self, hook: Hook, action: str = "*", resource: str = "*", *, skip: int = 0, times: int | None = None
    ) -> None:
        """Run a hook before calls take effect; if it raises, they take none.

        Args:
            action: A pattern of actions.
            resource: A pattern of what they are about.
            skip: How many such calls pass first.
            times: For how many calls after those; None for all.
        """
        self._before.append(_Order(hook, action, resource, skip, times))

    def after(
        self, hook: Hook, action: str = "*", resource: str = "*", *, skip: int = 0, times: int | None = None
    ) -> None:
        """Run a hook once calls have taken effect; if it raises, the caller doesn't learn that they have.

        Args:
            action: See `before`.
            resource: See `before`.
            skip: See `before`.
            times: See `before`.
        """
        self._after.append(_Order(hook, action, resource, skip, times))

    def refuse(
        self,
        action: str = "*",
        resource: str = "*",
        *,
        skip: int = 0,
        times: int | None = 1,
        error: RolloutError | None = None,
        takes_effect: bool = False,
    ) -> None:
        """Let calls fail.

        Args:
            action: See `before`.
            resource: See `before`.
            skip: See `before`.
            times: See `before`.
            error: As what; by default the AwsError of a service that is unavailable.
            takes_effect: Whether only the answer is lost.
        """

        def fail(call: ApiCall) -> None:
            raise error or AwsError(f"{call.action}: ServiceUnavailable: the service is unavailable")

        (self.after if takes_effect else self.before)(fail, action, resource, skip=skip, times=times)

    def forget_orders(self) -> None:
        """Let all further calls through."""
        self._before.clear()
        self._after.clear()

    def make(self, call: ApiCall, effect: Callable[[], T]) -> T:
        """Make a call: for clients."""
        with self._lock:
            self.log.append(call)
        self._meet(self._before, call)
        result = effect()
        self._meet(self._after, call)
        return result

    def _meet(self, orders: list[_Order], call: ApiCall) -> None:
        with self._lock:
            due = [order.hook for order in orders if order.is_due(call)]
        for hook in due:
            hook(call)
