"""Ownership of resources, and locks of stacks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from rollout.api.arguments import Approval, approver
from rollout.api.opened import Part
from rollout.base.user import who
from rollout.errors import GateRefused, Locked
from rollout.inventory.stacks import STACKS
from rollout.migration import events
from rollout.migration.adopt import ADOPT, Adoption, AdoptResult, Unmarked
from rollout.migration.emitter import observed
from rollout.migration.release import RELEASE, Release, ReleaseResult
from rollout.state.pending import Holder, Lock


class ResourceOwnership(Part):
    """Takes over ownership: from another tool, from an interrupted run, from a stale lock."""

    def release(self, *, approve: Approval = None) -> ReleaseResult:
        """After phase 2: remove the adopted rules from the state of Terraform or another Pulumi stack, by its tool."""
        container = self._container
        release = Release(self._environment, container.load_balancers, container.stacks, container.owner, self._emit)
        with observed(self._emit, self._environment.name, RELEASE):
            return release.run(approver(approve))

    def unmarked(self, stack: str) -> tuple[Unmarked, ...]:
        """The resources of a stack without its mark, which no phase changes or deletes: see `adopt`.

        Args:
            stack: One of those in `inventory.stacks`.

        Raises:
            EngineError, AwsError: Its state or AWS can't be read.
        """
        return self._adoption().unmarked(stack)

    def adopt(self, names: Sequence[str], *, approve: Approval = None, message: str | None = None) -> AdoptResult:
        """Mark resources in the stacks as this environment's; only tags change.

        Args:
            names: Such as `Function:rust-scorer`; `unmarked` has those that can be named.
            approve: Approves the gate.
            message: For Pulumi's update history.

        Raises:
            UsageError: There is no unmarked resource of one of the names.
        """
        with observed(self._emit, self._environment.name, ADOPT):
            return self._adoption().run(names, approver(approve), message)

    def unlock(
        self,
        *,
        approve: Callable[[tuple[Lock, ...]], bool],
        force: bool = False,
        stacks_of: Sequence[str] = STACKS,
    ) -> tuple[Lock, ...]:
        """Remove the locks on the stacks.

        Args:
            approve: Called with the locks, if there are any.
            force: Even if a holder is running on this machine.
            stacks_of: Which stacks.

        Returns:
            The removed locks.

        Raises:
            Locked: A holder is running on this machine, or another one came meanwhile.
            GateRefused: Not approved.
        """
        name, stacks = self._environment.name, self._container.stacks
        with ThreadPoolExecutor(4) as pool:
            found = tuple(lock for locks in pool.map(stacks.locks, stacks_of) for lock in locks)
        if not found:
            return ()
        alive = [lock for lock in found if lock.state is Holder.ALIVE]
        if alive and not force:
            said = f"{alive[0].stack} is being updated by {alive[0].holder}, running on this machine"
            raise Locked(said, hint="wait until it has finished, or stop that process first; --force unlocks anyway")
        if not approve(found):
            raise GateRefused("the locks stay", hint="pass `--yes` if that process is no longer running")
        for stack in dict.fromkeys(lock.stack for lock in found):
            if {lock.holder for lock in stacks.locks(stack)} - {lock.holder for lock in found}:
                raise Locked(
                    f"another process has locked {stack} meanwhile",
                    hint="run the command again",
                    code="concurrent-change",
                )
            stacks.unlock(stack)
        for lock in found:
            self._emit(events.LockCleared(name, lock.stack, lock.holder, lock.state.value))
        return found

    def _adoption(self) -> Adoption:
        container = self._container
        environment, stacks = self._environment, container.stacks
        return Adoption(environment, stacks, container.marks, self._emit, by=who(), now=lambda: container.utc)
