"""Prometheus as rollout's source of metrics; what the entry point names.

- `selector`: queries of stacks.toml, with the values of their placeholders;
- `counters`: raw samples as counts by minute; `histogram`: counts by bucket as statistics;
- `source`: the HTTP API, and rollout's port.
"""

from __future__ import annotations

from rollout import Environment
from rollout_prometheus.source import Prometheus, PrometheusOptions, api_of


def source(environment: Environment) -> Prometheus:
    """The source for an environment.

    Raises:
        UsageError: The options aren't right.
    """
    from rollout.adapters.sources import options_of  # noqa: PLC0415 - pydantic takes a while

    options = options_of(PrometheusOptions, environment)
    return Prometheus(environment, options, api_of(options))
