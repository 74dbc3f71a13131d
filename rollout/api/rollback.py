"""All traffic back to legacy, at once."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future
from typing import TYPE_CHECKING

from rollout.api.opened import Part
from rollout.base import threads
from rollout.errors import EngineError, RolloutError
from rollout.inventory.quantities import ZERO, Percent
from rollout.inventory.stacks import ROUTING
from rollout.migration import events
from rollout.migration.emitter import observed
from rollout.state.ports import Stacks

if TYPE_CHECKING:
    from rollout.migration.rollback.rollback import Rollback, RollbackResult

SAVING = 5.0
"""How many seconds a rollback waits at its end for stacks.toml to be saved."""


class Rollbacks(Part):
    """Sends requests to legacy, and records it."""

    def rollback(
        self,
        *,
        routes: Sequence[str] = (),
        save: bool = True,
        reconcile: bool = True,
        message: str | None = None,
    ) -> RollbackResult:
        """Send all requests to legacy at once, then update the state.

        docs/decisions/0019 has its promises.

        Args:
            routes: The routes' names; all by default.
            save: Whether to write the weight 0 into the file.
            reconcile: Whether to update Pulumi's state afterwards, which needs the engine.
            message: For Pulumi's update history.

        Raises:
            RollbackIncomplete: Some routes could not be moved, or may be raised again; each is named.
            Locked: All are on legacy only, but another process holds the stack and may raise them again.
            WrongAccount: The credentials belong to another account; nothing was changed.
            Interrupted: By the user.
        """
        from rollout.migration.rollback.rollback import Reconciliation

        names, container, name = self._opened.routes(routes), self._container, self._environment.name
        states = Reconciliation(
            container.load_balancers, self._stacks_to_tidy, container.holders, lambda: container.wall
        )
        with self._emit.aside(), observed(self._emit, name, "rollback"):
            self._emit(events.PhaseStarted(name, "rollback", "All traffic back to legacy, at once", (ROUTING,)))
            rollback = self._rollback(names, marked=True)
            first = rollback.move()
            saving = self._save_aside(first.back, names, routes) if save and not self._opened.is_last_good else None
            try:
                result = rollback.settle(first, states if reconcile else None, message)
                self._emit(events.RollbackFinished(name, names, result.reconciled, result.reason))
            finally:
                if saving and not threads.DaemonPool.wait([saving], SAVING):
                    self._emit(
                        events.Warned(name, "the weight 0 is not saved in the file yet: another process has locked it")
                    )
        return result

    def remember(self, weight: Percent, routes: Sequence[str] = ()) -> None:
        """Write a live weight into the file; if that can't be done, a warning says so.

        Args:
            weight: The candidate's share.
            routes: The routes' names; all by default.
        """
        try:
            self._opened.save_weight(weight, routes)
        except (RolloutError, OSError) as error:  # traffic is where it should be, which is what was asked for
            self._emit(events.Warned(self._environment.name, f"the weight {weight} is not saved in the file: {error}"))

    def take_back(self, routes: Sequence[str]) -> None:
        """Move routes back that this update raised after a rollback had begun."""
        rollback = self._rollback(routes, marked=False)
        rollback.settle(rollback.move(), None)

    def _rollback(self, routes: Sequence[str], *, marked: bool) -> Rollback:
        from rollout.base.user import who
        from rollout.migration.rollback.mark import mark_text
        from rollout.migration.rollback.rollback import Rollback

        container = self._container
        return Rollback(
            self._environment,
            routes,
            container.rules,
            container.clock,
            self._emit,
            known=lambda: container.known_arns(self._file),
            mark=(lambda: mark_text(container.utc, who())) if marked else None,
            by=who,
            now=lambda: container.utc,
        )

    def _stacks_to_tidy(self) -> Stacks:
        if self._opened.is_last_good:
            raise EngineError("stacks.toml is not usable, so the state stays unchanged", code="config")
        return self._container.stacks

    def _save_aside(self, back: Sequence[str], names: Sequence[str], routes: Sequence[str]) -> Future[None] | None:
        """Begin to write the weight 0 into the file for routes that are back; another process may have it locked."""
        if not back:
            return None
        return threads.DaemonPool(1).submit(self.remember, ZERO, routes if set(back) == set(names) else back)
