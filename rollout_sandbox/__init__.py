"""A local AWS: moto's API, made as strict as AWS, at the endpoints that boto3 and Pulumi use.

- `server`: the sandbox itself, in this process; `daemon`: the same as a separate process, found by its folder;
- `front`: what each call passes through: account, faults, moto, journal; `strict`: where AWS refuses and moto doesn't;
- `living`: what it does by itself: `alarms` that go off, `lambdas`, functions that run;
- `landscape`: the load balancers that were there before; `data_plane`: what answers HTTP as they do.

moto takes seconds to import, so it is imported when a sandbox starts; what is exported here, at its first use.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rollout_sandbox.data_plane.addresses import Listening as Listening
    from rollout_sandbox.data_plane.differences import Difference as Difference
    from rollout_sandbox.data_plane.profiles import Profile as Profile
    from rollout_sandbox.faults import EventFault as EventFault
    from rollout_sandbox.faults import Fault as Fault
    from rollout_sandbox.faults import LogFault as LogFault
    from rollout_sandbox.journal import Call as Call
    from rollout_sandbox.server import Sandbox as Sandbox

_HOMES = {
    "Call": "journal",
    "Difference": "data_plane.differences",
    "EventFault": "faults",
    "Fault": "faults",
    "Listening": "data_plane.addresses",
    "LogFault": "faults",
    "Profile": "data_plane.profiles",
    "Sandbox": "server",
}

__all__ = [*_HOMES]  # noqa: PLE0604 - names, all of them


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"rollout_sandbox.{_HOMES[name]}"), name)
