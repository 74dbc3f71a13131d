"""Lambda over botocore: functions' aliases and code, and Invoke; the only module that invokes functions.

botocore would repeat a call without an answer, and a function that is not idempotent would run twice. So this module
repeats only calls that Lambda says it did not accept.
https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
"""

from __future__ import annotations

import base64
import json
import re
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from functools import cached_property, partial
from itertools import chain
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError
from tenacity import retry, retry_if_exception, stop_after_attempt, wait_random_exponential

from rollout.adapters.aws.session import Access, explained
from rollout.alb.invocation import Invocation
from rollout.base.foreign import Unexpected, json_of
from rollout.inventory.aliases import AliasTarget, LiveAlias, beside, kept
from rollout.inventory.functions import Function, Vpc
from rollout.inventory.model import Environment
from rollout.inventory.on_aws import require_account
from rollout.migration.checks.function_needs import FunctionNeeds, networks_of, roles_of
from rollout.parity.ports import FunctionCode

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient

PARALLEL = 100
# ResourceConflictException: it is being created, or its code is being updated
_NOT_TAKEN_ON = frozenset(
    {"TooManyRequestsException", "ThrottlingException", "EC2ThrottledException", "ResourceConflictException"}
)
_TRIES = 6
# the end of its log, as text or as JSON: https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs.html
_STARTED = re.compile(
    rb'^REPORT RequestId: [^\n]*\t(?:Init|Restore) Duration: |"platform\.report"[^\n]*"(?:init|restore)DurationMs"',
    re.MULTILINE,
)


def _may_be_tried_again(error: BaseException) -> bool:
    return isinstance(error, ClientError) and error.response["Error"].get("Code") in _NOT_TAKEN_ON


class Lambda:
    """The `Functions` port over botocore.

    Args:
        pause: The longest wait before the second try; it doubles with each try.
    """

    def __init__(self, access: Access, pause: timedelta = timedelta(seconds=1)) -> None:
        self._access, self._making = access, threading.Lock()
        self._clients: dict[timedelta, LambdaClient] = {}
        self._patiently = retry(
            retry=retry_if_exception(_may_be_tried_again),
            stop=stop_after_attempt(_TRIES),
            wait=wait_random_exponential(multiplier=pause.total_seconds()),
            reraise=True,
        )

    def aliases(self, environment: Environment) -> Mapping[str, LiveAlias]:
        """See `migration.ports.Aliases`."""
        wanted = {key: function for key, function in environment.functions.items() if function.alias}
        client = self._access.client("lambda") if wanted else None
        read = partial(_alias, client, environment)
        found = {
            key: explained(partial(read, function.name or key, function), f"alias {function.alias} of {key}")
            for key, function in wanted.items()
        }
        return {key: alias for key, alias in found.items() if alias}

    def needs(self, environment: Environment) -> FunctionNeeds:
        """See `migration.ports.Aliases`."""
        return explained(partial(self._needs, roles_of(environment), networks_of(environment)))

    def _needs(self, roles: Sequence[str], networks: Sequence[Vpc]) -> FunctionNeeds:
        iam = self._access.client("iam") if roles else None
        return FunctionNeeds(
            dict(chain.from_iterable(_trust(iam, arn) for arn in roles)),
            _vpcs(self._access.client("ec2"), networks) if networks else None,
        )

    def point(self, environment: Environment, key: str, target: AliasTarget, revision: str) -> bool:
        """See `migration.ports.Aliases`."""
        function = environment.functions[key]
        shares = {target.beside[0]: target.beside[1].share} if target.beside else {}
        try:
            self._access.client("lambda").update_alias(
                FunctionName=function.name or key,
                Name=function.alias or "",
                FunctionVersion=target.version,
                RoutingConfig={"AdditionalVersionWeights": shares},
                Description=target.description or "",
                RevisionId=revision,
            )
        except ClientError as error:
            if error.response["Error"].get("Code") == "PreconditionFailedException":
                return False
            raise
        return True

    def invoke(self, function: str, event: Mapping[str, object], limit: timedelta) -> Invocation:
        call = self._patiently(partial(self._invoked, self._client(limit), function, json.dumps(event).encode()))
        return explained(call, function)

    def digest(self, function: str) -> str:
        """See `parity.ports.AskedFunctions`."""
        client = self._access.client("lambda")
        return explained(lambda: "+".join(_digests(client, function)), function)

    def code(self, function: str) -> FunctionCode:
        """See `parity.ports.AskedFunctions`."""
        client = self._access.client("lambda")
        told = explained(lambda: client.get_function_configuration(FunctionName=function), function)
        name = told["FunctionName"]
        found = explained(lambda: client.get_function_concurrency(FunctionName=name), name)
        reserved = found.get("ReservedConcurrentExecutions")
        return FunctionCode(
            self.digest(function),
            timedelta(seconds=told["Timeout"]),
            told["MemorySize"],
            self._unreserved if reserved is None else reserved,
        )

    @cached_property
    def _unreserved(self) -> int:
        """How many invocations at once the account's functions without reserved ones may have together.

        https://docs.aws.amazon.com/lambda/latest/api/API_GetAccountSettings.html
        """
        client = self._access.client("lambda")
        limit = explained(client.get_account_settings, "the account")["AccountLimit"]
        return int(limit["UnreservedConcurrentExecutions"])

    def _client(self, limit: timedelta) -> LambdaClient:
        with self._making:  # a session creates one client at a time
            if limit not in self._clients:
                self._clients[limit] = self._access.client("lambda", at_once=PARALLEL, retries=0, patience=limit)
            return self._clients[limit]

    @staticmethod
    def _invoked(client: LambdaClient, function: str, payload: bytes) -> Invocation:
        began = time.perf_counter()
        answer = client.invoke(FunctionName=function, Payload=payload, LogType="Tail")
        text = answer["Payload"].read()
        took = timedelta(seconds=time.perf_counter() - began)
        try:
            said = json_of(text) if text else None
        except Unexpected as error:
            return Invocation(None, f"its answer {error}", took)
        is_cold = bool(_STARTED.search(base64.b64decode(answer.get("LogResult", ""))))  # which nobody else sees
        return Invocation(said, _error(answer, said), took, is_cold)


def _digests(client: Any, function: str) -> Iterator[str]:
    """Of the code that its requests meet: of an alias, its version's and that of the one beside it."""
    yield client.get_function_configuration(FunctionName=function)["CodeSha256"]
    name, _, qualifier = function.partition(":function:")[2].partition(":")
    if qualifier and not qualifier.isdigit() and qualifier != "$LATEST":
        alias = client.get_alias(FunctionName=name, Name=qualifier)
        for version in sorted((alias.get("RoutingConfig") or {}).get("AdditionalVersionWeights") or {}):
            yield client.get_function_configuration(FunctionName=name, Qualifier=version)["CodeSha256"]


def _trust(client: Any, arn: str) -> Iterator[tuple[str, str | None]]:
    """A role's trust policy; None where there is no such role, and nothing where it can't be read."""
    try:
        role = client.get_role(RoleName=arn.rpartition("/")[2])["Role"]
        yield arn, json.dumps(role["AssumeRolePolicyDocument"])
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code == "NoSuchEntity":
            yield arn, None
        elif code != "AccessDenied":
            raise


def _vpcs(client: Any, networks: Sequence[Vpc]) -> dict[str, str] | None:
    """By filters, which unlike ids may name what isn't there."""
    subnets = sorted({each for network in networks for each in network.subnets})
    groups = sorted({each for network in networks for each in network.security_groups})
    try:
        found = {
            each["SubnetId"]: each["VpcId"]
            for page in client.get_paginator("describe_subnets").paginate(
                Filters=[{"Name": "subnet-id", "Values": subnets}]
            )
            for each in page["Subnets"]
        }
        return found | {
            each["GroupId"]: each["VpcId"]
            for page in client.get_paginator("describe_security_groups").paginate(
                Filters=[{"Name": "group-id", "Values": groups}]
            )
            for each in page["SecurityGroups"]
        }
    except ClientError as error:
        if error.response["Error"]["Code"] == "UnauthorizedOperation":
            return None
        raise


def _alias(client: Any, environment: Environment, name: str, function: Function) -> LiveAlias | None:
    try:
        alias = client.get_alias(FunctionName=name, Name=function.alias)
    except ClientError as error:
        if error.response["Error"]["Code"] == "ResourceNotFoundException":
            return None
        raise
    require_account(environment, alias["AliasArn"].split(":")[4])
    before, taken_back = kept(alias.get("Description", ""))
    pages = client.get_paginator("list_versions_by_function").paginate(FunctionName=name)
    published = (each["Version"] for page in pages for each in page["Versions"] if each["Version"] != "$LATEST")
    shares = alias.get("RoutingConfig", {}).get("AdditionalVersionWeights") or {}
    return LiveAlias(
        alias["FunctionVersion"],
        tuple(sorted(published, key=int)),
        beside(shares),
        before,
        _provisioned(client, name) if function.provisioned_concurrency else {},
        taken_back,
        alias["RevisionId"],
    )


def _provisioned(client: Any, name: str) -> dict[str, str]:
    pages = client.get_paginator("list_provisioned_concurrency_configs").paginate(FunctionName=name)
    return {
        each["FunctionArn"].rpartition(":")[2]: ": ".join(filter(None, (each["Status"], each.get("StatusReason"))))
        for page in pages
        for each in page["ProvisionedConcurrencyConfigs"]
    }


def _error(answer: Mapping[str, Any], said: object) -> str | None:
    kind: str | None = answer.get("FunctionError")  # only on a failure
    if kind is None:
        return None
    if not isinstance(said, dict):
        return kind
    parts = (said.get("errorType"), said.get("errorMessage"))
    return ": ".join(str(part) for part in parts if part) or kind
