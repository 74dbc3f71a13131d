"""A function's versions, aliases and provisioned concurrency, as AWS keeps them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.sandbox.tenant import Tenant, refused

ROUTING = {"AdditionalVersionWeights": {"2": 0.1}}


@pytest.fixture
def arn(tenant: Tenant) -> str:
    """A function with the versions 1 and 2."""
    made = tenant.function("scorer")
    publish(tenant, 1)
    publish(tenant, 2)
    return made


def publish(tenant: Tenant, timeout: int) -> str:
    tenant.functions.update_function_configuration(FunctionName="scorer", Timeout=timeout)
    return str(tenant.functions.publish_version(FunctionName="scorer")["Version"])


def alias(tenant: Tenant, version: str = "1", **more: Any) -> dict[str, Any]:
    return dict(tenant.functions.create_alias(FunctionName="scorer", Name="live", FunctionVersion=version, **more))


def test_a_version_is_published_once_and_its_number_never_used_again(tenant: Tenant, arn: str) -> None:
    again = tenant.functions.publish_version(FunctionName="scorer", Description="more")
    assert (again["Version"], again["FunctionArn"]) == ("2", f"{arn}:2")
    tenant.functions.delete_function(FunctionName="scorer", Qualifier="2")
    assert publish(tenant, 3) == "3"
    assert tenant.functions.get_function_configuration(FunctionName="scorer", Qualifier="1")["Timeout"] == 1


def test_a_version_that_an_alias_names_stays(tenant: Tenant, arn: str) -> None:
    alias(tenant, RoutingConfig=ROUTING)
    for version in "1", "2":
        with refused("ResourceConflictException", "[live]"):
            tenant.functions.delete_function(FunctionName="scorer", Qualifier=version)
    tenant.functions.update_alias(FunctionName="scorer", Name="live", RoutingConfig={})
    tenant.functions.delete_function(FunctionName="scorer", Qualifier="2")
    with refused("InvalidParameterValueException", "without deleting the function"):
        tenant.functions.delete_function(FunctionName="scorer", Qualifier="$LATEST")


def test_what_is_reserved_for_a_function_is_left_for_no_other(tenant: Tenant, arn: str) -> None:
    def left() -> int:
        return int(tenant.functions.get_account_settings()["AccountLimit"]["UnreservedConcurrentExecutions"])

    assert left() == 1000
    tenant.functions.put_function_concurrency(FunctionName=arn, ReservedConcurrentExecutions=40)
    assert left() == 960


def test_an_alias_keeps_what_a_change_does_not_name(tenant: Tenant, arn: str) -> None:
    made = alias(tenant, RoutingConfig=ROUTING)
    tenant.functions.update_alias(FunctionName="scorer", Name="live", Description="now", RevisionId=made["RevisionId"])
    found = tenant.functions.get_alias(FunctionName="scorer", Name="live")
    assert (found["FunctionVersion"], found["RoutingConfig"], found["Description"]) == ("1", ROUTING, "now")
    with refused("PreconditionFailedException", "Revision Id"):
        tenant.functions.update_alias(FunctionName="scorer", Name="live", RevisionId=made["RevisionId"])


@pytest.mark.parametrize(
    ("version", "weights", "code"),
    [
        ("1", {"2": 1.1}, "ValidationException"),
        ("1", {"1": 0.5}, "InvalidParameterValueException"),
        ("1", {"$LATEST": 0.5}, "ValidationException"),
        ("$LATEST", {"2": 0.5}, "InvalidParameterValueException"),
        ("1", {"2": 0.1, "3": 0.1}, "InvalidParameterValueException"),
        ("1", {"9": 0.5}, "ResourceNotFoundException"),
        ("9", {}, "ResourceNotFoundException"),
    ],
    ids=str,
)
def test_an_alias_that_aws_would_not_take_is_refused(
    tenant: Tenant, arn: str, version: str, weights: dict[str, float], code: str
) -> None:
    with refused(code, ""):
        alias(tenant, version, RoutingConfig={"AdditionalVersionWeights": weights})
    with refused("ValidationException", "'name'"):
        tenant.functions.create_alias(FunctionName="scorer", Name="1", FunctionVersion="1")


def provision(tenant: Tenant, at: str, count: int = 5) -> dict[str, Any]:
    return dict(
        tenant.functions.put_provisioned_concurrency_config(
            FunctionName="scorer", Qualifier=at, ProvisionedConcurrentExecutions=count
        )
    )


def test_provisioned_concurrency_is_kept_until_it_is_deleted(tenant: Tenant, arn: str) -> None:
    alias(tenant)
    asked, at = provision(tenant, "live"), {"FunctionName": "scorer", "Qualifier": "live"}
    assert (asked["Status"], asked["AllocatedProvisionedConcurrentExecutions"]) == ("IN_PROGRESS", 0)
    found = tenant.functions.get_provisioned_concurrency_config(**at)
    assert (found["Status"], found["AllocatedProvisionedConcurrentExecutions"]) == ("READY", 5)
    listed = tenant.functions.list_provisioned_concurrency_configs(FunctionName="scorer")
    (only,) = listed["ProvisionedConcurrencyConfigs"]
    assert (only["FunctionArn"], only["Status"]) == (f"{arn}:live", "READY")
    tenant.functions.delete_provisioned_concurrency_config(**at)
    with refused("ProvisionedConcurrencyConfigNotFoundException", "No Provisioned"):
        tenant.functions.get_provisioned_concurrency_config(**at)


def test_provisioned_concurrency_that_aws_would_not_take_is_refused(tenant: Tenant, arn: str) -> None:
    alias(tenant)
    tenant.functions.put_function_concurrency(FunctionName="scorer", ReservedConcurrentExecutions=4)
    for at, count, code in (
        ("$LATEST", 1, "InvalidParameterValueException"),
        ("live", 5, "InvalidParameterValueException"),
        ("9", 1, "ResourceNotFoundException"),
    ):
        with refused(code, ""):
            provision(tenant, at, count)
    tenant.functions.delete_function_concurrency(FunctionName="scorer")
    with refused("InvalidParameterValueException", "UnreservedConcurrentExecution"):
        provision(tenant, "live", 901)
    provision(tenant, "1")
    with refused("ResourceConflictException", "already Provisioned version"):
        provision(tenant, "live")


def test_provisioned_concurrency_may_take_its_time(tenant: Tenant, arn: str) -> None:
    at = {"FunctionName": "scorer", "Qualifier": "1"}
    tenant.sandbox.provisioning(timedelta(hours=1))
    try:
        provision(tenant, "1")
        found = tenant.functions.get_provisioned_concurrency_config(**at)
        assert (found["Status"], found["AvailableProvisionedConcurrentExecutions"]) == ("IN_PROGRESS", 0)
    finally:
        tenant.sandbox.provisioning(timedelta(0))
    provision(tenant, "1")
    assert tenant.functions.get_provisioned_concurrency_config(**at)["Status"] == "READY"
