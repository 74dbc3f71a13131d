"""The ports to Pulumi."""

from __future__ import annotations

from collections.abc import Callable, Collection
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:  # a rollback needs none of the parts that have these
    from rollout.inventory.model import ProgramInput
    from rollout.state.history.entries import Update
    from rollout.state.pending import Lock
    from rollout.state.plan import Change, ResourceState, StackPreview


class States(Protocol):
    """The states and histories of one environment's Pulumi stacks."""

    def resources(self, stack: str) -> tuple[ResourceState, ...] | None:
        """What the state of a stack holds; None where there is no such stack.

        Raises:
            EngineError: The engine failed.
        """

    def history(self, stack: str, depth: int) -> tuple[Update, ...]:
        """The latest updates of a stack, the oldest first; empty where there is no such stack.

        Args:
            stack: One of those in `inventory.stacks`.
            depth: How many at most, 1 or more.

        Raises:
            EngineError: The engine failed.
        """


class Stacks(States, Protocol):
    """The Pulumi stacks of one environment, one program each."""

    def backend(self) -> str:
        """Where the states are kept, once it is known that they can be.

        Raises:
            EngineError: It can't be reached, or can't be written to.
        """

    def preview(
        self, stack: str, given: ProgramInput, plan: Path, *, create: bool = False, refresh: bool = False
    ) -> StackPreview | None:
        """Work out what an update would do, and save it as a plan that `up` is bound to.

        Args:
            stack: legacy, candidate or routing.
            plan: The file to save the plan in, mode 0600.
            create: Whether to make the stack if it isn't there; otherwise there is no preview then.
            refresh: Whether to read the resources anew from AWS first.

        Raises:
            EngineError: The engine or the program failed.
            Locked: Somebody alive holds the stack.
        """

    def ahead(self, stack: str, plan: Path, *, create: bool = False) -> AbstractContextManager[None]:
        """Meanwhile an engine starts for the next preview, if that has these arguments; one that isn't used ends.

        Args:
            stack: See `preview`, as for the others.
        """

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

    def rehearsal(self, stack: str) -> AbstractContextManager[Stacks]:
        """A copy of a stack to try things on: what is done to it there is done to no state that anybody keeps.

        Raises:
            EngineError: The engine failed.
        """

    def begun(self, stack: str) -> tuple[ResourceState, ...] | None:
        """Creations that a killed or failed update began, of which the state doesn't know what became.

        Returns:
            None where there is no such stack.

        Raises:
            EngineError: The engine failed.
        """

    def forget_begun(self, stack: str) -> None:
        """Drop from a state what it knows of such creations; what AWS has stays, and is found by its mark.

        Raises:
            EngineError, Locked: As they say.
        """

    def retain(self, stack: str, urns: Collection[str]) -> None:
        """Have the state leave resources on AWS when they leave it; only the state is changed.

        Raises:
            EngineError, Locked: As they say.
        """

    def note(self, stack: str, message: str) -> None:
        """Write an entry into a stack's history that changes nothing.

        Raises:
            EngineError: The engine failed, or there is no such stack.
            Locked: Somebody alive holds the stack.
        """

    def locks(self, stack: str) -> tuple[Lock, ...]:
        """Who holds a stack."""

    def unlock(self, stack: str) -> None:
        """Take all locks from a stack, whoever holds them."""
