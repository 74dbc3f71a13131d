"""A fleet's parts: the state machine, its role, and the role by which controllers in other accounts answer.

The history of an execution stays for 90 days, so there is no log beside it.
https://docs.aws.amazon.com/step-functions/latest/dg/procedure-create-iam-role.html
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from pulumi import ComponentResource, ResourceOptions
from pulumi_aws import iam, sfn

from rollout.inventory.fleets import POLICY, FleetPlan, FleetRole
from rollout.programs.fleet_roles import answer_role, machine_role
from rollout.programs.fleet_states import definition


@dataclass(frozen=True, slots=True)
class FleetMachineArgs:
    """What is ramped.

    Attributes:
        plan: The fleet.
        account: Where its state machine is.
        tags: Of each resource that can have some.
    """

    plan: FleetPlan
    account: str
    tags: Mapping[str, str] = field(default_factory=dict)


class FleetMachine(ComponentResource):
    """The state machine, and all that it needs.

    Args:
        name: The logical name, which never changes.
        args: What is ramped.

    Attributes:
        machine: The state machine.
    """

    pulumi_type: ClassVar[str] = "rollout:index:FleetMachine"

    def __init__(self, name: str, args: FleetMachineArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__(self.pulumi_type, name, None, opts)
        self._tags = args.tags or None
        role, rights = self._build_role(name, machine_role(args.plan, args.account))
        if answers := answer_role(args.plan):
            self._build_role(f"{name}-answer", answers)
        self.machine = sfn.StateMachine(
            name,
            name=args.plan.title,
            definition=json.dumps(definition(args.plan)),
            role_arn=role.arn,
            tags=self._tags,
            opts=ResourceOptions(parent=self, depends_on=[rights]),
        )
        self.register_outputs({})

    def _build_role(self, name: str, wanted: FleetRole) -> tuple[iam.Role, iam.RolePolicy]:
        own = ResourceOptions(parent=self)
        role = iam.Role(name, name=wanted.name, assume_role_policy=wanted.trusted, tags=self._tags, opts=own)
        return role, iam.RolePolicy(name, name=POLICY, role=role.name, policy=wanted.policy, opts=own)
