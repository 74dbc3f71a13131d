"""The candidate's functions, as `[functions]` describes them: code, settings, rights, and how they are reached.

The bounds are AWS's: https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html and
https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html. What has no key here needs a candidate
program of one's own.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from itertools import chain
from pathlib import Path
from typing import Annotated, Literal, get_args

from pydantic import AfterValidator, BeforeValidator, Field

from rollout.inventory.fields import (
    UNTOLD,
    Frozen,
    RetentionDays,
    TargetGroupNames,
    distinct,
    no_boolean,
)
from rollout.inventory.quantities import Duration

MIN_STORAGE = 512
MAX_LAYERS, MAX_SUBNETS, MAX_SECURITY_GROUPS = 5, 16, 5
MAX_POLICIES = 8
"""IAM lets ten managed policies be attached to a role; logging and a VPC take two."""

_ARN = r"^arn:aws[a-z-]*:"
_Policy = Annotated[str, Field(pattern=rf"{_ARN}iam::([0-9]{{12}}|aws):policy/.+$")]
_Layer = Annotated[str, Field(pattern=rf"{_ARN}lambda:[a-z0-9-]+:[0-9]{{12}}:layer:[A-Za-z0-9_-]+:[0-9]+$")]
_Action = Annotated[str, Field(pattern=r"^([a-z0-9-]+:[A-Za-z0-9*?]+|\*)$")]
_Resource = Annotated[str, Field(pattern=r"^(arn:.+|\*)$")]


def _free(tags: Mapping[str, str]) -> Mapping[str, str]:
    """Tags that aren't AWS's or this tool's own."""
    for key in tags:
        if key.startswith(("aws:", "rollout:")):
            raise ValueError(f"{key}: only AWS and rollout set tags with aws: and rollout:")
    return tags


_Tags = Annotated[Mapping[str, str], AfterValidator(_free)]


class Statement(Frozen):
    """A permission of a function's role, as a statement of its inline policy."""

    actions: tuple[_Action, ...] = Field(min_length=1, description='IAM actions, such as ["dynamodb:GetItem"]')
    resources: tuple[_Resource, ...] = Field(min_length=1, description='ARNs or patterns of them, or ["*"]')
    condition: Mapping[str, Mapping[str, str | tuple[str, ...]]] = Field(
        default_factory=dict, description="conditions as IAM writes them, by operator and key"
    )


class Vpc(Frozen):
    """Where a function's network interfaces are."""

    subnets: Annotated[tuple[Annotated[str, Field(pattern=r"^subnet-[0-9a-z]+$")], ...], AfterValidator(distinct)] = (
        Field(min_length=1, max_length=MAX_SUBNETS, description=f"1 to {MAX_SUBNETS} ids of subnets, of one VPC")
    )
    security_groups: Annotated[
        tuple[Annotated[str, Field(pattern=r"^sg-[0-9a-zA-Z]+$")], ...], AfterValidator(distinct)
    ] = Field(
        min_length=1,
        max_length=MAX_SECURITY_GROUPS,
        description=f"1 to {MAX_SECURITY_GROUPS} ids of security groups, of the same VPC",
    )


class FileSystem(Frozen):
    """An EFS file system that a function mounts; AWS takes one."""

    arn: str = Field(
        pattern=rf"{_ARN}elasticfilesystem:[a-z0-9-]+:[0-9]{{12}}:access-point/fsap-[0-9a-f]+$",
        description="an EFS access point's ARN",
    )
    path: str = Field(pattern=r"^/mnt/[A-Za-z0-9_.-]+$", max_length=160, description="where it is mounted: /mnt/NAME")


class ImageConfig(Frozen):
    """What overrides a container image's own settings."""

    command: tuple[str, ...] = Field((), description="the image's CMD")
    entry_point: tuple[str, ...] = Field((), description="the image's ENTRYPOINT")
    working_directory: str | None = Field(None, max_length=1000, description="the image's WORKDIR")


class Function(Frozen):
    """A candidate Lambda function and its target groups, one or more on each load balancer that it serves."""

    name: str | None = Field(
        None,
        pattern=r"^[A-Za-z0-9_-]{1,64}$",
        description="its name on AWS, 1 to 64 letters, digits, hyphens and underscores; by default its key here",
    )
    role_name: str | None = Field(
        None,
        pattern=r"^[A-Za-z0-9_+=,.@-]{1,64}$",
        description="its role's name on AWS, 1 to 64 letters, digits and +=,.@_-; by default the function's",
    )
    permissions_boundary: str | None = Field(
        None,
        pattern=r"^arn:aws[a-z-]*:iam::([0-9]{12}|aws):policy/.+$",
        description="the ARN of its role's permissions boundary",
    )
    policies: Annotated[tuple[_Policy, ...], AfterValidator(distinct)] = Field(
        (), max_length=MAX_POLICIES, description=f"ARNs of at most {MAX_POLICIES} managed policies for its role"
    )
    statements: tuple[Statement, ...] = Field(
        (), description='other permissions of its role: a list of `{ actions = ["…"], resources = ["…"] }`'
    )
    role: str | None = Field(
        None,
        pattern=r"^(arn:aws[a-z-]*:iam::[0-9]{12}:role/)?[A-Za-z0-9_+=,.@/-]{1,512}$",
        description="the name or ARN of an existing role, instead of one that phase 1 creates",
    )
    package_type: Literal["Zip", "Image"] = Field("Zip", description='"Zip" or "Image"')
    code: Path | None = Field(None, description="for Zip: a zip file or a folder, as a path from this file's folder")
    image_uri: str | None = Field(None, description="for Image: the container image in ECR")
    image: ImageConfig | None = Field(
        None, description="for Image: `command`, `entry-point` and `working-directory` instead of the image's own"
    )
    runtime: str | None = Field(None, description="for Zip: a Lambda runtime, such as provided.al2023")
    handler: str | None = Field(None, description="for Zip: the handler, such as bootstrap")
    layers: Annotated[tuple[_Layer, ...], AfterValidator(distinct)] = Field(
        (), max_length=MAX_LAYERS, description=f"for Zip: ARNs of at most {MAX_LAYERS} layer versions, in their order"
    )
    architecture: Literal["x86_64", "arm64"] = Field("x86_64", description='"x86_64" or "arm64"')
    memory_size: int = Field(128, strict=True, ge=128, le=10_240, description="128 to 10240, in MB")
    ephemeral_storage: int = Field(
        MIN_STORAGE, strict=True, ge=MIN_STORAGE, le=10_240, description="512 to 10240, in MB"
    )
    timeout: Duration = Field(
        timedelta(seconds=30), ge=timedelta(seconds=1), le=timedelta(minutes=15), description="1s to 15m"
    )
    environment: Annotated[Mapping[str, str], UNTOLD] = Field(
        default_factory=dict, repr=False, description="environment variables, each value in quotes"
    )
    kms_key: str | None = Field(
        None,
        pattern=rf"{_ARN}kms:[a-z0-9-]+:[0-9]{{12}}:key/.+$",
        description="the ARN of the KMS key that encrypts its environment variables",
    )
    vpc: Vpc | None = Field(
        None, description='`{ subnets = ["subnet-…"], security-groups = ["sg-…"] }`: where its network interfaces are'
    )
    file_system: FileSystem | None = Field(
        None, description='`{ arn = "…", path = "/mnt/…" }`: an EFS access point, and its mount path'
    )
    tracing: Literal["Active", "PassThrough"] = Field(
        "PassThrough", description='X-Ray\'s mode, "Active" or "PassThrough"'
    )
    dead_letter: str | None = Field(
        None,
        pattern=rf"{_ARN}(sqs|sns):[a-z0-9-]+:[0-9]{{12}}:.+$",
        description="the ARN of an SQS queue or SNS topic for events whose asynchronous invocation fails",
    )
    reserved_concurrency: int | None = Field(
        None, strict=True, ge=0, description="how many of its invocations may run at once, 0 or more"
    )
    alias: str | None = Field(
        None,
        max_length=128,
        pattern=r"^[0-9]*[A-Za-z_-][A-Za-z0-9_-]*$",
        description="the alias that its target groups use, such as live",
    )
    provisioned_concurrency: int | None = Field(
        None, strict=True, ge=1, description="how many of its environments are kept ready, 1 or more"
    )
    snap_start: bool = Field(False, strict=True, description="whether its versions start from a snapshot")
    tags: _Tags = Field(default_factory=dict, description="further tags of the function, its role and log group")
    log_retention_days: Annotated[RetentionDays, BeforeValidator(no_boolean)] = Field(
        30, description="one of " + ", ".join(map(str, get_args(RetentionDays)))
    )
    target_groups: Mapping[str, TargetGroupNames] = Field(
        min_length=1,
        description="by load balancer, a target group's name of 1 to 32 letters, digits and hyphens, "
        "or a list of such names; at least one",
    )
    multi_value_headers: bool | None = Field(
        None,
        strict=True,
        description="whether its target groups send headers as lists; by default like the legacy ones",
    )

    @property
    def groups(self) -> tuple[str, ...]:
        """Its target groups on all load balancers."""
        return tuple(chain.from_iterable(self.target_groups.values()))


def partition_of(region: str) -> str:
    """`aws`, or the partition of China or of the US government."""
    special = {"cn": "aws-cn", "us-gov": "aws-us-gov"}
    return next((special[kind] for kind in special if region.startswith(f"{kind}-")), "aws")


def existing_role(function: Function, account: str, region: str) -> str | None:
    """The ARN of the role that is there already; None where phase 1 makes one."""
    if function.role is None or function.role.startswith("arn:"):
        return function.role
    return f"arn:{partition_of(region)}:iam::{account}:role/{function.role}"
