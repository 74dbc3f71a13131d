"""A query: a metric and a filter of tags, with placeholders in the filter. The source adds how it is counted. Pure.

So an average can't be asked for: counts are `sum:….as_count()`, and latencies are counted in a distribution.
https://docs.datadoghq.com/metrics/distributions/
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from rollout.adapters.sources import filled
from rollout.errors import UsageError

_QUERY = re.compile(r"\s*[a-zA-Z][a-zA-Z0-9_.]*\s*\{([\w\s.,:*!()/$-]+)\}\s*")
_TAG_VALUE = re.compile(r"[\w./:-]+")


def check(text: str) -> None:
    """Make sure that a text is a metric and a filter.

    Raises:
        ValueError: It isn't, or a placeholder is in the wrong place.
    """
    found = _QUERY.fullmatch(text)
    if not found:
        raise ValueError("is not a metric with a filter, such as app.requests{service:$name}; rollout adds the rest")
    if text.count("$") > found[1].count("$"):
        raise ValueError("placeholders are only for the filter")


def rendered(text: str, values: Mapping[str, str]) -> str:
    """A metric and its filter with the values of the placeholders.

    Raises:
        UsageError: A value can't be a tag's: it could change the query.
    """

    def checked(value: str) -> str:
        if not _TAG_VALUE.fullmatch(value):
            what = f"{value!r} can't be the value of a tag"
            hint = "write into analysis.options.names what Datadog calls it"
            raise UsageError(what, where="analysis.options", hint=hint, code="plugin-unusable")
        return value

    return filled(text.strip(), values, checked)


def counted(text: str) -> str:
    """The sum of a count."""
    return f"sum:{text}.as_count()"


def of_distribution(text: str, statistic: str, factor: float) -> str | None:
    """A statistic of a distribution: `SampleCount`, `Maximum`, `TC(:0.25)` or `p99`; None for others.

    Args:
        factor: How many of AWS's units a unit of the distribution is.
    """
    if statistic == "SampleCount":
        return f"count:{text}.as_count()"
    if statistic == "Maximum":
        return f"max:{text}"
    if statistic.startswith("TC(:"):
        limit = f"{float(statistic[4:-1]) / factor:.9f}".rstrip("0").rstrip(".")
        return f"count(v: v<={limit}):{text}.as_count()"
    return f"{statistic}:{text}" if re.fullmatch(r"p\d{1,2}(\.\d{1,2})?", statistic) else None
