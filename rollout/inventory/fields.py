"""What single values of stacks.toml may be: names, priorities, patterns, methods.

A description says what is allowed: editors show it, and so does the error when a value doesn't fit.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    PlainSerializer,
    TypeAdapter,
    ValidationInfo,
    WrapValidator,
)
from pydantic_core.core_schema import CoreSchema, no_info_wrap_validator_function

from rollout.inventory.names import NAME, NAME_IN_WORDS
from rollout.inventory.quantities import ZERO, Percent
from rollout.inventory.quotas import MAX_PRIORITY, MAX_TEXT

LATER = ConfigDict(defer_build=True)
"""For what few files have: it is built at its first value. Building takes half a millisecond of each start."""


class Untold:
    """Marks a field in which secrets may stand: no error tells a value of it, right or wrong."""


UNTOLD = Untold()


class Frozen(BaseModel):
    """A table of stacks.toml: unknown keys are refused, values can't change."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        alias_generator=lambda name: name.replace("_", "-"),
        populate_by_name=True,
        arbitrary_types_allowed=True,
        allow_inf_nan=False,
    )


_Listed = TypeVar("_Listed", str, int)


def distinct(names: tuple[_Listed, ...]) -> tuple[_Listed, ...]:
    """Names, or numbers, of which none is there twice."""
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"{name} is listed twice")
    return names


class Written:
    """Tells the schema for editors what a value may be in the file; nothing else builds that type."""

    def __init__(self, kind: Any) -> None:
        self._kind = kind

    def __get_pydantic_json_schema__(self, _schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return handler(TypeAdapter(self._kind).core_schema)


class OneOrSeveral(Written):
    """Lets a tuple be written as one value, too; what is wrong with that one is told without an index.

    Args:
        item: The type of a value.
    """

    def __init__(self, item: Any) -> None:
        super().__init__(item | Annotated[list[item], Field(min_length=1)])
        self._one: TypeAdapter[Any] = TypeAdapter(item, config=LATER)

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return no_info_wrap_validator_function(self._read, handler(source))

    def _read(self, value: object, several: Callable[[object], tuple[Any, ...]]) -> tuple[Any, ...]:
        return several(value) if isinstance(value, list | tuple) else (self._one.validate_python(value),)


def rising(steps: tuple[Percent, ...]) -> tuple[Percent, ...]:
    """Weights that rise from above 0."""
    for before, after in zip((ZERO, *steps), steps, strict=False):
        if after <= before:
            raise ValueError(f"{after} can't follow {before}; steps rise, from above 0 to 100 per cent")
    return steps


HYPHENATED = r"^[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?$"

Name = Annotated[
    str,
    Field(
        pattern=NAME,
        description=f"a name of {NAME_IN_WORDS}",
    ),
]
KEPT = "kept"
"""The context in which an inventory is read back that was read from a file before, and has names that others gave."""


def _given(name: object, written: Callable[[object], str], info: ValidationInfo) -> str:
    return str(name) if info.context == KEPT else written(name)


GivenName = Annotated[Name, WrapValidator(_given)]
"""A name in the file; or one of several listeners of a route or a load balancer, such as `public:80`."""
Priority = Annotated[
    int,
    Field(
        strict=True,
        ge=1,
        le=MAX_PRIORITY,
        description=f"a whole number from 1 to {MAX_PRIORITY}, which no other rule of the listener has",
    ),
]
Port = Annotated[int, Field(strict=True, ge=1, le=65_535)]
Ports = Annotated[tuple[Port, ...], AfterValidator(distinct)]


class PriorityByPort(int):
    """A rule's priority on each of several listeners, by their ports; as a number it is the first one's."""

    by_port: Mapping[int, int]


class LastPriority(int):
    """The priority of the rule that rollout makes for a listener's default action; the file says "default".

    No rule can come after it, now or later, so it never takes a request from another one.
    """

    __slots__ = ()

    def __str__(self) -> str:
        return "default"


LAST = LastPriority(MAX_PRIORITY)
_PRIORITIES: TypeAdapter[dict[int, int]] = TypeAdapter(
    Annotated[dict[Annotated[int, Field(ge=1, le=65_535)], Priority], Field(min_length=1)], config=LATER
)


def _priority(value: object, plain: Callable[[object], int]) -> int:
    if value == str(LAST) or isinstance(value, LastPriority):
        return LAST
    if not isinstance(value, Mapping):
        return plain(value)
    by_port = _PRIORITIES.validate_python(value)
    found = PriorityByPort(next(iter(by_port.values())))
    found.by_port = by_port
    return found


def _as_written(value: int) -> int | str:
    return str(value) if isinstance(value, LastPriority) else value


RoutePriority = Annotated[
    Priority,
    WrapValidator(_priority),
    Written(Priority | Annotated[dict[str, Priority], Field(min_length=1)] | Literal["default"]),
    PlainSerializer(_as_written),
    Field(
        description=f"a whole number from 1 to {MAX_PRIORITY}, which no other rule of the listener has; or one for "
        'each of several listeners, by its port: { 80 = 1001, 443 = 2001 }; or "default" for the default action'
    ),
]
TargetGroupName = Annotated[
    str,
    Field(
        max_length=32,
        pattern=HYPHENATED,
        description="a target group's name: 1 to 32 letters, digits and hyphens, no hyphen first or last",
    ),
]


class ExistingGroup(str):
    """The name of a target group that is there already: made, filled and owned elsewhere, with targets of any kind."""

    __slots__ = ()


class ExistingCandidate(Frozen):
    """A candidate that rollout doesn't build: a target group of an ECS service, of instances, of another's function."""

    target_group: TargetGroupName


def _as_existing(value: object, plain: Callable[[object], str]) -> str:
    if isinstance(value, ExistingGroup):
        return value
    if isinstance(value, Mapping):
        return ExistingGroup(ExistingCandidate.model_validate(value, by_alias=True, by_name=False).target_group)
    return plain(value)


CandidateGroup = Annotated[
    TargetGroupName,
    WrapValidator(_as_existing),
    Written(TargetGroupName | ExistingCandidate),
    PlainSerializer(lambda name: {"target-group": str(name)} if isinstance(name, ExistingGroup) else name),
]
TargetGroupNames = Annotated[
    tuple[TargetGroupName, ...], Field(min_length=1), AfterValidator(distinct), OneOrSeveral(TargetGroupName)
]
PathPattern = Annotated[
    str,
    Field(
        max_length=MAX_TEXT,
        pattern=r"""^/[A-Za-z0-9_.$/~"'@:+&*?-]*$""",
        description="a path of at most 128 characters that starts with /; `*` is 0 or more characters, `?` exactly one",
    ),
]
PathPatterns = Annotated[tuple[PathPattern, ...], AfterValidator(distinct), OneOrSeveral(PathPattern)]
Method = Annotated[str, Field(max_length=40, pattern=r"^[A-Z_-]+$")]
Methods = Annotated[
    tuple[Method, ...],
    AfterValidator(distinct),
    Field(description='a list of HTTP methods in capitals, such as ["GET", "HEAD"]; any method if left out'),
]
EntryPoint = Annotated[
    str,
    Field(
        pattern=r"^[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*$",
        description='an inline program\'s entry point, "module:function"',
    ),
]
HeaderValue = Annotated[
    str,
    Field(
        pattern=r"^[A-Za-z0-9!#$%&'+.^_`|~:/=@-]{1,128}$",
        description="a header's value of at most 128 characters without spaces, `*`, `?` and quotes",
    ),
]
LoadBalancerKey = Annotated[str, Field(description="the name of a [load-balancers] table")]
# https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html
RetentionDays = Literal[
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653
]


def no_boolean(value: object) -> object:
    """A number, which pydantic would take a boolean for."""
    if isinstance(value, bool):
        raise ValueError(f"{str(value).lower()} is not a number of days")  # noqa: TRY004 - pydantic takes ValueErrors
    return value
