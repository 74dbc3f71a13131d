"""A fleet's ramp by itself: a state machine in the account hands one wave after the other to the controllers."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from hashlib import blake2b

from rollout.api.fleet_installation import FleetInstallation
from rollout.base.formatting import count_of
from rollout.base.printable import one_line
from rollout.base.user import who
from rollout.errors import AwsError, ConfigError, Locked, UsageError
from rollout.inventory.file import StacksFile
from rollout.inventory.fleets import FleetPlan, fleet_plan, fleet_problems
from rollout.inventory.marks import Bearer
from rollout.inventory.on_aws import function_name_of
from rollout.inventory.stacks import FLEET
from rollout.migration.bearers import FUNCTION
from rollout.ramp.fleet import RUNNING, FleetExecution, FleetStatus, Installed, fleet_status, waiting_approval
from rollout.ramp.fleet_history import fleet_changes
from rollout.state.history.audit import PastChange, changes_of
from rollout.state.history.firings import merged
from rollout.state.history.reading import read_histories

LATEST, MOST = 20, 1000
"""Changes that are shown: by default, and at most."""


def plan_of(file: StacksFile, name: str) -> FleetPlan:
    """A fleet with its environments.

    Raises:
        UsageError: There is no such fleet.
        ConfigError: It can't ramp by itself, such as since an environment has no `[controller]`.
    """
    fleet = file.fleet(name)
    environments = {each: file.environment(each) for wave in fleet.waves for each in wave}
    for environment in environments.values():
        environment.require("controller", "notifications")
    if problems := tuple(fleet_problems(name, fleet, environments)):
        raise ConfigError(count_of(len(problems), "problem"), problems, where=str(file.path))
    return fleet_plan(name, fleet, environments)


class FleetRamp(FleetInstallation):
    """The ramp of one fleet, and the state machine that runs it; see `FleetInstallation`."""

    def start(self, *, restart: bool = False) -> FleetStatus:
        """Begin or continue the ramp; it skips environments at 100 %.

        Args:
            restart: Also begin failed and rolled back ramps again.

        Raises:
            Locked: It is ramping already.
            AwsError: The state machine isn't installed or differs from stacks.toml, or one has no controller.
        """
        plan = self._plan()
        self._require_account()
        differences, hint = self._differences(plan), f"run `rollout fleet install {plan.name}`"
        if differences is None:
            raise AwsError(f"fleet {plan.name} is not installed", hint=hint, code="no-fleet")
        if differences:
            what = f"fleet {plan.name} is another one on AWS than in stacks.toml: {', '.join(differences)}"
            raise AwsError(what, hint=hint, code="fleet-outdated")
        if missing := self._without_controller(plan):
            what = f"nothing would ramp {', '.join(missing)}: no controller is installed"
            hint = f"run `rollout controller install {missing[0]}`"
            raise AwsError(what, where=f"fleets.{plan.name}", hint=hint, code="no-controller")
        last, given = self._last(), json.dumps({"restart": restart, "by": who()})
        is_under_way = last is not None and last.status == RUNNING
        if is_under_way or not self._container.state_machines.start(self._machine, self._name_after(last), given):
            raise Locked(f"fleet {plan.name} is ramping already", hint=self._hint, code="ramp-under-way")
        return self._status(plan)

    def status(self) -> FleetStatus:
        """The state of its last ramp, and whether the installed state machine and its roles are up to date."""
        plan = self._plan()
        self._require_account()
        return self._status(plan)

    def _status(self, plan: FleetPlan) -> FleetStatus:
        differences = self._differences(plan)
        installed: Installed = "no" if differences is None else "differs" if differences else "yes"
        return replace(fleet_status(plan, self._last()), installed=installed, differences=differences or ())

    def approve(self, wave: int | None = None) -> FleetStatus:
        """Approve the wave that waits; the execution's history records who did.

        Args:
            wave: Its number, which prevents an approval of a later wave; by default the one that waits.

        Raises:
            UsageError: No wave waits, or another one does.
        """
        _, token = self._waiting(wave)
        self._answered(self._container.tasks.succeed(token, {"by": who()}))
        return self._status(self._plan())

    def decline(self, why: str, wave: int | None = None) -> FleetStatus:
        """End the ramp instead: the wave doesn't begin, and previous waves stay.

        Args:
            why: The reason.
            wave: As for `approve`.

        Raises:
            UsageError: No wave waits, or another one does.
        """
        number, token = self._waiting(wave)
        said = one_line(why).strip() or "no reason was given"
        self._answered(self._container.tasks.fail(token, "Declined", f"{who()} declined wave {number}: {said}"))
        return self._status(self._plan())

    def stop(self, why: str) -> FleetStatus:
        """Begin no further environment. Ramps in progress continue: pause or roll back each of them.

        Raises:
            UsageError: It isn't ramping.
        """
        plan = self._plan()
        self._require_account()
        running = self._running()
        if running is None:
            raise UsageError(f"fleet {plan.name} isn't ramping", hint="there is nothing to stop", code="no-ramp")
        said = one_line(why).strip() or "no reason was given"
        self._container.state_machines.stop(running.arn, "Stopped", f"{who()}: {said}")
        return self._status(plan)

    def _name_after(self, last: FleetExecution | None) -> str:
        """An execution's name: of two people who saw the same last one only one begins the next, whatever their clocks.

        AWS takes a name once in 90 days, also of a machine that was removed and installed again.
        """
        if last is None:
            return f"{self._container.utc:%Y-%m-%dT%H-%M}"
        return f"after-{blake2b(last.arn.encode(), digest_size=8).hexdigest()}"

    def history(self, *, limit: int = LATEST) -> tuple[PastChange, ...]:
        """What became of the fleet, the oldest first: its installs, and its ramps with who approved or stopped them.

        Installs are in the update history of the fleet's stack, for ever; of ramps AWS keeps 90 days.

        Args:
            limit: The number of latest changes, 1 to 1000.

        Raises:
            UsageError: The limit is another one.
            EngineError, AwsError: A history can't be read.
        """
        if not 1 <= limit <= MOST:
            what = f"{count_of(limit, 'change')} can't be shown"
            raise UsageError(what, hint=f"1 to {MOST} are allowed", code="out-of-range")
        self._require_account()
        with ThreadPoolExecutor(1) as pool:
            ramps = pool.submit(lambda: self._container.state_machines.latest(self._machine, limit))
            installs = changes_of(read_histories(self._container.states, (FLEET,)))
            return merged(installs, fleet_changes(ramps.result()))[-limit:]

    def _without_controller(self, plan: FleetPlan) -> list[str]:
        """The environments of this account without one: they would fail, and their wave would be rolled back.

        Nothing is known of those in other accounts, nor without the right to ask.
        """
        here = {Bearer(FUNCTION, function_name_of(each.function)): each.name for each in plan.members if not each.role}
        try:
            found = self._container.marks.find(here.keys(), parts=False)
        except AwsError:
            return []
        return [name for bearer, name in here.items() if bearer not in found]

    def _waiting(self, wave: int | None) -> tuple[int, str]:
        self._require_account()
        last = self._last()
        found = waiting_approval(last) if last else None
        if found is None:
            raise self._nothing()
        if wave not in (None, found[0]):
            what = f"wave {wave} of fleet {self._environment.name} doesn't wait for approval, but wave {found[0]}"
            raise UsageError(what, hint=self._hint, code="nothing-to-approve")
        return found

    def _answered(self, waits: bool) -> None:
        if not waits:
            raise self._nothing()

    def _nothing(self) -> UsageError:
        what = f"no wave of fleet {self._environment.name} waits for approval"
        return UsageError(what, hint=self._hint, code="nothing-to-approve")

    @property
    def _hint(self) -> str:
        return f"see `rollout fleet status {self._environment.name}`"
