"""The ramp as a Prefect flow: each run is one look, and Prefect starts one a minute.

The ramp keeps nothing in the process: a run that dies is made up for by the next. So Prefect needs no long-lived flow,
and what it shows as done is a look, not the ramp. `python examples/prefect_ramp.py production` serves it.
https://docs.prefect.io/v3/how-to-guides/deployment_infra/run-flows-in-local-processes
"""

from __future__ import annotations

import json
import sys
from datetime import timedelta
from typing import Any

from prefect import flow, get_run_logger, task

from rollout import Rollout
from rollout.errors import AwsError, EngineError, Locked
from rollout.migration.events import as_json

PASSING = (AwsError, EngineError, Locked)
"""What may be over by the next try; a candidate that is worse isn't."""


def _may_pass(_task: Any, _run: Any, state: Any) -> bool:
    return isinstance(state.result(raise_on_failure=False), PASSING)


@task(retries=2, retry_delay_seconds=10, retry_condition_fn=_may_pass)
def look(stacks: str, environment: str) -> str:
    """Do what is due now, and say where the ramp stands then.

    Raises:
        AnalysisFailed: The candidate is worse than legacy, and all went back: the flow fails, and so do those after it
            until somebody begins anew by `rollout ramp ENV --restart`.
    """
    log = get_run_logger()
    rollout = Rollout.load(stacks, on_event=lambda event: log.info(json.dumps(as_json(event))))
    result = rollout.environment(environment).ramp(approve=True, once=True, save=False)
    log.info("%s at %s %%: %s", result.state, result.weight, result.sentence)
    return result.state


@flow(name="ramp", log_prints=False)
def ramp(environment: str, stacks: str = "stacks.toml") -> str:
    """One look at an environment's ramp.

    Args:
        environment: Its name in the inventory.
        stacks: The inventory's path.
    """
    return look(stacks, environment)


if __name__ == "__main__":
    # one at a time is enough; two at once would be safe, too
    ramp.serve(name="ramp", interval=timedelta(minutes=1), parameters={"environment": sys.argv[1]}, global_limit=1)
