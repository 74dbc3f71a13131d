"""Step Functions over botocore: the answer to who waits for a ramp's end; the only module that uses it.

https://docs.aws.amazon.com/step-functions/latest/apireference/API_SendTaskSuccess.html
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from rollout.adapters.aws.session import Access, Refused, explained

_OVER = frozenset({"InvalidToken", "TaskDoesNotExist", "TaskTimedOut"})
MAX_ERROR, MAX_CAUSE = 256, 32_768


class StepFunctions:
    """The `Tasks` port over botocore."""

    def __init__(self, access: Access) -> None:
        self._access = access

    def succeed(self, token: str, output: Mapping[str, str]) -> bool:
        return self._told(lambda it: it.send_task_success(taskToken=token, output=json.dumps(dict(output))))

    def fail(self, token: str, error: str, cause: str) -> bool:
        error, cause = error[:MAX_ERROR], cause[:MAX_CAUSE]
        return self._told(lambda it: it.send_task_failure(taskToken=token, error=error, cause=cause))

    def beat(self, token: str) -> bool:
        return self._told(lambda it: it.send_task_heartbeat(taskToken=token))

    def _told(self, call: Callable[[Any], object]) -> bool:
        client = self._access.client("stepfunctions")
        try:
            explained(lambda: call(client))
        except Refused as error:
            if error.response["Error"]["Code"] in _OVER:
                return False
            raise
        return True
