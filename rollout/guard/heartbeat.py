"""The metric that a running ramp writes at each look."""

from __future__ import annotations

from typing import Any

NAMESPACE, METRIC, DIMENSION = "rollout", "Heartbeat", "Environment"


def datum(title: str) -> dict[str, Any]:
    """PutMetricData's arguments.

    Args:
        title: How the names of the environment's resources begin.
    """
    dimensions = [{"Name": DIMENSION, "Value": title}]
    return {"Namespace": NAMESPACE, "MetricData": [{"MetricName": METRIC, "Dimensions": dimensions, "Value": 1.0}]}
