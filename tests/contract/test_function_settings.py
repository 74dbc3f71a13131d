"""What a bill and concurrency go by, of a function in memory and on the sandbox."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count

import pytest

from rollout.adapters.aws.function_settings import LambdaSettings
from rollout.adapters.aws.session import Access
from rollout.analysis.ports import ConcurrencyLimits, DescribedFunctions, FunctionSettings
from rollout.errors import AwsError
from rollout.fakes.aws import InMemoryAws
from rollout.fakes.services import InMemoryFunctions
from rollout_sandbox import Sandbox
from tests.sandbox.tenant import REGION, Tenant

Site = tuple[DescribedFunctions, str]
"""The port, and the ARN of a function of 512 MB on arm64 that logs elsewhere, and keeps three environments ready."""
ACCOUNTS = (f"{number:012}" for number in count(710_000_000_000))
SETTINGS = FunctionSettings(512, "arm64", "/shop/all", 3)


def in_memory(_sandbox: Sandbox) -> Site:
    aws = InMemoryAws()
    return InMemoryFunctions(aws, described={"score": SETTINGS}), aws.create_function("score")


def on_the_sandbox(sandbox: Sandbox) -> Site:
    tenant = Tenant(sandbox, next(ACCOUNTS))
    client = tenant.client("lambda")
    role = tenant.client("iam").create_role(RoleName="score", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
    made = client.create_function(
        FunctionName="score",
        Role=role,
        Runtime="provided.al2023",
        Handler="bootstrap",
        Code={"ZipFile": b"code"},
        MemorySize=512,
        Architectures=["arm64"],
        LoggingConfig={"LogGroup": "/shop/all"},
        Publish=True,
    )
    client.put_provisioned_concurrency_config(
        FunctionName="score", Qualifier="1", ProvisionedConcurrentExecutions=SETTINGS.provisioned
    )
    access = Access(REGION, sandbox.endpoint, tenant.account, "any")
    return LambdaSettings(access), made["FunctionArn"].removesuffix(":1")


@pytest.mark.parametrize("make", [in_memory, on_the_sandbox])
def test_a_function_is_described_by_its_arn(make: Callable[[Sandbox], Site], sandbox: Sandbox) -> None:
    port, arn = make(sandbox)
    assert port.settings([arn]) == {arn: SETTINGS}
    assert port.settings([]) == {}


@pytest.mark.parametrize("make", [in_memory, on_the_sandbox])
def test_a_missing_function_is_said(make: Callable[[Sandbox], Site], sandbox: Sandbox) -> None:
    port, arn = make(sandbox)
    with pytest.raises(AwsError, match="ResourceNotFoundException") as caught:
        port.settings([f"{arn}-gone"])
    assert caught.value.where == f"{arn}-gone"


@pytest.mark.parametrize("make", [in_memory, on_the_sandbox])
def test_what_is_reserved_for_a_function_is_none_of_the_others(
    make: Callable[[Sandbox], Site], sandbox: Sandbox
) -> None:
    port, _ = make(sandbox)
    before = port.limits(["score"])
    assert before == ConcurrencyLimits(1000, {})
    reserve(port, 100)
    assert port.limits(["score"]) == ConcurrencyLimits(900, {"score": 100})
    with pytest.raises(AwsError, match="ResourceNotFoundException"):
        port.limits(["gone"])


def reserve(port: DescribedFunctions, number: int) -> None:
    """Reserve concurrency for the function."""
    if isinstance(port, InMemoryFunctions):
        port.reserved["score"] = number
    else:
        client = port._access.client("lambda")  # type: ignore[attr-defined]
        client.put_function_concurrency(FunctionName="score", ReservedConcurrentExecutions=number)
