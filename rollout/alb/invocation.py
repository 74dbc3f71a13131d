"""What came of invoking a function without a load balancer, as frozen data. Pure.

https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class Invocation:
    """One that Lambda took on.

    Attributes:
        said: What the function returned, as JSON data.
        error: Why it failed, its type and message; None if it didn't, whatever status it answered with.
        took: How long the answer was waited for, a cold start included.
        is_cold: Whether an environment was started for it, as far as the function's log says so.
    """

    said: object
    error: str | None
    took: timedelta
    is_cold: bool = False
