"""The Pulumi stacks over the Automation API. Only this folder and the components import it.

- `stacks`: the `Stacks` port: preview and up; `runs`: what opens a stack for them;
- `states`: reads states without the API;
- `ahead`: a preview's engine that starts before its input is known;
- `process`: the CLI in a process group of its own, and a workspace and a stack that start it less often;
- `programs`: inline programs, loaded by their entry points;
- `locks`: the holder of a stack's lock; `unlocking`: repeats an operation if the holder is dead;
- `engine_events`: the engine's events and errors, typed.

https://www.pulumi.com/docs/iac/automation-api/
"""
