"""Where in-memory stacks keep their states, histories, locks and plans: what all clients of one test share."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, field, replace
from datetime import timedelta
from threading import RLock

from rollout.errors import Locked
from rollout.fakes.clock import InMemoryClock
from rollout.inventory.model import Environment
from rollout.state.history.entries import Update
from rollout.state.pending import Holder, Lock
from rollout.state.plan import ResourceState

_UPDATE = timedelta(seconds=1)
"""How long an update takes, so that histories have an order."""


@dataclass
class StackRecord:
    """One stack.

    Attributes:
        resources: Its state, by URN, each resource after what it depends on.
        begun: Creations of which nobody knows what became, by URN.
        history: Its updates, the oldest first.
        locks: Who holds it.
    """

    resources: dict[str, ResourceState] = field(default_factory=dict)
    begun: dict[str, ResourceState] = field(default_factory=dict)
    history: list[Update] = field(default_factory=list)
    locks: list[Lock] = field(default_factory=list)


@dataclass
class InMemoryBackend:
    """Pulumi's backend.

    Attributes:
        clock: Whose time the histories have.
        stacks: By project, stack and environment: `shop-routing/production`.
        plans: The digests of what saved plans do, by their number.
        lock: Locked while it changes.
    """

    clock: InMemoryClock
    stacks: dict[str, StackRecord] = field(default_factory=dict)
    plans: dict[int, tuple[tuple[str, str], ...]] = field(default_factory=dict)
    lock: RLock = field(default_factory=RLock, repr=False)

    def copy(self, clock: InMemoryClock) -> InMemoryBackend:
        """Another backend that is like this one now, and goes its own way from here."""
        with self.lock:
            return InMemoryBackend(clock, deepcopy(self.stacks), dict(self.plans))

    def stack(self, environment: Environment, stack: str) -> StackRecord | None:
        """A stack of an environment, if it is there."""
        return self.stacks.get(full_name(environment, stack))

    def hold(
        self, environment: Environment, stack: str, state: Holder = Holder.ALIVE, *, user: str = "colleague"
    ) -> Lock:
        """Let another process hold a stack's lock, until `release` or `Stacks.unlock`.

        Args:
            stack: One of those in `inventory.stacks`.
            state: The holder's state.
        """
        host = "elsewhere" if state is Holder.ELSEWHERE else "here"
        lock = Lock(stack, user, host, 4711, self.clock.utc, state)
        with self.lock:
            self.stacks.setdefault(full_name(environment, stack), StackRecord()).locks.append(lock)
        return lock

    def release(self, environment: Environment, lock: Lock) -> None:
        """Let a holder be done."""
        with self.lock:
            self.stacks[full_name(environment, lock.stack)].locks.remove(lock)

    @contextmanager
    def locked(
        self, environment: Environment, stack: str, user: str, on_lock_cleared: Callable[[str, str], None]
    ) -> Iterator[StackRecord]:
        """Hold a stack, which is made if it isn't there; a kill leaves the lock, whose holder is dead then.

        Args:
            stack: One of those in `inventory.stacks`.
            user: Who holds it.
            on_lock_cleared: Told the stack and the dead holder of a lock.

        Raises:
            Locked: A running process holds it.
        """
        with self.lock:
            record = self.stacks.setdefault(full_name(environment, stack), StackRecord())
            for lock in record.locks:
                if lock.state not in (Holder.DEAD, Holder.ORPHAN):
                    raise Locked(
                        f"stack {full_name(environment, stack)} is being updated by {lock.holder}",
                        hint="wait until it has finished; `rollout rollback` moves traffic without waiting",
                    )
            dead = tuple(record.locks)
            mine = Lock(stack, user, "here", 1, self.clock.utc, Holder.ALIVE)
            record.locks[:] = [mine]
        for lock in dead:
            on_lock_cleared(lock.stack, lock.holder)
        left: list[Lock] = [replace(mine, state=Holder.DEAD)]
        try:
            yield record
            left = []
        except (Exception, KeyboardInterrupt):
            left = []
            raise
        finally:
            with self.lock:
                record.locks[:] = [*(lock for lock in record.locks if lock is not mine), *left]

    @contextmanager
    def entry(self, record: StackRecord, kind: str, message: str) -> Iterator[None]:
        """An entry in a stack's history; a kill leaves none."""
        result, start = "succeeded", self.clock.utc
        try:
            yield
        except (Exception, KeyboardInterrupt):
            result = "failed"
            raise
        finally:
            self.clock.advance(_UPDATE)
            if result == "failed" or sys.exception() is None:
                record.history.append(Update(kind, result, message, start, self.clock.utc))


def full_name(environment: Environment, stack: str) -> str:
    """A stack's name as the backend has it."""
    return f"{environment.project}-{stack}/{environment.name}"
