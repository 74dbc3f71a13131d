"""Runs an operation of the engine again where a lock of somebody who is dead was in its way."""

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
from rollout.state.pending import Holder, Lock

T = TypeVar("T")
_WAIT = "wait until that is done; `rollout rollback` moves traffic all the same"


class Unlocking:
    """Of one environment's stacks.

    Args:
        environment: The inventory.
        backend: Where the states are, a URL.
        on_lock_cleared: Told the stack and the dead holder of a lock that was taken away.
    """

    def __init__(self, environment: Environment, backend: str, on_lock_cleared: Callable[[str, str], None]) -> None:
        self._environment = environment
        self._backend = backend
        self._on_lock_cleared = on_lock_cleared

    def run(self, stack: str, opened: Stack, operation: Callable[[], T], problems: Diagnostics | None = None) -> T:
        """Run an operation; locks of dead holders are cleared and the operation run again.

        Raises:
            Locked: Somebody alive holds the stack, or somebody elsewhere.
        """
        try:
            return explained(operation, problems)
        except LockedError:
            with self._alone(stack):
                self._clear(locks_on(stack, opened), opened)
                return explained(operation, problems)

    @contextmanager
    def _alone(self, stack: str) -> Iterator[None]:
        """One at a time on this host: of two who find a dead lock, the slower must not clear the faster one's."""
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
        """Clear locks whose holders are all dead; an orphan is stopped first."""
        for lock in locks:
            if lock.state is Holder.ORPHAN:
                stop_group(lock.pid, partial(ends, lock))
            elif lock.state is not Holder.DEAD:
                raise Locked(
                    f"stack {self._full_name(lock.stack)} is being updated by {lock.holder}",
                    hint=f"{_WAIT}; if nobody is at work there, run `rollout unlock {self._environment.name}`",
                )
        explained(opened.cancel)
        for lock in locks:
            self._on_lock_cleared(lock.stack, lock.holder)

    def _full_name(self, stack: str) -> str:
        return f"{self._environment.project}-{stack}/{self._environment.name}"


def locks_on(stack: str, opened: Stack) -> tuple[Lock, ...]:
    """The locks on a stack: giving it the name that it has is refused, because of them or in any case."""
    try:
        explained(lambda: opened.rename(opened.name))
    except LockedError as error:
        return tuple(locks_in(stack, error.text))
    except (EngineError, NoStackError):
        pass
    return ()
