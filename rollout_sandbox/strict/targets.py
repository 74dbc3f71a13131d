"""Targets: which functions a target group takes, which groups a load balancer takes, and how well targets are.

https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-target-groups.html
https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html
Of an address of this machine health is whether it takes connections; any other is healthy once it is registered.
"""

from __future__ import annotations

import socket
from collections.abc import Iterable, Mapping, Sequence
from http import HTTPStatus
from typing import Any

from moto.awslambda.models import lambda_backends
from moto.elbv2.exceptions import ELBClientError
from moto.elbv2.models import FakeHealthStatus, FakeTargetGroup
from werkzeug.exceptions import HTTPException

from rollout_sandbox import refusal
from rollout_sandbox.data_plane.addresses import on_this_machine
from rollout_sandbox.strict.functions import StrictLambda

_GLANCE = 0.2
_UNUSED = {
    "status": "unused",
    "reason": "Target.NotInUse",
    "description": "Target group is not configured to receive traffic from the load balancer",
}
_UNCHECKED = {
    "status": "unavailable",
    "reason": "Target.HealthCheckDisabled",
    "description": "Health checks are not enabled for this target",
}
_FAILED = {"status": "unhealthy", "reason": "Target.FailedHealthChecks", "description": "Health checks failed"}


class NotPermitted(HTTPException):
    """AccessDenied is no error of the API's model, and moto's own errors have to be."""

    code = HTTPStatus.FORBIDDEN

    def __init__(self, function: str, group: str) -> None:
        message = (
            f"elasticloadbalancing principal does not have permission to invoke {function} from target group {group}"
        )
        super().__init__(refusal.body("query", "AccessDenied", message)[0])

    def get_headers(self, *_: Any, **__: Any) -> list[tuple[str, str]]:
        """Its content type."""
        return [("Content-Type", refusal.XML)]


def check_function(group: FakeTargetGroup, functions: Sequence[str], account: str, region: str) -> None:
    """Refuse functions that the target group can't have.

    Args:
        group: The target group.
        functions: The ARNs that are to be registered.
        account: Whose the group is.
        region: Where it is.

    Raises:
        ELBClientError: They are too many, or not there.
        NotPermitted: The group may not invoke one.
    """
    if len({*functions, *group.targets}) > 1:
        raise ELBClientError(
            "TooManyTargets",
            f"The maximum number of targets per target group '1' has been reached on target group '{group.arn}'",
        )
    backend = lambda_backends[account][region]
    for arn in functions:
        here = arn.split(":")[2:6] == ["lambda", region, account, "function"]
        admitted = backend.lets_in(arn, group.arn) if here and isinstance(backend, StrictLambda) else None
        if admitted is None:
            raise ELBClientError("InvalidTarget", f"The Lambda function '{arn}' does not exist")
        if not admitted:
            raise NotPermitted(arn, group.arn)


def check_kind(target_type: str | None, protocol: str | None) -> None:
    """Refuse a target group that can't be.

    Raises:
        ELBClientError: AWS wouldn't make it.
    """
    if target_type == "alb" and protocol not in {"TCP", "TLS"}:
        raise ELBClientError("ValidationError", f"Protocol '{protocol}' is not supported with target type 'alb'")


def check_for_application(groups: Iterable[FakeTargetGroup]) -> None:
    """Refuse groups to which an Application Load Balancer can't forward, as those that hold one.

    Raises:
        ELBClientError: AWS wouldn't take them.
    """
    for group in groups:
        if group.target_type == "alb" or (group.target_type != "lambda" and group.protocol not in {"HTTP", "HTTPS"}):
            raise ELBClientError(
                "IncompatibleProtocols",
                f"The target group '{group.arn}' is not compatible with a load balancer of type 'application'",
            )


def health_of(group: FakeTargetGroup, health: FakeHealthStatus) -> FakeHealthStatus:
    """A target's health; a function's is unknown unless health checks are on."""
    registered = group.targets.get(health.instance_id)
    if registered is None:
        return health
    state: Mapping[str, str] = {"status": "healthy"}
    if not group.load_balancer_arns:
        state = _UNUSED
    elif group.target_type == "lambda":
        state = state if group.health_check_enabled else _UNCHECKED
    elif on_this_machine(registered["Id"]) and not _takes_connections(registered["Id"], int(registered["Port"])):
        state = _FAILED
    checked = None if group.target_type == "lambda" else health.health_check_port
    return FakeHealthStatus(health.instance_id, health.port, checked, **state)


def _takes_connections(address: str, port: int) -> bool:
    try:
        with socket.create_connection((address, port), timeout=_GLANCE):
            return True
    except OSError:
        return False
