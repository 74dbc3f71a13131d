"""What a ramp does when the candidate is worse: first traffic, then notifications, then history.

It uses the code of `rollout rollback`: docs/decisions/0019 has its promises.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from itertools import count
from typing import Any

from rollout.errors import Interrupted, Locked, RollbackIncomplete, RolloutError, WrongAccount
from rollout.inventory.model import Environment
from rollout.inventory.quantities import ZERO
from rollout.migration import events
from rollout.ramp.actions import RampActions
from rollout.ramp.decide import AbortPlan, Decision
from rollout.ramp.state import RampState
from rollout.state.ramp_journal import Journal, Kind

TRIES, AGAIN = 3, timedelta(seconds=10)
"""The tries of one look to move traffic back, and the time between them; a run that stays never gives up."""


class RampAbort:
    """The way back of one environment's ramp."""

    def __init__(
        self, environment: Environment, means: RampActions[Any], journal: Journal, emit: events.Listener
    ) -> None:
        self._environment = environment
        self._means = means
        self._journal = journal
        self._emit = emit

    def go(self, stands: RampState, decision: Decision, *, persistent: bool) -> tuple[str, tuple[str, ...]]:
        """Carry out a decision's plan; without one, all goes back.

        Args:
            persistent: Whether to try until everything is moved.

        Returns:
            What was done, as text, and the routes that go on.
        """
        name, plan = self._environment.name, decision.abort or AbortPlan(stands.routes, ZERO, stands.weight)
        routes, rest = plan.routes, plan.rest
        weight, left = ZERO, tuple[str, ...]()
        if plan.stays:
            weight, outcome = stands.weight, f"the weight stays at {stands.weight} %"
        elif plan.weight > ZERO and self._is_lowered(plan, decision):
            weight, outcome = plan.weight, f"went back to {plan.weight} %"
        else:
            left = self.move_back(routes, persistent=persistent)
            outcome = "rolled back" if not left else f"rolled back but for {', '.join(left)}"
        self._emit(events.RampFailed(name, stands.weight, decision.sentence, outcome, routes))
        self._means.tell("verdict", f"{stands.weight} % failed: {decision.sentence}", weight, routes)
        self._means.tell("rollback", f"{outcome}: {decision.sentence}", weight, routes)
        if weight == ZERO or plan.stays:  # the step back has recorded it with its update
            kind = Kind.DROPPED if rest else Kind.FAILED
            said = self._journal.message(kind, weight, decision.sentence, routes if rest else left)
            if weight != ZERO or left:
                self._write_down(said)
            elif doubt := self._settle(routes, said, persistent=persistent):
                outcome = f"rolled back, but {doubt}"
        return outcome, rest

    def _settle(self, routes: Sequence[str], message: str, *, persistent: bool) -> str | None:
        """Wait for processes that may still raise the routes, and update state and history; return what is unsure."""
        while True:
            try:
                if not self._means.rollback(routes, message).reconciled:
                    self._write_down(message)
            except (RollbackIncomplete, Locked) as error:
                self._emit(events.Warned(self._environment.name, f"traffic is back, but: {error}"))
                if not persistent:
                    self._write_down(message)
                    return error.what
                self._means.wait_until(self._means.now() + AGAIN)
            except (Interrupted, WrongAccount):
                raise
            except RolloutError as error:
                self._emit(events.Warned(self._environment.name, f"history is not written yet: {error}"))
                return None
            else:
                return None

    def move_back(self, routes: Sequence[str], *, persistent: bool) -> tuple[str, ...]:
        """Move routes to legacy; return the routes that could not be moved (none if `persistent`)."""
        for attempt in count(1):
            try:
                self._means.rollback(routes, None)
            except (WrongAccount, Interrupted):
                raise
            except RolloutError as error:
                left = tuple(route for route in routes if self._is_named(route, error))
                said = f"not all traffic is back: {error}"
                self._emit(events.Warned(self._environment.name, said))
                if attempt == 1:
                    self._means.tell("rollback", said, None, left)
                if attempt >= TRIES and not persistent:
                    return left
                self._means.wait_until(self._means.now() + AGAIN)
            else:
                return ()
        raise AssertionError

    @staticmethod
    def _is_named(route: str, error: RolloutError) -> bool:
        """Whether an error is about a route; an error without a route is about all."""
        return not isinstance(error, RollbackIncomplete) or any(
            (p.where or "").split(".")[1:2] == [route] for p in error.problems
        )

    def _is_lowered(self, plan: AbortPlan, decision: Decision) -> bool:
        """Whether the previous weight could be set."""
        try:
            self._means.set_weight(
                plan.weight,
                plan.routes,
                lambda _: True,
                lambda: self._journal.message(Kind.FAILED, plan.weight, decision.sentence),
            )
        except RolloutError as error:
            self._emit(
                events.Warned(self._environment.name, f"the step back failed, so all traffic goes back: {error}")
            )
            return False
        return True

    def _write_down(self, message: str) -> None:
        """Write a separate entry into history."""
        try:
            self._journal.write(message)
        except RolloutError as error:  # the next look sees that all routes are on legacy, and stops
            self._emit(events.Warned(self._environment.name, f"history is not written yet: {error}"))
