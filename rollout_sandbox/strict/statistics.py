"""How the values of a period become one number, as CloudWatch's statistics do.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Statistics-definitions.html
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence

from moto.cloudwatch.exceptions import ValidationError

Statistic = Callable[[Sequence[float]], float]
_STATISTICS: Mapping[str, Statistic] = {
    "Average": lambda values: math.fsum(values) / len(values),
    "Maximum": max,
    "Minimum": min,
    "SampleCount": len,
    "Sum": math.fsum,
}
_RANGE = re.compile(r"(TC|PR)\((\d+(?:\.\d{1,10})?)?:(\d+(?:\.\d{1,10})?)?\)")


def statistic(name: str) -> Statistic:
    """How several values become one number.

    A percentile is the least value that so many per cent don't exceed. `TC(A:B)` counts the values above A and up to B,
    `PR(A:B)` is their share in per cent; AWS interpolates both, and they are exact here.
    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Statistics-definitions.html

    Raises:
        ValidationError: There is no such statistic here.
    """
    if name in _STATISTICS:
        return _STATISTICS[name]
    if percentile := re.fullmatch(r"p(\d{1,2}(?:\.\d{1,10})?|100)", name):
        share = float(percentile[1]) / 100
        return lambda values: sorted(values)[max(0, math.ceil(share * len(values)) - 1)]
    if (within := _RANGE.fullmatch(name)) and (within[2] or within[3]):
        low, high = float(within[2] or "-inf"), float(within[3] or "inf")
        if low < high:
            count = within[1] == "TC"
            return lambda values: sum(low < v <= high for v in values) * (1 if count else 100 / len(values))
    raise ValidationError(f"The value {name} for parameter Stat is not supported.")
