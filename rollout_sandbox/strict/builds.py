"""A function's versions, aliases and provisioned concurrency as AWS keeps them.

moto counts versions anew when one is deleted, publishes what hasn't changed, takes any routing of an alias, deletes
versions that aliases name, and has no provisioned concurrency.
https://docs.aws.amazon.com/lambda/latest/dg/configuration-aliases.html
https://docs.aws.amazon.com/lambda/latest/api/API_PutProvisionedConcurrencyConfig.html
Provisioned concurrency is in progress as it is asked for, and ready when somebody looks, or as late as a test wants.
"""

from __future__ import annotations

import copy
import json
import time
from collections.abc import Mapping
from datetime import timedelta
from http import HTTPStatus
from typing import Any, ClassVar
from urllib.parse import unquote

from moto.awslambda.exceptions import (
    InvalidParameterValueException,
    LambdaClientError,
    PreconditionFailedException,
)
from moto.awslambda.models import LambdaAlias, LambdaBackend, LambdaFunction
from moto.awslambda.responses import LambdaResponse
from moto.core.utils import iso_8601_datetime_with_nanoseconds
from moto.moto_api._internal import mock_random

from rollout_sandbox.strict.function_state import Provisioned, StrictFunction

LATEST = "$LATEST"
ACCOUNT_LIMIT, KEPT_FREE = 1000, 100
PROVISIONED = r"{0}/(?P<api_version>[^/]+)/functions/(?P<function_name>[\w_:%-]+)/provisioned-concurrency$"
SETTINGS = r"{0}/(?P<api_version>[^/]+)/account-settings/?$"
_OWN_TO_EACH = frozenset({"Description", "FunctionArn", "LastModified", "MasterArn", "RevisionId", "Version"})

Answer = tuple[int, dict[str, Any], str]
Routing = Mapping[str, Any]


class Conflict(LambdaClientError):
    """Something else is in the way."""

    code = 409

    def __init__(self, message: str) -> None:
        super().__init__("ResourceConflictException", message)


class NotProvisioned(LambdaClientError):
    """There is no such provisioned concurrency."""

    code = 404

    def __init__(self) -> None:
        message = "No Provisioned Concurrency Config found for this function"
        super().__init__("ProvisionedConcurrencyConfigNotFoundException", message)


class Builds(LambdaBackend):
    """moto's Lambda with strict versions and aliases.

    Attributes:
        provisioning: How long it takes until provisioned concurrency is ready.
    """

    provisioning: ClassVar[timedelta] = timedelta(0)

    def publish_version(self, function_name: str, description: str = "") -> LambdaFunction:
        """PublishVersion; nothing is published twice."""
        function = self.latest(function_name)
        versions = self._lambdas._functions[function.function_name]["versions"]  # noqa: SLF001 - moto has no other way
        if versions and _content(versions[-1]) == _content(function):
            return versions[-1]  # type: ignore[no-any-return]
        function.published += 1
        made = copy.copy(function)
        made.set_version(function.published)
        made.description = description or function.description
        versions.append(made)
        self._lambdas._arns[made.function_arn] = made  # noqa: SLF001 - as above
        return made

    def delete_function(self, function_name: str, qualifier: str | None = None) -> None:
        """DeleteFunction; a version that an alias names stays."""
        if qualifier == LATEST:
            raise InvalidParameterValueException("$LATEST version cannot be deleted without deleting the function.")
        if qualifier:
            naming = sorted(alias.name for alias in self.list_aliases(function_name) if qualifier in _versions(alias))
            if naming:
                raise Conflict(
                    f"Unable to delete version because the following aliases reference it: [{', '.join(naming)}]"
                )
            self.latest(function_name).provisioned.pop(qualifier, None)
        super().delete_function(function_name, qualifier)

    def create_alias(
        self, name: str, function_name: str, function_version: str, description: str, routing_config: Any
    ) -> LambdaAlias:
        """CreateAlias."""
        self._check_routing(function_name, function_version, routing_config)
        return super().create_alias(name, function_name, function_version, description, routing_config)

    def update_alias(
        self, name: str, function_name: str, function_version: str, description: str, routing_config: Any
    ) -> LambdaAlias:
        """UpdateAlias; what isn't named stays."""
        alias = self.get_alias(name, function_name)
        version = function_version or alias.function_version
        if routing_config is not None and not routing_config.get("AdditionalVersionWeights"):
            routing_config = {}
        kept: Any = alias.routing_config
        self._check_routing(function_name, version, kept if routing_config is None else routing_config)
        alias.revision_id = str(mock_random.uuid4())
        return super().update_alias(name, function_name, version, description, routing_config)

    def delete_alias(self, name: str, function_name: str) -> None:
        """DeleteAlias, with what is provisioned for it."""
        self.latest(function_name).provisioned.pop(name, None)
        super().delete_alias(name, function_name)

    def provision(self, function_name: str, qualifier: str, count: int) -> None:
        """PutProvisionedConcurrencyConfig."""
        if qualifier == LATEST:
            raise InvalidParameterValueException(
                "Provisioned Concurrency Configs cannot be applied to unpublished function versions."
            )
        self.get_function(function_name, qualifier)
        latest = self.latest(function_name)
        reserved = latest.reserved_concurrency
        if reserved is not None and count > int(reserved):
            raise InvalidParameterValueException(
                "Requested Provisioned Concurrency should not be greater than the reservedConcurrentExecution for "
                "function"
            )
        if count > ACCOUNT_LIMIT - KEPT_FREE:
            raise InvalidParameterValueException(
                "Specified ConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below "
                f"its minimum value of [{KEPT_FREE}]."
            )
        aliases = {alias.name: _versions(alias) for alias in self.list_aliases(function_name)}
        if latest.provisioned.keys() & aliases.get(qualifier, set()):
            raise Conflict(
                "Alias can't be used for Provisioned Concurrency configuration on an already Provisioned version"
            )
        if any(qualifier in aliases.get(other, ()) for other in latest.provisioned):
            raise Conflict("Version is pointed by a Provisioned Concurrency alias")
        ready = time.monotonic() + self.provisioning.total_seconds()
        latest.provisioned[qualifier] = Provisioned(count, iso_8601_datetime_with_nanoseconds(), ready)

    def provisioned(self, function_name: str) -> dict[str, Provisioned]:
        """The environments that are kept ready, by version or alias."""
        return self.latest(function_name).provisioned

    def latest(self, name: str) -> StrictFunction:
        """What is being worked on of a function, by its name or ARN."""
        found = self.get_function(name.rpartition(":function:")[2].partition(":")[0])
        assert isinstance(found, StrictFunction)  # noqa: S101 - none other is made here
        return found

    def _check_routing(self, function_name: str, version: str, routing: Routing | None) -> None:
        others: Mapping[str, float] = (routing or {}).get("AdditionalVersionWeights") or {}
        if len(others) > 1:
            raise InvalidParameterValueException("Number of items in AdditionalVersionWeights cannot be greater than 1")
        for other, weight in others.items():
            if LATEST in {version, other}:
                raise InvalidParameterValueException(
                    "$LATEST is not supported for an alias pointing to more than 1 version"
                )
            if other == version:
                raise InvalidParameterValueException(
                    f"Invalid function version {other}. Function version {other} is already included in routing "
                    "configuration."
                )
            if not 0 <= weight <= 1:
                raise InvalidParameterValueException(
                    f"1 validation error detected: Value '{weight}' at 'routingConfig.additionalVersionWeights' failed "
                    "to satisfy constraint: Map value must satisfy constraint: [Member must have value less than or "
                    "equal to 1.0, Member must have value greater than or equal to 0.0]"
                )
            self.get_function(function_name, other)


class BuildsResponse(LambdaResponse):
    """The calls that moto hasn't, or doesn't hand on whole."""

    def update_alias(self) -> Any:
        """UpdateAlias, of the revision that was named."""
        asked = json.loads(self.body).get("RevisionId")
        _, function, _, name = unquote(self.path).rsplit("/", 3)
        if asked and asked != self.backend.get_alias(name, function).revision_id:
            raise PreconditionFailedException(
                "The Revision Id provided does not match the latest Revision Id. "
                "Call the GetFunction/GetAlias API to retrieve the latest Revision Id"
            )
        return super().update_alias()

    def get_account_settings(self) -> str:
        """GetAccountSettings: what of the account's concurrency is reserved for no function.

        https://docs.aws.amazon.com/lambda/latest/api/API_GetAccountSettings.html
        """
        functions = [self._builds.latest(each.function_name) for each in self._builds.list_functions()]
        reserved = sum(int(each.reserved_concurrency or 0) for each in functions)
        limit = {"ConcurrentExecutions": ACCOUNT_LIMIT, "UnreservedConcurrentExecutions": ACCOUNT_LIMIT - reserved}
        return json.dumps({"AccountLimit": limit, "AccountUsage": {"FunctionCount": len(functions)}})

    def put_provisioned_concurrency_config(self) -> Answer:
        """PutProvisionedConcurrencyConfig."""
        count = int(json.loads(self.body)["ProvisionedConcurrentExecutions"])
        self._builds.provision(self._function, self._qualifier, count)
        asked = self._builds.provisioned(self._function)[self._qualifier]
        return HTTPStatus.ACCEPTED, {}, json.dumps(_described(asked, ready=False))

    def get_provisioned_concurrency_config(self) -> Answer:
        """GetProvisionedConcurrencyConfig."""
        found = self._builds.provisioned(self._function).get(self._qualifier)
        if found is None:
            raise NotProvisioned
        return HTTPStatus.OK, {}, json.dumps(_described(found, ready=found.is_ready))

    def delete_provisioned_concurrency_config(self) -> Answer:
        """DeleteProvisionedConcurrencyConfig."""
        if self._builds.provisioned(self._function).pop(self._qualifier, None) is None:
            raise NotProvisioned
        return HTTPStatus.NO_CONTENT, {}, ""

    def list_provisioned_concurrency_configs(self) -> Answer:
        """ListProvisionedConcurrencyConfigs."""
        arn = self._builds.get_function(self._function).function_arn
        listed = [
            {"FunctionArn": f"{arn}:{qualifier}", **_described(found, ready=found.is_ready)}
            for qualifier, found in self._builds.provisioned(self._function).items()
        ]
        return HTTPStatus.OK, {}, json.dumps({"ProvisionedConcurrencyConfigs": listed})

    @property
    def _builds(self) -> Builds:
        backend = self.backend
        assert isinstance(backend, Builds)  # noqa: S101 - none other is made here
        return backend

    @property
    def _function(self) -> str:
        return unquote(self.path.rsplit("/", 2)[1])

    @property
    def _qualifier(self) -> str:
        return str(self._get_param("Qualifier"))


def _versions(alias: LambdaAlias) -> set[str]:
    """The versions to which an alias points."""
    routing: Any = alias.routing_config or {}
    return {alias.function_version, *(routing.get("AdditionalVersionWeights") or {})}


def _content(function: LambdaFunction) -> dict[str, Any]:
    """What makes a version another one."""
    said = {key: said for key, said in function.get_configuration().items() if key not in _OWN_TO_EACH}
    return {**said, "SnapStart": said["SnapStart"]["ApplyOn"]}


def _described(asked: Provisioned, *, ready: bool) -> dict[str, Any]:
    there = asked.count if ready else 0
    return {
        "RequestedProvisionedConcurrentExecutions": asked.count,
        "AvailableProvisionedConcurrentExecutions": there,
        "AllocatedProvisionedConcurrentExecutions": there,
        "Status": "READY" if ready else "IN_PROGRESS",
        "LastModified": asked.since,
    }
