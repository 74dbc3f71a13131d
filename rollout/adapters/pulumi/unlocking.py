"""Repeats an operation of the engine after removing the lock of a dead process."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from hashlib import sha256
from typing import TypeVar

import platformdirs
from filelock import FileLock, Timeout

from rollout.adapters.pulumi.engine_events import Diagnostics, LockedError, NoStackError, explained
from rollout.adapters.pulumi.locks import ends, locks_in
from rollout.adapters.pulumi.process import Stack, stop_group
from rollout.base.private import private_folder
from rollout.errors import EngineError, Locked
from rollout.inventory.model import Environment
from rollout.inventory.stacks import FLEET
from rollout.state.pending import Holder, Lock

T = TypeVar("T")
_WAIT = "wait until it has finished; `rollout rollback` moves traffic without waiting"


class Unlocking:
    """Unlocks one environment's stacks.

    Args:
        on_lock_cleared: Called with the stack and the dead holder of a removed lock.
    """

    def __init__(self, environment: Environment, backend: str, on_lock_cleared: Callable[[str, str], None]) -> None:
        self._environment = environment
        self._backend = backend
        self._on_lock_cleared = on_lock_cleared

    def run(self, stack: str, opened: Stack, operation: Callable[[], T], problems: Diagnostics | None = None) -> T:
        """Run an operation. Remove locks of dead holders, and run the operation again.

        Raises:
            Locked: A running process holds the stack, or a process of another host.
        """
        try:
            return explained(operation, problems)
        except LockedError:
            with self._alone(stack):
                self._clear(locks_on(stack, opened), opened)
                return explained(operation, problems)

    @contextmanager
    def _alone(self, stack: str) -> Iterator[None]:
        """One at a time on this host: if two processes find a dead lock, the slower must not remove the new one."""
        name = sha256(f"{self._backend} {self._full_name(stack)}".encode()).hexdigest()
        path = platformdirs.user_cache_path("rollout") / "locks" / f"{name}.lock"
        private_folder(path.parent)
        try:
            with FileLock(path, timeout=0):
                yield
        except Timeout:
            raise Locked(
                f"stack {self._full_name(stack)} is being updated by another run on this host", hint=_WAIT
            ) from None

    def _clear(self, locks: Sequence[Lock], opened: Stack) -> None:
        """Remove locks of dead holders; an orphan is stopped first."""
        for lock in locks:
            if lock.state is Holder.ORPHAN:
                stop_group(lock.pid, partial(ends, lock))
            elif lock.state is not Holder.DEAD:
                unlock = "fleet unlock" if lock.stack == FLEET else "unlock"
                raise Locked(
                    f"stack {self._full_name(lock.stack)} is being updated by {lock.holder}",
                    hint=f"{_WAIT}; if it is no longer running, run `rollout {unlock} {self._environment.name}`",
                )
        explained(opened.cancel)
        for lock in locks:
            self._on_lock_cleared(lock.stack, lock.holder)

    def _full_name(self, stack: str) -> str:
        return f"{self._environment.project}-{stack}/{self._environment.name}"


def locks_on(stack: str, opened: Stack) -> tuple[Lock, ...]:
    """The locks on a stack, from the engine's error: a rename to its own name fails, because of locks or anyway."""
    try:
        explained(lambda: opened.rename(opened.name))
    except LockedError as error:
        return tuple(locks_in(stack, error.text))
    except (EngineError, NoStackError):
        pass
    return ()
