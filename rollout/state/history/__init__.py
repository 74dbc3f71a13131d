"""Pulumi's update history, the record of all changes. Pure.

- `entries`: as the engine's backend keeps it; `record`: what a change writes of itself there;
  `audit`: all stacks' as one.
"""
