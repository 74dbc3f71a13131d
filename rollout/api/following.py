"""Follows the ramp that a controller runs, with a gate before one begins."""

from __future__ import annotations

from rollout.alb.state import AlbState
from rollout.api.arguments import Approval, approver
from rollout.api.controller_reading import controller_status
from rollout.api.guard_reading import GuardReading
from rollout.api.opened import Part, patient
from rollout.api.ramp_actions import EnvironmentRampActions
from rollout.errors import UsageError
from rollout.inventory.model import Split
from rollout.inventory.quantities import Percent
from rollout.migration import events
from rollout.migration.gates import Gate, traffic_of
from rollout.migration.runner.approval import ask
from rollout.ramp.following import Follower
from rollout.ramp.history import RampHistory
from rollout.ramp.runner import RampResult
from rollout.state.ramp_journal import Journal


class Followers(Part):
    """Follows; a call follows one ramp."""

    def __call__(self, journal: Journal, approve: Approval, *, once: bool, restart: bool) -> RampResult:
        """See `EnvironmentRamp.follow`."""
        environment, container = self._environment, self._container
        environment.require("ramp", "analysis", "controller")
        if environment.controller is None:
            hint = f"`rollout ramp {environment.name}` runs the ramp in this process"
            raise UsageError("stacks.toml has no [controller] table", hint=hint, code="missing-key")
        self._require_account()
        actions = EnvironmentRampActions(self._opened, save=False, warn=self._warn)
        follower = Follower(
            environment,
            actions,
            RampHistory(environment, actions, journal, self._warn),
            container.controller,
            emit=self._emit,
            status=lambda record: controller_status(environment.name, record, container.utc),
            guard=self._guard,
        )
        asked = patient(self._emit, approver(approve))

        def consent(live: AlbState, weight: Percent) -> None:
            gate = self._gate(live, weight)
            self._emit(events.GateOpened(environment.name, gate))
            ask(gate, asked, self._emit, hint="pass `--yes`")

        with self._emit.aside():
            return follower.run(once=once, restart=restart, consent=consent)

    def _gate(self, live: AlbState, weight: Percent) -> Gate:
        """The gate of the whole ramp, since nobody is asked at its steps."""
        environment = self._environment
        steps = [step for step in environment.ramp.steps if step > weight]
        after = {name: Split.at(max([weight, *steps])) for name in environment.routes}
        traffic = traffic_of(environment, live, after, written=False)
        weights = ", ".join(f"{step} %" for step in steps) or "no further step"
        warning = f"the controller raises the weight by itself, each time after a Pass: {weights}"
        return Gate(environment.name, "ramp", traffic, (), (warning,), by_name=environment.confirm == "name")

    def _guard(self) -> str:
        found = GuardReading(self._opened).status()
        return found.sentence if found else ""

    def _warn(self, said: str) -> None:
        self._emit(events.Warned(self._environment.name, said))
