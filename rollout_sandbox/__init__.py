"""A local AWS: moto's API, made as strict as AWS, at the endpoints that boto3 and Pulumi use.

- `server`: the sandbox itself, in this process; `daemon`: the same as a separate process, found by its folder;
- `front`: what each call passes through: account, faults, moto, journal; `strict`: where AWS refuses and moto doesn't;
- `landscape`: the load balancers that were there before; `data_plane`: what answers HTTP as they do.

moto takes seconds to import, so it is imported when a sandbox starts.
"""

from rollout_sandbox.data_plane.addresses import Listening
from rollout_sandbox.data_plane.profiles import Profile
from rollout_sandbox.faults import Fault, LogFault
from rollout_sandbox.journal import Call
from rollout_sandbox.server import Sandbox

__all__ = ["Call", "Fault", "Listening", "LogFault", "Profile", "Sandbox"]
