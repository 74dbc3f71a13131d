"""Datadog as rollout's source of metrics; what the entry point names.

- `query`: queries of stacks.toml as Datadog's, with the values of their placeholders;
- `source`: the HTTP API, and rollout's port.
"""

from __future__ import annotations

from rollout import Environment
from rollout_datadog.source import Datadog, DatadogOptions, api_of


def source(environment: Environment) -> Datadog:
    """The source for an environment.

    Raises:
        UsageError: The options aren't right, or a variable is missing.
    """
    from rollout.adapters.sources import options_of  # noqa: PLC0415 - pydantic takes a while

    options = options_of(DatadogOptions, environment)
    return Datadog(environment, options, api_of(options))
