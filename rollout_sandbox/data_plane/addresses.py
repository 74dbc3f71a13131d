"""The addresses of a sandbox's load balancers on this machine."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import ip_address, ip_network

from rollout.errors import SandboxError

_HERE = ip_network("127.0.0.0/8")


@dataclass(frozen=True, slots=True)
class Listening:
    """A listener of a load balancer, and its local address.

    Attributes:
        load_balancer: The load balancer's name.
        load_balancer_arn: Its ARN.
        listener_arn: The listener's ARN.
        port: The one that AWS knows, 1 to 65535.
        url: Where it answers, `http://127.0.0.1:PORT`, be it an HTTPS listener or not.
    """

    load_balancer: str
    load_balancer_arn: str
    listener_arn: str
    port: int
    url: str


def url_of(listeners: Iterable[Listening], load_balancer: str, port: int) -> str:
    """The address of a load balancer's listener.

    Raises:
        SandboxError: It has none on this port.
    """
    for each in listeners:
        if (each.load_balancer, each.port) == (load_balancer, port):
            return each.url
    raise SandboxError(f"no listener on port {port} of load balancer {load_balancer!r}", code="listener-missing")


def on_this_machine(host: str) -> bool:
    """Whether a host is this machine by its address, of 127.0.0.0/8."""
    try:
        return host == "localhost" or ip_address(host) in _HERE
    except ValueError:
        return False
