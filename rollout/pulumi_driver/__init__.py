"""The Pulumi stacks over the Automation API; with the components the only part that imports it.

- `stacks`: the `Stacks` port: preview, up and what a state holds;
- `process`: the CLI in a process group of its own, and a workspace and a stack that start it less often;
- `programs`: inline programs, loaded by their entry points;
- `telling`: the engine's events and errors in our words.

https://www.pulumi.com/docs/iac/automation-api/
"""

from rollout.pulumi_driver.stacks import EngineSettings, PulumiStacks

__all__ = ["EngineSettings", "PulumiStacks"]
