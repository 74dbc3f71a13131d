"""The Pulumi stacks over the Automation API; with the components the only part that imports it.

- `stacks`: the `Stacks` port: preview and up; `states`: what a state holds, without the API;
- `process`: the CLI in a process group of its own, and a workspace and a stack that start it less often;
- `programs`: inline programs, loaded by their entry points;
- `locks`: who holds a stack; `unlocking`: runs an operation again where the holder is dead;
- `engine_events`: the engine's events and errors in our words.

https://www.pulumi.com/docs/iac/automation-api/
"""
