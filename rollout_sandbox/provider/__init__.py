"""The resource provider in place of pulumi-aws: the engine's gRPC on one side, boto3 on the other.

- `schema`: how a resource type is described; `load_balancing`, `functions`, `identity`, `logs`,
  `alarms`, `dashboards`: the types themselves;
- `checking`, `comparing`: what the bridge does with any type; `lookups`: the provider's functions;
- `servicer`: Pulumi's protocol; `server`: a port for each account and region, since the protocol's later calls don't
  say which configuration they belong to.
"""

from rollout_sandbox.provider.server import ProviderServer, serve

__all__ = ["ProviderServer", "serve"]
