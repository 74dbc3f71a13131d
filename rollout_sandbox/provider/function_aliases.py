"""aws:lambda/alias:Alias and aws:lambda/provisionedConcurrencyConfig:ProvisionedConcurrencyConfig.

https://www.pulumi.com/registry/packages/aws/api-docs/lambda/alias/
https://www.pulumi.com/registry/packages/aws/api-docs/lambda/provisionedconcurrencyconfig/
"""

from __future__ import annotations

import time
from typing import Any

from rollout_sandbox.provider.aws import Aws, AwsFailure, code_of, doing, once_made
from rollout_sandbox.provider.functions import GONE, SERVICE
from rollout_sandbox.provider.patience import Ignoring, trying
from rollout_sandbox.provider.schema import (
    Kind,
    Property,
    Props,
    ResourceType,
    block,
    boolean,
    integer,
    mapping,
    string,
)

NOT_PROVISIONED = "ProvisionedConcurrencyConfigNotFound"
LOOKS, PAUSE = 20, 0.5
"""How often and in which seconds a sandbox is looked at; the real provider waits for 15 minutes."""


def _function(name: str) -> str:
    return name.rpartition(":function:")[2].partition(":")[0]


def _same_function(old: Any, new: Any) -> bool:
    return _function(old) == _function(new)


class _Alias:
    def create(self, aws: Aws, new: Props) -> str:
        with doing(f"creating Lambda Alias ({new['name']})", SERVICE):
            made = trying(
                lambda: aws.client(SERVICE).create_alias(**_named(new), **_pointed(new)),
                again=lambda error: code_of(error) == GONE,
            )
        return str(made["AliasArn"])

    def read(self, aws: Aws, id_: str, known: Props | None) -> Props | None:
        known = known or {}
        with doing(f"reading Lambda Alias ({id_})", SERVICE), Ignoring(GONE):
            found = aws.client(SERVICE).get_alias(**_named(known))
            arn, routing = found["AliasArn"], found.get("RoutingConfig", {}).get("AdditionalVersionWeights")
            gateway = f"{arn.partition(':lambda:')[0]}:apigateway:{aws.region}:lambda:path"
            return {
                "arn": arn,
                "description": found.get("Description", ""),
                "functionName": known["functionName"],
                "functionVersion": found["FunctionVersion"],
                "invokeArn": f"{gateway}/2015-03-31/functions/{arn}/invocations",
                "name": found["Name"],
                "routingConfig": {"additionalVersionWeights": routing} if routing else None,
            }
        return None

    def update(self, aws: Aws, id_: str, old: Props, new: Props, changed: frozenset[str]) -> None:
        with doing(f"updating Lambda Alias ({id_})", SERVICE):
            aws.client(SERVICE).update_alias(**_named(old), **_pointed(new))

    def delete(self, aws: Aws, id_: str, old: Props) -> None:
        with doing(f"deleting Lambda Alias ({id_})", SERVICE), Ignoring(GONE):
            aws.client(SERVICE).delete_alias(**_named(old))


def _named(props: Props) -> Props:
    return {"FunctionName": props["functionName"], "Name": props["name"]}


def _pointed(props: Props) -> Props:
    weights = (props.get("routingConfig") or {}).get("additionalVersionWeights") or {}
    return {
        "FunctionVersion": props["functionVersion"],
        "Description": props.get("description") or "",
        "RoutingConfig": {"AdditionalVersionWeights": weights},
    }


def _alias_imported(id_: str) -> tuple[str, Props | None]:
    """`FUNCTION/ALIAS`."""
    function, _, name = id_.rpartition("/")
    if not function:
        raise AwsFailure(f'Unexpected format of ID ("{id_}"), expected FUNCTION_NAME/ALIAS')
    return id_, {"functionName": function, "name": name}


ALIAS = ResourceType(
    "aws:lambda/alias:Alias",
    {
        "arn": string(output=True),
        "invokeArn": string(output=True),
        "name": string(computed=True, force_new=True, auto_name=255),
        "functionName": string(required=True, force_new=True, same=_same_function),
        "functionVersion": string(required=True),
        "description": string(),
        "routingConfig": block({"additionalVersionWeights": mapping(item=Property(Kind.FLOAT))}),
    },
    _Alias(),
    imported=_alias_imported,
)


class _Provisioned:
    def create(self, aws: Aws, new: Props) -> str:
        id_ = f"{new['functionName']},{new['qualifier']}"
        with doing(f"creating Lambda Provisioned Concurrency Config ({id_})", SERVICE):
            aws.client(SERVICE).put_provisioned_concurrency_config(**_qualified(id_), **_wanted(new))
        with once_made(id_):
            self._wait(aws, id_, "create")
        return id_

    def read(self, aws: Aws, id_: str, known: Props | None) -> Props | None:
        function, _, qualifier = id_.rpartition(",")
        with doing(f"reading Lambda Provisioned Concurrency Config ({id_})", SERVICE), Ignoring(GONE, NOT_PROVISIONED):
            found = aws.client(SERVICE).get_provisioned_concurrency_config(**_qualified(id_))
            count = found["RequestedProvisionedConcurrentExecutions"]
            return {"functionName": function, "qualifier": qualifier, "provisionedConcurrentExecutions": count}
        return None

    def update(self, aws: Aws, id_: str, old: Props, new: Props, changed: frozenset[str]) -> None:
        if "provisionedConcurrentExecutions" in changed:
            with doing(f"updating Lambda Provisioned Concurrency Config ({id_})", SERVICE):
                aws.client(SERVICE).put_provisioned_concurrency_config(**_qualified(id_), **_wanted(new))
            self._wait(aws, id_, "update")

    def delete(self, aws: Aws, id_: str, old: Props) -> None:
        if not old.get("skipDestroy"):
            what = f"deleting Lambda Provisioned Concurrency Config ({id_})"
            with doing(what, SERVICE), Ignoring(GONE, NOT_PROVISIONED):
                aws.client(SERVICE).delete_provisioned_concurrency_config(**_qualified(id_))

    @staticmethod
    def _wait(aws: Aws, id_: str, act: str) -> None:
        what = f"waiting for Lambda Provisioned Concurrency Config ({id_}) {act}"
        for _ in range(LOOKS):
            with doing(what, SERVICE):
                found = aws.client(SERVICE).get_provisioned_concurrency_config(**_qualified(id_))
            if found["Status"] == "READY":
                return
            if found["Status"] == "FAILED":
                raise AwsFailure(
                    f"{what}: unexpected state 'FAILED', wanted target 'READY'. last error: {found['StatusReason']}"
                )
            time.sleep(PAUSE)
        raise AwsFailure(f"{what}: timeout while waiting for state to become 'READY' (last state: 'IN_PROGRESS')")


def _qualified(id_: str) -> Props:
    function, _, qualifier = id_.rpartition(",")
    return {"FunctionName": function, "Qualifier": qualifier}


def _wanted(new: Props) -> Props:
    return {"ProvisionedConcurrentExecutions": new["provisionedConcurrentExecutions"]}


PROVISIONED = ResourceType(
    "aws:lambda/provisionedConcurrencyConfig:ProvisionedConcurrencyConfig",
    {
        "functionName": string(required=True, force_new=True),
        "qualifier": string(required=True, force_new=True),
        "provisionedConcurrentExecutions": integer(1, 2**31 - 1, required=True),
        "skipDestroy": boolean(),
    },
    _Provisioned(),
)
