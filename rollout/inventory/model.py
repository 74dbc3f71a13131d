"""The words of the project as frozen data: the inventory as stacks.toml gives it, resolved for one environment.

Nothing here knows of files, AWS or Pulumi. The models are pydantic's, so that `config` can build them from TOML
and say exactly what doesn't fit; keys in the file are these names with hyphens.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, NewType, Self

from pydantic import Field

from rollout.base.formatting import count_of
from rollout.errors import ConfigError, Problem
from rollout.inventory.conditions import Condition, ConditionField, Conditions, for_endpoint, in_words
from rollout.inventory.fields import (
    HYPHENATED,
    UNTOLD,
    CandidateGroup,
    ExistingGroup,
    Frozen,
    GivenName,
    LastPriority,
    LoadBalancerKey,
    Methods,
    Name,
    PathPattern,
    PathPatterns,
    Ports,
    Priority,
    RoutePriority,
    TargetGroupName,
)
from rollout.inventory.functions import Function
from rollout.inventory.match import MatchOrAsIs
from rollout.inventory.parity import RouteParity
from rollout.inventory.quantities import WHOLE, ZERO, Duration, Percent
from rollout.inventory.ramp_settings import Analysis, Notification, Ramp
from rollout.inventory.settings import Controller, Cost, Guard, HeaderOverride, Legacy, Programs, Stickiness

if TYPE_CHECKING:
    from rollout.inventory.fleets import FleetPlan

if TYPE_CHECKING:
    from rollout.guard.config import GuardConfig
    from rollout.inventory.aliases import AliasTarget
    from rollout.inventory.controller import ControllerConfig

Arn = NewType("Arn", str)


class LoadBalancer(Frozen):
    """An Application Load Balancer, by name or by ARN, and the listener that has the routes."""

    name: str | None = Field(
        None,
        max_length=32,
        pattern=HYPHENATED,
        description="a load balancer's name: 1 to 32 letters, digits and hyphens, no hyphen first or last",
    )
    arn: str | None = Field(
        None,
        pattern=r"^arn:aws[a-z-]*:elasticloadbalancing:[a-z0-9-]+:[0-9]{12}:loadbalancer/app/.+/.+$",
        description="an Application Load Balancer's ARN",
    )
    listener_port: int = Field(443, strict=True, ge=1, le=65_535, description="a port from 1 to 65535")

    @property
    def real_name(self) -> str | None:
        """Its name on AWS, which no other one in its region has."""
        return self.arn.split("/")[-2] if self.arn else self.name


class RouteRule(Frozen):
    """A rule of a load balancer, by its place and by what it asks: paths and methods, or any conditions by `match`."""

    load_balancer: LoadBalancerKey
    path: PathPatterns = Field((), description="a path pattern, or a list of them, each of which starts with /")
    methods: Methods = ()
    match: MatchOrAsIs = Field(
        None, description="instead of path: \"as-is\" for the live rule's conditions, or conditions in AWS's terms"
    )
    priority: Priority
    legacy: TargetGroupName

    @property
    def conditions(self) -> Conditions | None:
        """What is asked of a request; None where that is as the live rule has it, and that wasn't read."""
        if self.is_default:
            return for_endpoint(("/*",), ())
        if self.match is not None:
            return None if isinstance(self.match, str) else self.match
        return for_endpoint(self.path, self.methods)

    @property
    def rule_conditions(self) -> Conditions | None:
        """What the rule asks that carries it."""
        return self.conditions

    @property
    def is_default(self) -> bool:
        """Whether it is the listener's default action, before which rollout makes a rule for all requests."""
        return isinstance(self.priority, LastPriority)

    def asking(self, conditions: Conditions) -> Self:
        """The same with other conditions."""
        return self.model_copy(update={"path": (), "methods": (), "match": conditions})

    def __str__(self) -> str:
        return "as-is" if self.conditions is None else in_words(self.conditions)


class Route(RouteRule):
    """A live rule whose requests both implementations serve, or the same on several listeners of a load balancer.

    It may be a listener's default action, too.
    """

    priority: RoutePriority
    listeners: Ports = Field(
        (), description="ports of the listeners that have the rule at one priority; by default listener-port alone"
    )
    candidate: CandidateGroup = Field(
        description="a target group of [functions], by its name; or an existing one of another owner, of any kind: "
        '{ target-group = "NAME" }'
    )
    parity: RouteParity | None = Field(None, description="how `rollout parity` compares the answers")

    @property
    def is_built(self) -> bool:
        """Whether phase 1 builds its candidate; otherwise that is somebody else's."""
        return not isinstance(self.candidate, ExistingGroup)


class KeptRoute(RouteRule):
    """An endpoint that stays with the legacy implementation, whose target group may be of any type.

    The inventory lists it so that rollout finds overlaps with routes.
    """

    target_type: Literal["lambda", "ip", "instance"] = Field("lambda", description="what that target group holds")
    via: PathPattern | None = Field(
        None, description="the path of the generic rule that matches it; that rule has no methods"
    )

    @property
    def rule_conditions(self) -> Conditions | None:
        """What the rule asks that carries it."""
        return (Condition(ConditionField.PATH, (self.via,)),) if self.via else self.conditions


class Environment(Frozen):
    """The inventory of one environment: its tables merged into the shared ones, and checked.

    Attributes:
        root: The folder of stacks.toml; relative paths start there.
        backend: By default a folder `.rollout/state` beside stacks.toml.
        faults: By table, the problems of `[ramp]` and other tables that only some commands use; such a table has its
            defaults.
        answer_roles: The ARNs of the roles by which its controller answers fleets of other accounts.
        in_file: For each rule of a route with several `listeners`: the route's name in the file.
    """

    name: str
    project: str
    root: Path
    faults: Mapping[str, tuple[Problem, ...]] = Field(default_factory=dict)
    in_file: Mapping[str, str] = Field(default_factory=dict)
    answer_roles: tuple[str, ...] = ()
    account: str = Field(pattern=r"^[0-9]{12}$", description="the environment's AWS account, 12 digits in quotes")
    region: str = Field(pattern=r"^[a-z]{2}(-[a-z]+)+-[0-9]$", description="an AWS region, such as us-west-2")
    backend: str | None = Field(
        None,
        pattern=r"^[a-z][a-z0-9+]*://.+",
        description="the URL of Pulumi's backend, such as s3://BUCKET or file:///FOLDER",
    )
    secrets_provider: str | None = Field(
        None, description="Pulumi's secrets provider, such as awskms://alias/rollout; by default a passphrase"
    )
    engine_timeout: Duration = Field(
        timedelta(minutes=15),
        ge=timedelta(seconds=1),
        le=timedelta(days=1),
        description="how long the engine may give no output before it is stopped, 1s to 1d",
    )
    confirm: Literal["yes", "name"] = Field(
        "yes", description='"yes" or "name": what the user types at a gate, yes or the environment\'s name'
    )
    complete_after: Duration = Field(
        timedelta(days=7),
        ge=timedelta(minutes=1),
        le=timedelta(days=90),
        description="how long legacy must have had no requests before `complete`, 1m to 90d",
    )
    completed: bool = Field(
        False, strict=True, description="whether legacy is retired, as `rollout complete` writes it: true or false"
    )
    weight: Percent = Field(ZERO, description="the candidate's share of every route, 0 to 100 per cent")
    route_weights: Mapping[str, Percent] = Field(
        default_factory=dict, description="by route, shares that differ, 0 to 100 per cent"
    )
    ramp: Ramp = Ramp()
    analysis: Analysis = Analysis()
    notifications: Annotated[Mapping[Name, Notification], UNTOLD] = Field(default_factory=dict)
    stickiness: Stickiness = Stickiness()
    header_override: HeaderOverride | None = None
    guard: Guard | None = None
    controller: Controller | None = None
    cost: Cost = Cost()
    programs: Programs = Programs()
    legacy: Legacy = Legacy()
    load_balancers: Mapping[GivenName, LoadBalancer]
    functions: Mapping[Name, Function] = Field(default_factory=dict)
    routes: Mapping[GivenName, Route] = Field(min_length=1, description="at least one [routes.NAME] table")
    kept_routes: Mapping[Name, KeptRoute] = Field(default_factory=dict)

    @property
    def all_faults(self) -> tuple[Problem, ...]:
        """The problems of tables that only some commands use."""
        return tuple(problem for problems in self.faults.values() for problem in problems)

    def require(self, *tables: str) -> None:
        """Raise an error if one of these tables has a problem.

        Args:
            tables: Such as `ramp`.

        Raises:
            ConfigError: With all problems of them.
        """
        if problems := tuple(dict.fromkeys(problem for table in tables for problem in self.faults.get(table, ()))):
            raise ConfigError(count_of(len(problems), "problem"), problems, where=str(self.root))

    def desired_weight(self, route: str) -> Percent:
        """The file's weight of a route."""
        return self.route_weights.get(self.in_file.get(route, route), self.weight)

    @property
    def routes_in_file(self) -> dict[str, tuple[str, ...]]:
        """By route in the file: the names of its rules, one for each listener."""
        found: dict[str, tuple[str, ...]] = {}
        for route in self.routes:
            name = self.in_file.get(route, route)
            found[name] = (*found.get(name, ()), route)
        return found

    def together(self, routes: Iterable[str]) -> tuple[str, ...]:
        """These routes, and the routes that share a weight with them.

        Args:
            routes: As the file or as this environment names them.

        Raises:
            KeyError: There is no such route.
        """
        named = self.routes_in_file
        return tuple(dict.fromkeys(chain.from_iterable(named[self.in_file.get(route, route)] for route in routes)))

    @property
    def is_legacy_ours(self) -> bool:
        """Whether rollout's own legacy program manages the live rules before phase 2."""
        return self.programs.legacy is not None and self.legacy.owner in (None, "rollout")


@dataclass(frozen=True, slots=True)
class Split:
    """How a route's requests are divided between legacy and candidate.

    At weight 0 the candidate is removed from the forward action, since a cookie would still select it. Only phase 2
    adds it at 0: no client can have a cookie to it yet.

    Attributes:
        weight: The candidate's share.
        attached: Whether the candidate is in the forward action, with stickiness.
        alone: Whether only the candidate is in the forward action, without stickiness, as after `complete`.
        live_weights: Legacy's and the candidate's live ALB weights, if they are not those that rollout writes for this
            share, such as 9 and 1. They stay until the weight changes.
    """

    weight: Percent
    attached: bool
    alone: bool = False
    live_weights: Annotated[tuple[int, int] | None, Field(exclude=True)] = field(
        default=None, compare=False, repr=False
    )

    @classmethod
    def at(cls, weight: Percent) -> Split:
        """The split for a weight: attached above 0, the candidate removed at 0."""
        return cls(weight, attached=weight > ZERO)

    def __str__(self) -> str:
        return f"{self.weight} %"


LEGACY_ONLY = Split(ZERO, attached=False)
PREPARED = Split(ZERO, attached=True)
CANDIDATE_ONLY = Split(WHOLE, attached=True, alone=True)


class RuleOwnership(StrEnum):
    """What the legacy stack does with a dual route's rule."""

    OWNED = "owned"
    RETAINED = "retained"  # still in its state, and would be left alone if dropped
    RELEASED = "released"
    RETIRED = "retired"  # released before, and now its function and target group go, too


ROLLBACK_TAG = "rollout:rollback"
"""The tag of rules for which a rollback was asked; its value says when and by whom, and no two are the same."""
OVERRIDE_TAG = "rollout:override"
"""The tag of header rules that rollout made; its value is the rule's logical name."""


@dataclass(frozen=True, slots=True)
class OverrideRule:
    """A header rule: it takes requests with a header before a route's own rule does.

    Attributes:
        asks: What the rule asks that it stands before, and the header.
        target_group: Where such requests go, by name.
    """

    load_balancer: str
    priority: int
    asks: Conditions
    target_group: str

    def __str__(self) -> str:
        return f"{self.priority} {in_words(self.asks)} → {self.target_group}"


@dataclass(frozen=True, slots=True)
class Existing:
    """Listeners and target groups on AWS.

    Attributes:
        listeners: By the key in `[load-balancers]`.
        target_groups: By name.
        kinds: The type of their targets, by name.
    """

    listeners: Mapping[str, Arn]
    target_groups: Mapping[str, Arn]
    kinds: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class ProgramInput:
    """What an inline program is given.

    Attributes:
        environment: The inventory.
        splits: Routing: how each route's requests are to be divided.
        conditions: Legacy and routing: what each route's live rule asks, which it keeps.
        adopt: Rules to import, by route; the others are the stack's own already.
        read: Routing: rules that Pulumi reads and never writes, by route: what else they do it couldn't write as it is.
        tags: The tags that each route's rule and each header rule has and keeps.
        rules: Legacy: what to do with each dual route's rule; OWNED where a route is missing. Routing: RELEASED for
            those that it lets go of.
        overrides: Routing: the header rules that are to be there, by their logical names.
        monitored: Monitoring: whether alarms and a dashboard are to be there.
        alarm_actions: Monitoring: the ARNs of what gets its alarms beside the notifications' topics.
        guard: Guard: what the function goes by; None where no guard is to be there.
        controller: Controller: what it is made of; None where no controller is to be there.
        fleet: Fleet: what its state machine is made of; None where none is to be there.
        mark: The tags that say whose everything is that the stack makes; a resource without them can't be deleted.
        imports: What the stack takes over because it made it and doesn't hold it: identifiers by type and logical name.
        multi_value_headers: Candidate: the target groups that send headers and query parameters as lists.
        aliases: Candidate: by function, where its alias points; a new one points to the version that is published.
        existing: What a phase read of AWS before; None where the program has to look.
    """

    environment: Environment
    splits: Mapping[str, Split] = field(default_factory=dict)
    conditions: Mapping[str, Conditions] = field(default_factory=dict)
    adopt: Mapping[str, Arn] = field(default_factory=dict)
    read: Mapping[str, Arn] = field(default_factory=dict)
    tags: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    rules: Mapping[str, RuleOwnership] = field(default_factory=dict)
    overrides: Mapping[str, OverrideRule] = field(default_factory=dict)
    monitored: bool = False
    alarm_actions: tuple[Arn, ...] = ()
    guard: GuardConfig | None = None
    controller: ControllerConfig | None = None
    fleet: FleetPlan | None = None
    mark: Mapping[str, str] = field(default_factory=dict)
    imports: Mapping[tuple[str, str], str] = field(default_factory=dict)
    multi_value_headers: frozenset[str] = frozenset()
    aliases: Mapping[str, AliasTarget] = field(default_factory=dict)
    existing: Existing | None = None
