"""Where access logs are, as IAM names it: in S3, or in the log groups that stacks.toml names."""

from __future__ import annotations

from collections.abc import Callable

from rollout.adapters.aws.iam.resources import Resources
from rollout.inventory.model import Environment

_On = Callable[[Resources], tuple[str, ...]]


def if_by_client(of: _On) -> _On:
    """Some resources, if a ramp counts clients."""
    return lambda names: of(names) if names.environment.analysis.unit == "clients" else ()


def in_s3(of: _On) -> _On:
    """Some resources, if access logs are in S3."""
    return lambda names: () if names.environment.analysis.log_groups else of(names)


def in_groups(of: _On) -> _On:
    """Some resources, if access logs are in CloudWatch Logs."""
    return lambda names: of(names) if names.environment.analysis.log_groups else ()


def buckets(names: Resources) -> tuple[str, ...]:
    """All buckets, as only AWS knows which have access logs; see `log_folder`."""
    return (f"arn:{names.partition}:s3:::*",)


def log_files(names: Resources) -> tuple[str, ...]:
    """The access logs of the environment's account and region in them."""
    return (f"arn:{names.partition}:s3:::*/{log_folder(names.environment)}",)


def log_folder(environment: Environment) -> str:
    """The end of a pattern of access logs' keys."""
    return f"AWSLogs/{environment.account}/elasticloadbalancing/{environment.region}/*"


def log_groups(names: Resources) -> tuple[str, ...]:
    """The log groups of access logs; some actions name them with `:*`, some without."""
    groups = names.environment.analysis.log_groups
    return tuple(names.arn("logs", f"log-group:{group}{end}") for group in groups for end in ("", ":*"))
