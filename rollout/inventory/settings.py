"""The tables of stacks.toml that hold for an environment as a whole: cookies, guard, controller, prices, owner."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from rollout.inventory.fields import EntryPoint, Frozen, HeaderValue, Priority, Written, distinct
from rollout.inventory.quantities import WHOLE, ZERO, Duration, Percent
from rollout.inventory.quotas import MAX_PRIORITY, MAX_STICKINESS

_WeightOrEnd = Annotated[
    Percent,
    BeforeValidator(lambda value: WHOLE if value == "end" else value),
    Written(Percent | Literal["end"]),
]


MAX_GUARD_ALARMS = 50
AlarmName = Annotated[
    str,
    Field(
        min_length=1,
        max_length=255,
        pattern=r'^[^\x00-\x1f"]+$',
        description="an alarm's name, 1 to 255 characters without double quotes",
    ),
]


def _inside(pattern: str) -> str:
    if pattern.startswith("/") or ".." in pattern.split("/"):
        raise ValueError(f"{pattern} is not below the file's folder")
    return pattern


FilePattern = Annotated[str, Field(pattern=r"^[^\x00-\x1f\\]+$"), AfterValidator(_inside)]


class Stickiness(Frozen):
    """Whether a cookie keeps a client with its first implementation, and for how long."""

    enabled: bool = Field(
        True,
        strict=True,
        description="true, or false: then each request is routed independently, and answers set no cookie",
    )
    duration: Duration = Field(
        timedelta(hours=1), ge=timedelta(seconds=1), le=MAX_STICKINESS, description="1s to 7d, such as 1h"
    )
    from_: _WeightOrEnd = Field(ZERO, alias="from", description='a weight, 0 to 100, or "end" for 100')

    @property
    def kept_for(self) -> timedelta | None:
        """How long a client stays; None where nothing ever keeps it."""
        return self.duration if self.enabled else None

    def kept_at(self, weight: Percent) -> timedelta | None:
        """How long a client stays at a weight; None where nothing keeps it."""
        return self.kept_for if weight >= self.from_ else None


class HeaderOverride(Frozen):
    """A request header that selects the implementation at any weight; `rollout override` creates its rules."""

    name: str = Field(
        "X-Rollout",
        pattern=r"^[A-Za-z0-9!#$%&'+.^_`|~-]{1,40}$",
        description="a header's name of at most 40 characters",
    )
    value: HeaderValue = Field("candidate")
    legacy_value: HeaderValue | None = None
    priority_base: Priority = Field(
        500, description=f"a whole number from 1 to {MAX_PRIORITY}, lower than every route's priority"
    )


def _whole_minutes(span: timedelta) -> timedelta:
    if span % timedelta(minutes=1):
        raise ValueError("is not in whole minutes")
    return span


class Guard(Frozen):
    """The guard: a function in the account that takes traffic back on alarms, also when rollout doesn't run."""

    alarms: Annotated[tuple[AlarmName, ...], AfterValidator(distinct)] = Field(
        (), max_length=MAX_GUARD_ALARMS, description="names of further CloudWatch alarms that take traffic back"
    )
    heartbeat: Annotated[Duration, AfterValidator(_whole_minutes)] = Field(
        timedelta(minutes=10),
        ge=timedelta(minutes=3),
        le=timedelta(days=1),
        description="how long a ramp may be silent before on-silence applies, 3m to 1d, in whole minutes",
    )
    on_silence: Literal["hold", "rollback"] = Field(
        "hold", description='"hold" or "rollback": whether a silent ramp is only reported, or traffic is taken back'
    )
    takes: Literal["all", "alarm"] = Field(
        "all", description='"all" or "alarm": whether an alarm takes back every route, or those that it watches'
    )
    required: bool = Field(
        False, strict=True, description="whether weights rise only while an up-to-date guard is installed"
    )


class Controller(Frozen):
    """The controller: a function in the account, from a container image, that runs the ramp on a schedule."""

    image: str = Field(
        pattern=r"^[0-9]{12}\.dkr\.ecr\.[a-z0-9-]+\.amazonaws\.com(\.cn)?/[a-z0-9._/-]+@sha256:[0-9a-f]{64}$",
        description="the image in ECR, pinned by its digest: "
        "ACCOUNT.dkr.ecr.REGION.amazonaws.com/REPOSITORY@sha256:DIGEST",
    )
    architecture: Literal["x86_64", "arm64"] = Field("x86_64", description='the image\'s: "x86_64" or "arm64"')
    pace: Annotated[Duration, AfterValidator(_whole_minutes)] = Field(
        timedelta(minutes=1),
        ge=timedelta(minutes=1),
        le=timedelta(hours=1),
        description="the time from one look to the next, 1m to 1h, in whole minutes",
    )
    memory_size: int = Field(2048, strict=True, ge=1024, le=10_240, description="the function's MB, 1024 to 10240")
    files: Annotated[tuple[FilePattern, ...], AfterValidator(distinct)] = Field(
        (),
        description='paths or patterns from this file\'s folder, such as ["keys/*.json"]: further files for programs',
    )


def _price(what: str) -> Any:
    return Field(None, ge=0, le=1_000_000, description=f"US dollars for {what}; by default the region's list price")


class Cost(Frozen):
    """The prices of `rollout cost`, in place of its list prices."""

    million_requests: float | None = _price("a million invocations")
    logs_gb: float | None = _price("a GB that functions write to CloudWatch Logs")
    gb_second: float | None = _price("a GB-second of a function on x86_64")
    gb_second_arm: float | None = _price("a GB-second of a function on arm64")
    provisioned_gb_second: float | None = _price("a GB-second of provisioned concurrency on x86_64")
    provisioned_gb_second_arm: float | None = _price("a GB-second of provisioned concurrency on arm64")
    provisioned_duration: float | None = _price("a GB-second of an invocation on provisioned concurrency on x86_64")
    provisioned_duration_arm: float | None = _price("a GB-second of an invocation on provisioned concurrency on arm64")


class Programs(Frozen):
    """Entry points of the inline programs, and of the function that answers requests in the sandbox.

    `legacy` has no default: leave it out if another tool, or none, manages the live rules.
    """

    legacy: EntryPoint | None = None
    candidate: EntryPoint = "rollout.programs.candidate:program"
    routing: EntryPoint = "rollout.programs.routing:program"
    monitoring: EntryPoint = "rollout.programs.monitoring:program"
    guard: EntryPoint = "rollout.programs.guard:program"
    controller: EntryPoint = "rollout.programs.controller:program"
    fleet: EntryPoint = "rollout.programs.fleet:program"
    endpoints: EntryPoint | None = None


class Legacy(Frozen):
    """Which tool manages the live rules before phase 2, and where it keeps its state."""

    owner: Literal["rollout", "pulumi", "terraform", "none"] | None = Field(
        None, description='"rollout" (our own legacy program), "pulumi" (another stack), "terraform" or "none"'
    )
    stack: str | None = Field(
        None,
        pattern=r"^[\w.-]+/[\w.-]+/[\w.-]+$",
        description="for pulumi: the stack's full name, ORGANIZATION/PROJECT/STACK",
    )
    backend: str | None = Field(
        None,
        pattern=r"^[a-z][a-z0-9+]*://.+",
        description="for pulumi: the URL of that stack's backend; by default where the CLI is logged in",
    )
    directory: Path | None = Field(
        None, description="for terraform: the folder where it runs, as a path from this file's folder"
    )
    workspace: str | None = Field(
        None, pattern=r"^[\w.-]+$", description="for terraform: the workspace, by default the one selected there"
    )
    state: Path | None = Field(None, description="for terraform, instead of directory: a local state file")
