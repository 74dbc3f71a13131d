"""What becomes of events that functions fail, by version or alias: moto keeps one for all, and the first for good.

https://docs.aws.amazon.com/lambda/latest/api/API_PutFunctionEventInvokeConfig.html
"""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import Any

from moto.awslambda.exceptions import LambdaClientError
from moto.awslambda.models import EventInvokeConfig
from moto.core.responses import ActionResult

from rollout_sandbox.strict.builds import LATEST, Answer, BuildsResponse
from rollout_sandbox.strict.function_state import StrictFunction


class NoEventConfig(LambdaClientError):
    """The function has none."""

    code = 404

    def __init__(self, arn: str) -> None:
        super().__init__("ResourceNotFoundException", f"The function {arn} doesn't have an EventInvokeConfig")


class EventConfigsResponse(BuildsResponse):
    """The calls about them."""

    def put_function_event_invoke_config(self) -> ActionResult:
        """PutFunctionEventInvokeConfig, which replaces the one before."""
        return self._put({})

    def update_function_event_invoke_config(self) -> ActionResult:  # type: ignore[override]
        """UpdateFunctionEventInvokeConfig; what isn't named stays."""
        return self._put(self._found().config)

    def get_function_event_invoke_config(self) -> ActionResult:
        """GetFunctionEventInvokeConfig."""
        return ActionResult(self._found().response())

    def delete_function_event_invoke_config(self) -> Answer:
        """DeleteFunctionEventInvokeConfig."""
        self._found()
        del self._latest.event_configs[self._at]
        return HTTPStatus.NO_CONTENT, {}, ""

    def list_function_event_invoke_configs(self) -> str:
        """ListFunctionEventInvokeConfigs."""
        function = self._builds.latest(self.path.rsplit("/", 3)[1])
        told = [each.response() for each in function.event_configs.values()]
        return json.dumps({"FunctionEventInvokeConfigs": told})

    def _put(self, before: dict[str, Any]) -> ActionResult:
        self._builds.get_function(self._latest.function_name, self._at)
        arn, now = f"{self._latest.function_arn}:{self._at}", self._latest.last_modified
        made = EventInvokeConfig(arn, now, {**before, **self.json_body})
        self._latest.event_configs[self._at] = made
        return ActionResult(made.response())

    def _found(self) -> EventInvokeConfig:
        found = self._latest.event_configs.get(self._at)
        if found is None:
            raise NoEventConfig(f"{self._latest.function_arn}:{self._at}")
        return found

    @property
    def _latest(self) -> StrictFunction:
        return self._builds.latest(self._function)

    @property
    def _at(self) -> str:
        return str(
            self._get_param("Qualifier") or self._function.rpartition(":function:")[2].partition(":")[2] or LATEST
        )
