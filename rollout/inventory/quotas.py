"""What AWS allows of an Application Load Balancer's rules.

https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-limits.html
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

MAX_PRIORITY = 50_000
MAX_CONDITION_VALUES = 5  # a rule, whatever its conditions
MAX_WILDCARDS = 5  # a rule
MAX_TEXT = 128  # characters of a condition's value
MAX_STICKINESS = timedelta(days=7)

RULES, GROUPS = "rules-per-application-load-balancer", "target-groups-per-application-load-balancer"
DEFAULT_LIMITS: Mapping[str, int] = {RULES: 100, GROUPS: 100}
"""By AWS's names; an account may have others."""
