"""AWS and Pulumi's stacks in memory, behind the Protocols of `rollout.ports`: for tests that take milliseconds.

`calls` records and interrupts what a client does, `aws` is an account, and `load_balancers` is a client of it. Nothing
else of rollout imports this.
"""
