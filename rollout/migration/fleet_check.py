"""A fleet's state machine and roles: as they are, and as they would be."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from rollout.base.policy_documents import same_documents
from rollout.errors import Problem
from rollout.inventory.fleets import FleetPlan, FleetRole
from rollout.migration.bearers import ROLE, ROLE_POLICY, STATE_MACHINE
from rollout.state.plan import StackPreview


@dataclass(frozen=True, slots=True)
class FleetCheck:
    """The state machine of a fleet.

    Attributes:
        name: The fleet's.
        plan: Returns what it would be made of.
        installed: Returns its definition on AWS; None if there is none.
        role: Returns a role of a name on AWS; None if there is none.
        is_ramping: Whether an execution runs.
    """

    name: str
    plan: Callable[[], FleetPlan]
    installed: Callable[[], str | None]
    role: Callable[[str], FleetRole | None]
    is_ramping: Callable[[], bool]

    def problems(self) -> Iterator[Problem]:
        """Why it can't be changed now: an execution keeps its definition, but not its role's rights."""
        if self.is_ramping():
            hint = f"wait for its end, or end it by `rollout fleet stop {self.name}`"
            yield Problem(f"fleet {self.name} is ramping", hint=hint, code="ramp-under-way")

    def is_lost(self, preview: StackPreview) -> bool:
        """Whether the state has other ones than AWS."""
        held = [step.old for step in preview.steps if step.old]
        machines = [each.inputs for each in held if each.type == STATE_MACHINE]
        if not machines:
            return False
        installed = self.installed()
        trusted = {each.inputs["name"]: each.inputs["assumeRolePolicy"] for each in held if each.type == ROLE}
        policies = {each.inputs["role"]: each.inputs["policy"] for each in held if each.type == ROLE_POLICY}
        wanted = [FleetRole(name, trusted[name], policies.get(name, "{}")) for name in trusted]
        return installed is None or bool(self.differences(installed, machines[0]["definition"], wanted))

    def differences(self, installed: str, definition: str, roles: Iterable[FleetRole]) -> tuple[str, ...]:
        """What is another one on AWS; a role also if it isn't there.

        Args:
            installed: The state machine's definition, as it is.
            definition: As it would be.
            roles: As they would be.
        """
        found = [] if json.loads(installed) == json.loads(definition) else ["the definition"]
        for wanted in roles:
            role = self.role(wanted.name)
            if role is None or not same_documents(role.trusted, wanted.trusted):
                found.append(f"the trust policy of {wanted.name}")
            if role is None or not same_documents(role.policy, wanted.policy):
                found.append(f"the policy of {wanted.name}")
        return tuple(found)
