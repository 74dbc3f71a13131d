"""What people look at: a live page over the environments, and the same as one file.

- `timeseries`: CloudWatch's points as legacy against the candidate, with intervals;
- `changes`: Pulumi's history and where the ramp stands, in words;
- `overview`: all of it for one environment at one moment, and `reading` gathers it;
- `scales` and `charts`: pictures as SVG;
- `pages`: HTML of overviews, and `report` one file of it;
- `readings`, `access` and `server`: the live page.
"""

from __future__ import annotations

from rollout.base.packages import how_to_install, missing_of
from rollout.errors import RolloutError


def require_extra() -> None:
    """Make sure of what pages are made and served with.

    Raises:
        RolloutError: The extra isn't installed.
    """
    if missing := missing_of("dashboard"):
        raise RolloutError(
            f"the dashboard and reports need {' and '.join(missing)}",
            hint=how_to_install("dashboard"),
            code="extra-missing",
        )
