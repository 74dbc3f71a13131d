"""The words of the project as frozen data: the inventory as stacks.toml gives it, resolved for one environment.

Nothing here knows of files, AWS or Pulumi. The models are pydantic's, so that `config` can build them from TOML
and say exactly what doesn't fit; keys in the file are these names with hyphens.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal, NewType, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, WithJsonSchema

Arn = NewType("Arn", str)

MAX_STICKINESS = timedelta(days=7)
MAX_PRIORITY = 50_000
ALL_TENTHS = 1000


@dataclass(frozen=True, slots=True, order=True)
class Percent:
    """A candidate's share of a route's requests: 0 to 100 per cent in tenths.

    Attributes:
        tenths: The share in tenths of a per cent, 0 to 1000.
    """

    tenths: int

    def __post_init__(self) -> None:
        if not 0 <= self.tenths <= ALL_TENTHS:
            raise ValueError(f"{self} per cent is not a weight; allowed are 0 to 100")

    @classmethod
    def of(cls, value: object) -> Self:
        """Read a percentage.

        Args:
            value: 0 to 100 with at most one decimal: an int, a float, or a text such as `"33.3"`.

        Raises:
            ValueError: It isn't a number, out of range, or finer than a tenth.
        """
        if isinstance(value, cls):
            return value
        text = str(value).strip().removesuffix("%").strip()
        if isinstance(value, bool) or not re.fullmatch(r"-?\d+(\.\d+)?", text):
            raise ValueError(f"{value!r} is not a weight; allowed are 0 to 100 per cent, such as 10 or 33.3")
        whole, _, decimals = text.partition(".")
        if decimals.rstrip("0")[1:]:
            raise ValueError(f"{text} is too fine for a weight; one decimal is allowed, such as {whole}.{decimals[0]}")
        tenths = abs(int(whole)) * 10 + int((decimals or "0")[0])
        if tenths > ALL_TENTHS or (text.startswith("-") and tenths):
            raise ValueError(f"{text} is out of range for a weight; allowed are 0 to 100 per cent")
        return cls(tenths)

    def __str__(self) -> str:
        whole, tenth = divmod(self.tenths, 10)
        return f"{whole}.{tenth}" if tenth else str(whole)


def _percent(value: object) -> Percent:
    return Percent.of(value)


_DURATION_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


def parse_duration(value: object) -> timedelta:
    """Read a duration such as `"90s"`, `"30m"`, `"1h"`, `"1h30m"` or `"7d"`.

    Raises:
        ValueError: It isn't one.
    """
    if isinstance(value, timedelta):
        return value
    text = str(value).strip()
    if not re.fullmatch(r"(\d+[smhd])+", text):
        raise ValueError(f"{value!r} is not a duration; write it as 90s, 30m, 1h, 1h30m or 7d")
    return timedelta(seconds=sum(int(n) * _DURATION_UNITS[unit] for n, unit in re.findall(r"(\d+)([smhd])", text)))


def format_duration(value: timedelta) -> str:
    """Write a duration as stacks.toml has it: `1h30m`."""
    rest, parts = int(value.total_seconds()), []
    for unit in ("d", "h", "m", "s"):
        count, rest = divmod(rest, _DURATION_UNITS[unit])
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts) or "0s"


Weight = Annotated[
    Percent,
    BeforeValidator(_percent),
    PlainSerializer(lambda p: p.tenths / 10, return_type=float),
    WithJsonSchema({"type": "number", "minimum": 0, "maximum": 100, "multipleOf": 0.1}),
]
Duration = Annotated[
    timedelta,
    BeforeValidator(parse_duration),
    PlainSerializer(format_duration, return_type=str),
    WithJsonSchema({"type": "string", "pattern": r"^(\d+[smhd])+$", "examples": ["90s", "30m", "1h"]}),
]
Priority = Annotated[int, Field(strict=True, ge=1, le=MAX_PRIORITY)]
TargetGroupName = Annotated[
    str, Field(max_length=32, pattern=r"^[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?$", description="A target group's name")
]
PathPattern = Annotated[
    str,
    Field(max_length=128, pattern=r"""^/[A-Za-z0-9_.$/~"'@:+&*?-]*$""", description="`*` is 0 or more characters"),
]
Method = Annotated[str, Field(max_length=40, pattern=r"^[A-Z_-]+$", description="An HTTP method, in capitals")]


class Frozen(BaseModel):
    """A table of stacks.toml: unknown keys are refused, values can't change."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        alias_generator=lambda name: name.replace("_", "-"),
        populate_by_name=True,
        arbitrary_types_allowed=True,
    )


class Stickiness(Frozen):
    """How long a client stays with the implementation that it met first."""

    duration: Annotated[Duration, Field(ge=timedelta(seconds=1), le=MAX_STICKINESS)] = timedelta(hours=1)


class LoadBalancer(Frozen):
    """An Application Load Balancer and the listener that has the routes."""

    name: Annotated[str, Field(max_length=32)] | None = None
    arn: str | None = None
    listener_port: Annotated[int, Field(ge=1, le=65_535)] = 443


class Function(Frozen):
    """A candidate Lambda function and its target groups, one on each load balancer that it serves.

    Attributes:
        name: The function's name on AWS; by default its key in the file.
        code: The deployment package, a zip file or a folder, from the file's folder; for package type Zip.
        image_uri: The container image, for package type Image.
        memory_size: MB.
        timeout: At most 15 minutes; an ALB's own idle time-out is another.
        target_groups: By load balancer: the target group's name.
    """

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")] | None = None
    package_type: Literal["Zip", "Image"] = "Zip"
    code: Path | None = None
    image_uri: str | None = None
    runtime: str | None = None
    handler: str | None = None
    architecture: Literal["x86_64", "arm64"] = "x86_64"
    memory_size: Annotated[int, Field(ge=128, le=10_240)] = 128
    timeout: Annotated[Duration, Field(ge=timedelta(seconds=1), le=timedelta(minutes=15))] = timedelta(seconds=30)
    environment: Mapping[str, str] = Field(default_factory=dict)
    log_retention_days: int = 30
    target_groups: Annotated[Mapping[str, TargetGroupName], Field(min_length=1)]


class Route(Frozen):
    """A path, its methods and a priority on one load balancer, served by both implementations."""

    load_balancer: str
    path: PathPattern
    methods: Annotated[tuple[Method, ...], Field(max_length=5)] = ()
    priority: Priority
    legacy: TargetGroupName
    candidate: TargetGroupName

    def __str__(self) -> str:
        return " ".join(filter(None, ("|".join(self.methods), self.path)))


class KeptRoute(Frozen):
    """An endpoint that stays with the legacy implementation; known so that overlaps are understood.

    Attributes:
        legacy: The name of the target group that serves it, of any type.
        via: The path of the generic rule that carries it, where it has none of its own; that rule names no method.
    """

    load_balancer: str
    path: PathPattern
    methods: Annotated[tuple[Method, ...], Field(max_length=5)] = ()
    priority: Priority
    legacy: TargetGroupName
    via: PathPattern | None = None

    @property
    def rule_path(self) -> str:
        """The path pattern of the rule that carries it."""
        return self.via or self.path

    @property
    def rule_methods(self) -> tuple[str, ...]:
        """The methods in the conditions of the rule that carries it."""
        return () if self.via else self.methods

    def __str__(self) -> str:
        return " ".join(filter(None, ("|".join(self.methods), self.path)))


class Ramp(Frozen):
    """The weights on the way up, and how long each is watched."""

    steps: Annotated[tuple[Weight, ...], Field(min_length=1)] = tuple(Percent(n * 10) for n in (5, 10, 25, 50, 100))
    bake: Duration = timedelta(minutes=30)


class Programs(Frozen):
    """Entry points of the inline programs, `module:function`.

    Attributes:
        legacy: Left out where another stack, Terraform or nobody owns the live rules.
    """

    legacy: str | None = None
    candidate: str
    routing: str


class Environment(Frozen):
    """The inventory as it holds in one environment, every table merged and checked.

    Attributes:
        root: The folder of stacks.toml; relative paths start there.
        account: The only AWS account that may be touched.
        backend: Where Pulumi keeps its state; by default a folder `.rollout/state` beside stacks.toml.
        secrets_provider: Pulumi's secrets provider, such as `awskms://alias/rollout`; by default a passphrase.
        weight: The candidate's share on every route.
        route_weights: Shares of routes that differ.
    """

    name: str
    project: str
    root: Path
    account: Annotated[str, Field(pattern=r"^\d{12}$")]
    region: Annotated[str, Field(pattern=r"^[a-z]{2}(-[a-z]+)+-\d$")]
    backend: str | None = None
    secrets_provider: str | None = None
    weight: Weight = Percent(0)
    route_weights: Mapping[str, Weight] = Field(default_factory=dict)
    ramp: Ramp = Ramp()
    stickiness: Stickiness = Stickiness()
    programs: Programs
    load_balancers: Mapping[str, LoadBalancer]
    functions: Mapping[str, Function]
    routes: Annotated[Mapping[str, Route], Field(min_length=1)]
    kept_routes: Mapping[str, KeptRoute] = Field(default_factory=dict)

    def desired_weight(self, route: str) -> Percent:
        """The file's weight of a route."""
        return self.route_weights.get(route, self.weight)


@dataclass(frozen=True, slots=True)
class Split:
    """How a route's requests are divided between legacy and candidate.

    Stickiness outlives a weight of 0, so going back to 0 takes the candidate out of the forward action altogether;
    phase 2 alone writes it in at 0, when nobody can hold a cookie to it.

    Attributes:
        weight: The candidate's share.
        attached: Whether the candidate is in the forward action, with stickiness.
    """

    weight: Percent
    attached: bool

    @classmethod
    def at(cls, weight: Percent) -> Split:
        """The split for a weight: attached above 0, the candidate taken out at 0."""
        return cls(weight, attached=weight > Percent(0))

    def __str__(self) -> str:
        return f"{self.weight} %"


LEGACY_ONLY = Split(Percent(0), attached=False)
PREPARED = Split(Percent(0), attached=True)


class RuleOwnership(StrEnum):
    """What the legacy stack does with a dual route's rule."""

    OWNED = "owned"
    RETAINED = "retained"  # still in its state, and would be left alone if dropped
    RELEASED = "released"


@dataclass(frozen=True, slots=True)
class ProgramInput:
    """What an inline program is given.

    Attributes:
        environment: The inventory.
        splits: Routing: how each route's requests are to be divided.
        adopt: Routing: rules to import, by route; the others are its own already.
        tags: Routing: the tags that each route's rule has now and keeps.
        rules: Legacy: what to do with each dual route's rule; OWNED where a route is missing.
    """

    environment: Environment
    splits: Mapping[str, Split] = field(default_factory=dict)
    adopt: Mapping[str, Arn] = field(default_factory=dict)
    tags: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    rules: Mapping[str, RuleOwnership] = field(default_factory=dict)
