"""The judge's bounds: defaults for every metric, and what stacks.toml says instead."""

from __future__ import annotations

from typing import get_args

import pytest

from rollout.analysis.defaults import DEFAULTS, bounds_of
from rollout.inventory.ramp_settings import Analysis, Margin, Metric, MetricName


@pytest.mark.parametrize("metric", get_args(MetricName))
def test_every_metric_has_a_tolerance_within_its_harm(metric: MetricName) -> None:
    tolerance, harm, ceiling = bounds_of(metric, Analysis())
    assert tolerance.relative < harm.relative
    assert tolerance.absolute < harm.absolute
    assert ceiling is None


def test_the_file_overrides_a_bound_and_leaves_the_other() -> None:
    wide = Margin(relative=3, absolute=1)
    said = Analysis(metric={"throttles": Metric(harm=wide, ceiling=2.5)})
    assert bounds_of("throttles", said) == (DEFAULTS["throttles"].tolerance, wide, 2.5)
    assert bounds_of("server-errors", said)[1] == DEFAULTS["server-errors"].harm
