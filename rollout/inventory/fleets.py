"""`[fleets.NAME]`: environments that get a weight or a ramp together, wave by wave."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from itertools import chain
from typing import Annotated, Any

from pydantic import AfterValidator, Field

from rollout.errors import Problem
from rollout.inventory.fields import Frozen, distinct
from rollout.inventory.functions import partition_of
from rollout.inventory.marks import MAX_FUNCTION_NAME, controller_arn, shortened
from rollout.inventory.model import Arn, Environment

MOST_AT_ONCE = 40
"""Iterations of an inline Map at a time: https://docs.aws.amazon.com/step-functions/latest/dg/state-map-inline.html"""
APPROVAL = "Approve wave "
"""How the names of the states begin that wait for a person."""
_HASH = 9
"""Characters with which `shortened` ends a name."""
_LOOK, _LOOKS = timedelta(minutes=15), 3
"""A controller is silent while it looks, 15 minutes at most; and this many looks may fail."""


def _once_each(waves: tuple[tuple[str, ...], ...]) -> tuple[tuple[str, ...], ...]:
    """Waves that all have environments, none of which is there twice."""
    if not all(waves):
        raise ValueError("a wave is empty")
    distinct(tuple(chain.from_iterable(waves)))
    return waves


class Fleet(Frozen):
    """Environments that get a weight or a ramp together, wave by wave."""

    waves: Annotated[tuple[tuple[str, ...], ...], AfterValidator(_once_each)] = Field(
        min_length=1, description='lists of environments, such as [["staging"], ["europe"], ["america", "asia"]]'
    )
    at_once: int = Field(
        10, strict=True, ge=1, le=MOST_AT_ONCE, description="how many of a wave ramp at the same time, 1 to 40"
    )
    approve_between: bool = Field(
        False, strict=True, description="true or false: whether each wave but the first waits for a person's approval"
    )

    @property
    def home(self) -> str:
        """The environment whose account and region have the state machine: the first one."""
        return self.waves[0][0]


@dataclass(frozen=True, slots=True)
class Member:
    """An environment of a fleet, as its state machine sees it.

    Attributes:
        name: The environment's.
        function: The ARN of its controller.
        silence: How long, in seconds, its controller may give no sign of life.
        role: The ARN of the role that may invoke it, where it is in another account.
    """

    name: str
    function: str
    silence: int
    role: str | None = None


@dataclass(frozen=True, slots=True)
class FleetPlan:
    """A fleet whose environments are known.

    Attributes:
        name: Of `[fleets.NAME]`.
        title: The state machine's name, and its role's.
        waves: The environments, in order.
        at_once: How many of a wave ramp at the same time.
        topic: The ARN of the SNS topic that is told where a wave waits for approval; None where none does.
        answer_role: The ARN of the role by which controllers in other accounts answer: task tokens are taken from
            principals of the state machine's account alone.
            https://docs.aws.amazon.com/step-functions/latest/dg/connect-to-resource.html#connect-wait-token
    """

    name: str
    title: str
    waves: tuple[tuple[Member, ...], ...]
    at_once: int = 10
    topic: str | None = None
    answer_role: str = ""

    @property
    def members(self) -> tuple[Member, ...]:
        """All environments."""
        return tuple(chain.from_iterable(self.waves))


POLICY = "rollout"
"""The name of a role's inline policy."""


@dataclass(frozen=True, slots=True)
class FleetRole:
    """A role of a fleet.

    Attributes:
        trusted: Its trust policy.
        policy: Its inline policy, which has the name of `POLICY`.
    """

    name: str
    trusted: str
    policy: str


def fleet_problems(name: str, fleet: Fleet, environments: Mapping[str, Environment]) -> Iterator[Problem]:
    """Why a fleet can't ramp by itself."""
    where, home = f"fleets.{name}", environments[fleet.home]
    members = [environments[each] for each in chain.from_iterable(fleet.waves)]
    for each in members:
        if each.controller is None:
            what = f"{each.name} has no [controller], which runs its ramp"
            yield Problem(what, where=where, hint="add the table", code="missing-key")
    # https://docs.aws.amazon.com/step-functions/latest/dg/concepts-access-cross-acct-resources.html
    if others := sorted({each.region for each in members} - {home.region}):
        what = f"a state machine calls functions of its own region only, {home.region}: not of {', '.join(others)}"
        yield Problem(what, where=where, hint="make a fleet for each region", code="several-regions")
    if fleet.approve_between and not _topics(home):
        what = f"approve-between can't notify anyone: {home.name} has no SNS topic"
        yield Problem(what, where=where, hint="add sns to a [notifications] table", code="missing-key")


def fleet_plan(name: str, fleet: Fleet, environments: Mapping[str, Environment]) -> FleetPlan:
    """A fleet without such problems."""
    home = environments[fleet.home]
    return FleetPlan(
        name,
        fleet_title(home, name),
        tuple(tuple(_member(environments[each], home, name) for each in wave) for wave in fleet.waves),
        fleet.at_once,
        _topics(home)[0] if fleet.approve_between else None,
        _answer_role(home, name),
    )


def with_answer_roles(environments: Mapping[str, Environment], fleets: Mapping[str, Fleet]) -> dict[str, Environment]:
    """Environments that know by which roles their controllers answer fleets of other accounts."""
    found = dict(environments)
    for name, fleet in fleets.items():
        home = environments.get(fleet.home)
        for each in chain.from_iterable(fleet.waves):
            if home and each in found and found[each].account != home.account:
                roles = (*found[each].answer_roles, _answer_role(home, name))
                found[each] = found[each].model_copy(update={"answer_roles": roles})
    return found


def fleet_title(home: Environment, name: str) -> str:
    """The name of a fleet's state machine and of its role."""
    return shortened(f"{_prefix(home)}{name}")


def fleet_titles(home: Environment) -> str:
    """A pattern of these names, of all fleets of a project."""
    return _prefix(home)[: MAX_FUNCTION_NAME - _HASH] + "*"


def controller_names(home: Environment) -> str:
    """A pattern of the names of a project's controllers."""
    return f"rollout-{home.project}-"[: MAX_FUNCTION_NAME - _HASH] + "*"


def machine_arn(home: Environment, name: str) -> Arn:
    """The ARN of a fleet's state machine."""
    place = f"{partition_of(home.region)}:states:{home.region}:{home.account}"
    return Arn(f"arn:{place}:stateMachine:{fleet_title(home, name)}")


def fleet_environment(home: Environment, name: str) -> Environment:
    """What the fleet's stack belongs to: its first environment's account, region and backend, and no route."""
    tables = ("routes", "kept_routes", "route_weights", "load_balancers", "functions", "in_file")
    nothing: dict[str, Any] = {table: {} for table in tables}
    return home.model_copy(update={**nothing, "name": name, "guard": None, "controller": None})


def silence_of(environment: Environment) -> timedelta:
    """How long an environment's controller may give no sign of life."""
    pace = environment.controller.pace if environment.controller else timedelta(minutes=1)
    return _LOOK + _LOOKS * pace


def _member(environment: Environment, home: Environment, fleet: str) -> Member:
    role = None if environment.account == home.account else _invoking_role(environment, fleet)
    silence = int(silence_of(environment).total_seconds())
    return Member(environment.name, controller_arn(environment), silence, role)


def _answer_role(home: Environment, fleet: str) -> str:
    return _role_arn(home, shortened(f"{_prefix(home)}{fleet}-answer"))


def _invoking_role(environment: Environment, fleet: str) -> str:
    """The role in another account that a fleet's state machine assumes to invoke the controller there."""
    return _role_arn(environment, shortened(f"rollout-{environment.project}-{environment.name}-fleet-{fleet}"))


def _role_arn(environment: Environment, name: str) -> str:
    return f"arn:{partition_of(environment.region)}:iam::{environment.account}:role/{name}"


def _topics(home: Environment) -> tuple[str, ...]:
    return tuple(each.sns for each in home.notifications.values() if each.sns)


def _prefix(home: Environment) -> str:
    return f"rollout-{home.project}-fleet-"
