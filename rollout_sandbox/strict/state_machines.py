"""State machines that Step Functions would take, by roles that it may assume; moto takes any.

https://docs.aws.amazon.com/step-functions/latest/apireference/API_CreateStateMachine.html
"""

from __future__ import annotations

import json
from types import ModuleType
from typing import Any

from moto.core.exceptions import AWSError
from moto.stepfunctions import urls
from moto.stepfunctions.exceptions import ResourceNotFound, StateMachineDoesNotExist
from moto.stepfunctions.models import StateMachine, StepFunctionBackend
from moto.utilities.utils import get_partition as partition_of

from rollout_sandbox.states.language import InvalidDefinition, check
from rollout_sandbox.trust import trusts

SERVICE = "states.amazonaws.com"


class _Refused(AWSError):
    STATUS = 400

    def __init__(self, code: str, message: str) -> None:
        self.TYPE = code
        super().__init__(message)


class StrictStates(StepFunctionBackend):
    """moto's Step Functions, refusing what AWS refuses, and what `states` doesn't know."""

    @property
    def _url_module(self) -> ModuleType:
        return urls

    def create_state_machine(self, name: str, definition: str, roleArn: str, **given: Any) -> StateMachine:  # type: ignore[override]  # noqa: N803 - moto's
        """CreateStateMachine: the same one twice is one, and another one of its name is none."""
        self._validate_name(name)
        arn = f"arn:{partition_of(self.region_name)}:states:{self.region_name}:{self.account_id}:stateMachine:{name}"
        try:
            there = self.describe_state_machine(arn)
        except StateMachineDoesNotExist:
            self._check(arn, definition, roleArn)
            return super().create_state_machine(name, definition, roleArn, **given)
        if (there.definition, there.type) != (definition, given.get("sm_type") or "STANDARD"):
            raise _Refused("StateMachineAlreadyExists", f"State Machine Already Exists: '{arn}'")
        return there

    def update_state_machine(  # type: ignore[override]
        self, arn: str, definition: str | None = None, role_arn: str | None = None, **given: Any
    ) -> StateMachine:
        """UpdateStateMachine."""
        there = self.describe_state_machine(arn)
        self._check(arn, definition or there.definition, role_arn or there.roleArn)
        return super().update_state_machine(arn, definition, role_arn, **given)

    def delete_state_machine(self, arn: str) -> None:
        """DeleteStateMachine, with its tags."""
        super().delete_state_machine(arn)
        self.tagger.delete_all_tags_for_resource(arn)

    def list_tags_for_resource(self, arn: str) -> dict[str, list[dict[str, str]]]:
        """ListTagsForResource."""
        self._there(arn)
        return super().list_tags_for_resource(arn)

    def tag_resource(self, arn: str, tags: dict[str, str]) -> None:
        """TagResource."""
        self._there(arn)
        super().tag_resource(arn, tags)

    def _there(self, arn: str) -> None:
        if all(each.arn != arn for each in self.state_machines):
            raise ResourceNotFound(arn)

    def _check(self, arn: str, definition: str, role: str) -> None:
        if problem := problem_of(definition):
            raise _Refused("InvalidDefinition", f"Invalid State Machine Definition: '{problem}'")
        self._validate_role_arn(role)
        if not trusts(role, SERVICE, self.account_id, arn):
            raise _Refused(
                "AccessDeniedException",
                "Neither the global service principal states.amazonaws.com, nor the regional one is authorized to "
                "assume the provided role.",
            )


def problem_of(definition: str) -> str | None:
    """Why a definition isn't taken; None if it is."""
    try:
        check(json.loads(definition))
    except ValueError as error:
        return f"INVALID_JSON_DESCRIPTION: {error}"
    except InvalidDefinition as error:
        return f"SCHEMA_VALIDATION_FAILED: {error}"
    return None
