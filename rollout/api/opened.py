"""One opened environment, for all parts of the library."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rollout.api.container import Container
from rollout.errors import UsageError
from rollout.inventory import file as config
from rollout.inventory.model import Environment
from rollout.inventory.on_aws import require_account
from rollout.inventory.quantities import Percent
from rollout.migration import events
from rollout.migration.emitter import Emitter

if TYPE_CHECKING:
    from rollout.alb.state import AlbState
    from rollout.migration.gates import Gate
    from rollout.migration.ports import Approver


@dataclass(frozen=True)
class Opened:
    """An environment with all that its use cases need.

    Attributes:
        environment: The inventory.
        file: stacks.toml.
        container: AWS, the engine and the clock.
        emit: Sends events to who listens.
        is_last_good: Whether stacks.toml is unreadable and an earlier one is used; state and file then stay unchanged.
    """

    environment: Environment
    file: Path
    container: Container
    emit: Emitter
    is_last_good: bool = False

    def routes(self, names: Sequence[str]) -> tuple[str, ...]:
        """The named routes, or all; those of several listeners are always together.

        Raises:
            UsageError: There is no such route.
        """
        known = self.environment.routes_in_file
        for name in names:
            if name not in known and name not in self.environment.routes:
                raise UsageError(f"there is no route {name!r}", hint=f"known: {', '.join(known)}", code="unknown-route")
        return self.environment.together(names or known)

    def save_weight(self, weight: Percent, routes: Sequence[str]) -> None:
        """Write a live weight into the file; for all routes if none is named."""
        if config.save_weight(self.file, self.environment.name, weight, routes or None):
            self.emit(events.WeightSaved(self.environment.name, str(self.file), weight))


def patient(emit: Emitter, approve: Approver | None) -> Approver | None:
    """An approver that is asked once all that was told is seen."""

    def ask(gate: Gate) -> bool:
        emit.drain()
        return approve is not None and approve(gate)

    return ask if approve else None


class Part:
    """A group of use cases of one opened environment."""

    def __init__(self, opened: Opened) -> None:
        self._opened = opened
        self._environment = opened.environment
        self._container = opened.container
        self._emit = opened.emit
        self._file = opened.file

    def _live(self) -> AlbState:
        """What is on AWS now."""
        return self._container.load_balancers.read(self._environment)

    def _require_account(self) -> None:
        """Go on only with the environment's own credentials, where no reading of load balancers sees to that.

        What has a name only, such as a table or an alarm, may be another environment's in another account.

        Raises:
            WrongAccount: They are of another account.
        """
        require_account(self._environment, self._container.rules.account())
