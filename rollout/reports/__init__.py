"""The dashboard, a live page over the environments, and the report, the same in one file.

- `timeseries`: CloudWatch's points for legacy and the candidate, with intervals;
- `changes`: the marks of past changes;
- `overview`: one environment's data at one time; `reading` gathers it;
- `fitting`: the range that fits what happened; `glance`: how it is, what comes next, what waits for whom;
- `bounds`: where harm begins, as the judge has it; `scales` and `charts`: SVG charts;
- `pages`: HTML of overviews; `report` writes one file;
- `parity_page`: answers side by side, in one file;
- `cost_table`: what functions cost, as a file;
- `readings`, `access` and `server`: the live page.
"""

from __future__ import annotations

from rollout.base.packages import how_to_install, missing_of
from rollout.errors import RolloutError


def require_extra() -> None:
    """Check that the extra's packages are installed.

    Raises:
        RolloutError: They are not.
    """
    if missing := missing_of("dashboard"):
        raise RolloutError(
            f"the dashboard and reports need {' and '.join(missing)}",
            hint=how_to_install("dashboard"),
            code="extra-missing",
        )
