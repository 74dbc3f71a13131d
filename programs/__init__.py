"""The inline Pulumi programs of the Passport scorer's migration, named by stacks.toml.

Here, and in stacks.toml, is all that knows of scorers; `rollout` doesn't.
"""
