"""Lambda's resource policies as AWS keeps them: one a qualifier, each statement id once.

moto keeps one policy for all qualifiers, takes a statement id twice, and removes the first that has it.
https://docs.aws.amazon.com/lambda/latest/api/API_AddPermission.html
"""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from fnmatch import fnmatchcase
from types import SimpleNamespace
from typing import Any

import flask
from moto.awslambda import urls
from moto.awslambda.exceptions import LambdaClientError, UnknownFunctionException
from moto.awslambda.models import LambdaFunction

from rollout_sandbox.strict.builds import PROVISIONED, SETTINGS, Builds
from rollout_sandbox.strict.event_configs import EventConfigsResponse
from rollout_sandbox.strict.function_state import StrictFunction
from rollout_sandbox.strict.images import check_package

_INVOKE = frozenset({"lambda:InvokeFunction", "lambda:*", "*"})
_BALANCER = "elasticloadbalancing.amazonaws.com"

Statement = Mapping[str, Any]


class StatementConflict(LambdaClientError):
    """The statement id is taken."""

    code = 409

    def __init__(self, sid: str) -> None:
        super().__init__(
            "ResourceConflictException",
            f"The statement id ({sid}) provided already exists. "
            "Please provide a new statement id, or remove the existing statement.",
        )


class NoPolicy(LambdaClientError):
    """There is no such policy or statement."""

    code = 404

    def __init__(self, message: str) -> None:
        super().__init__("ResourceNotFoundException", message)


class StrictLambda(Builds):
    """moto's Lambda, refusing what AWS refuses."""

    @property
    def _url_module(self) -> SimpleNamespace:
        paths = dict.fromkeys((*urls.url_paths, PROVISIONED, SETTINGS), EventConfigsResponse.dispatch)
        return SimpleNamespace(url_bases=urls.url_bases, url_paths=paths)

    def create_function(self, spec: dict[str, Any]) -> LambdaFunction:
        """CreateFunction."""
        check_package(spec, self.region_name)
        function = StrictFunction(  # type: ignore[abstract]  # moto has no answer to CloudFormation here
            self.account_id, spec, self.region_name, version="$LATEST"
        )
        self._lambdas.put_function(function)
        if not spec.get("Publish"):
            return function
        self.publish_version(function.function_name)
        answered = copy.copy(function)
        answered.version = 1
        return answered

    def add_permission(self, function_name: str, qualifier: str, raw: str) -> dict[str, Any]:
        """AddPermission."""
        function, at = self._addressed(function_name, qualifier)
        sid = json.loads(raw).get("StatementId")
        if any(statement["Sid"] == sid for statement in _policy(function, at)):
            raise StatementConflict(sid)
        statement, _ = function.policy.add_statement(raw, at)
        return dict(statement)

    def remove_permission(self, function_name: str, sid: str, revision: str = "") -> None:  # noqa: ARG002 - moto's
        """RemovePermission; moto doesn't hand on the qualifier."""
        function, at = self._addressed(function_name, flask.request.args.get("Qualifier"))
        found = [statement for statement in _policy(function, at) if statement["Sid"] == sid]
        if not found:
            raise NoPolicy(f"Statement {sid} is not found in resource policy.")
        function.policy.statements.remove(found[0])

    def get_policy(self, function_name: str, qualifier: str | None = None) -> str:
        """GetPolicy."""
        function, at = self._addressed(function_name, qualifier)
        statements = _policy(function, at)
        if not statements:
            raise NoPolicy("The resource you requested does not exist.")
        policy = {"Version": "2012-10-17", "Id": "default", "Statement": statements}
        return json.dumps({"Policy": json.dumps(policy), "RevisionId": function.policy.revision})

    def lets_in(self, function_arn: str, source_arn: str, service: str = _BALANCER) -> bool | None:
        """Whether a service may invoke the function for a target group or an alarm; None if there is none."""
        try:
            function, at = self._addressed(function_arn, None)
        except UnknownFunctionException:
            return None
        return any(_allows(statement, source_arn, service) for statement in _policy(function, at))

    def _addressed(self, name: str, qualifier: str | None) -> tuple[LambdaFunction, str | None]:
        """The function, and the version or alias that is meant; the name may hold it: `arn:…:function:NAME:ALIAS`."""
        parts = name.rpartition(":function:")[2].split(":")
        at = qualifier or (parts[1] if len(parts) > 1 else None)
        self.get_function(parts[0], at)
        return self.get_function(parts[0]), at


def _policy(function: LambdaFunction, qualifier: str | None) -> list[dict[str, Any]]:
    arn = f"{function.function_arn}:{qualifier}" if qualifier else function.function_arn
    return [statement for statement in function.policy.statements if statement["Resource"].rstrip(":") == arn]


def _allows(statement: Statement, source_arn: str, service: str) -> bool:
    condition = statement.get("Condition", {})
    source = condition.get("ArnLike", {}).get("AWS:SourceArn", "*")
    account = condition.get("StringEquals", {}).get("AWS:SourceAccount")
    return (
        statement["Effect"] == "Allow"
        and statement["Action"] in _INVOKE
        and statement["Principal"] in ("*", {"Service": service})
        and fnmatchcase(source_arn, source)
        and account in (None, source_arn.split(":")[4])
    )
