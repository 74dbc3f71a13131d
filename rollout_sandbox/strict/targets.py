"""Target groups that hold addresses: which a load balancer takes, and how well their targets are.

https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-target-groups.html
https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html
Of an address of this machine health is whether it takes connections; any other is healthy once it is registered.
"""

from __future__ import annotations

import socket
from collections.abc import Iterable, Mapping

from moto.elbv2.exceptions import ELBClientError
from moto.elbv2.models import FakeHealthStatus, FakeTargetGroup

from rollout_sandbox.data_plane.addresses import on_this_machine

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
