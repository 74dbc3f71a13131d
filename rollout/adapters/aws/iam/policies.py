"""A role's policy, from the needs of its commands; and AWS's answer when a permission is missing."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from rollout.adapters.aws.iam.need import Need
from rollout.adapters.aws.iam.needs import COMMANDS
from rollout.adapters.aws.iam.resources import Resources
from rollout.alb.state import AlbState
from rollout.inventory.model import Environment

Role = Literal["observe", "rollback", "operate", "calibrate", "guard", "controller", "fleet", "parity"]

_GUARD = ("guard-install", "guard-remove")
_CONTROLLER = ("controller-install", "controller-remove")
_FLEET = ("fleet-install", "fleet-remove")
_OF_ONE = frozenset({"calibrate", "parity", *_GUARD, *_CONTROLLER, *_FLEET})
"""Commands with a role of their own."""
_FUNCTION = ("ramp", "rollback", "controlled")
"""What a controller's function does."""
MAX_MANAGED = 6144
"""IAM's limit for a managed policy, without spaces.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
"""
MAX_INLINE = 10_240 - 1024
"""IAM's limit for a role's inline policies, without spaces, less what its program adds."""
ROLES: Mapping[Role, tuple[str, ...]] = {
    "observe": (
        "status",
        "dashboard",
        "report",
        "preflight",
        "explain",
        "preview",
        "plan-ramp",
        "drift",
        "history",
        "cost",
        "guard-status",
        "controller-status",
        "fleet-history",
        "fleet-status",
    ),
    "rollback": ("rollback",),
    "operate": tuple(command for command in COMMANDS if command not in {*_OF_ONE, "controlled"}),
    "calibrate": ("calibrate",),
    "guard": _GUARD,
    "controller": _CONTROLLER,
    "fleet": _FLEET,
    "parity": ("parity",),
}
"""The commands of each role."""

_DENIED = re.compile(r"""is not authorized to perform: ([\w-]+:\w+)(?: on resource: "?([^\s"]+))?""")


def policy(environment: Environment, role: Role, live: AlbState | None = None) -> dict[str, Any]:
    """The least policy for a role, as IAM accepts it.

    Args:
        role: `observe`, `rollback`, `operate`, `calibrate`, `guard`, `controller`, `fleet` or `parity`.
        live: The live state, to name each rule and listener; by default the policy has patterns.
    """
    names = Resources(environment, live)
    return {"Version": "2012-10-17", "Statement": list(_statements(ROLES[role], names))}


def function_statements(environment: Environment, live: AlbState | None = None) -> tuple[dict[str, Any], ...]:
    """What a controller's function may do: rules by their ARNs, or by patterns where that is too much for IAM.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
    """
    exact = tuple(_statements(_FUNCTION, Resources(environment, live)))
    if len(json.dumps(exact, separators=(",", ":"))) <= MAX_INLINE:
        return exact
    return tuple(_statements(_FUNCTION, Resources(environment)))


def _statements(commands: Iterable[str], names: Resources) -> Iterable[dict[str, Any]]:
    by_sid: dict[str, list[Need]] = {}
    for command in commands:
        for need in COMMANDS[command]:
            if need.on(names):
                by_sid.setdefault(need.sid, []).append(need)
    for sid, needs in by_sid.items():
        resources, condition = needs[0].on(names), needs[0].condition(names)
        said = {
            "Sid": sid,
            "Effect": "Allow",
            "Action": sorted({action for need in needs for action in need.actions}),
            "Resource": list(resources) if len(resources) > 1 else resources[0],
        }
        yield {**said, "Condition": condition} if condition else said


def _actions_of(command: str) -> frozenset[str]:
    return frozenset(action for need in COMMANDS[command] for action in need.actions)


@dataclass(frozen=True, slots=True)
class Denial:
    """A permission that is missing, according to AWS.

    Attributes:
        action: As IAM writes it.
        resource: Its ARN; None if AWS names none.
    """

    action: str
    resource: str | None

    def __str__(self) -> str:
        return f"the credentials lack the permission {self.action}" + (f" on {self.resource}" if self.resource else "")

    @property
    def hint(self) -> str:
        """What to do."""
        roles = [role for role, commands in ROLES.items() if any(self.action in _actions_of(c) for c in commands)]
        others = [role for role in roles if not _OF_ONE.issuperset(ROLES[role])]  # for one command each
        roles = others or roles
        if roles:
            return f"`rollout iam-policy ENV --for {'|'.join(roles)}` prints a policy with it; see docs/security.md"
        return "the programs or another tool need it, and rollout's policies don't have it; see docs/security.md"


def denial(text: str) -> Denial | None:
    """The missing permission, from AWS's message; None if the text has no such message.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
    """
    found = _DENIED.search(text)
    return Denial(found[1], found[2]) if found else None
