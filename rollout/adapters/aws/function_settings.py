"""What a function's bill and its concurrency go by, from Lambda over botocore.

- https://docs.aws.amazon.com/lambda/latest/api/API_GetFunctionConfiguration.html
- https://docs.aws.amazon.com/lambda/latest/api/API_ListProvisionedConcurrencyConfigs.html
- https://docs.aws.amazon.com/lambda/latest/api/API_GetAccountSettings.html
- https://docs.aws.amazon.com/lambda/latest/api/API_GetFunctionConcurrency.html
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from rollout.adapters.aws.session import Access, explained
from rollout.analysis.ports import ConcurrencyLimits, FunctionSettings

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient

PARALLEL = 8
_RETRIES = 2  # a gate waits for it


class LambdaSettings:
    """The `DescribedFunctions` port over botocore."""

    def __init__(self, access: Access) -> None:
        self._access = access

    def settings(self, functions: Sequence[str]) -> Mapping[str, FunctionSettings]:
        """See `analysis.ports.DescribedFunctions`."""
        client: LambdaClient = self._access.client("lambda", at_once=PARALLEL)
        with ThreadPoolExecutor(PARALLEL, thread_name_prefix="settings") as pool:
            asked = {
                each: pool.submit(explained, lambda each=each: _settings(client, each), each) for each in functions
            }
            return {each: found.result() for each, found in asked.items()}

    def limits(self, functions: Sequence[str]) -> ConcurrencyLimits:
        """See `analysis.ports.DescribedFunctions`."""
        client: LambdaClient = self._access.client("lambda", at_once=PARALLEL, retries=_RETRIES)
        with ThreadPoolExecutor(PARALLEL, thread_name_prefix="limits") as pool:
            account = pool.submit(explained, client.get_account_settings)
            asked = {
                each: pool.submit(explained, lambda each=each: client.get_function_concurrency(FunctionName=each), each)
                for each in functions
            }
            found = {each: told.result().get("ReservedConcurrentExecutions") for each, told in asked.items()}
            unreserved = account.result()["AccountLimit"]["UnreservedConcurrentExecutions"]
        return ConcurrencyLimits(unreserved, {each: limit for each, limit in found.items() if limit is not None})


def _settings(client: LambdaClient, function: str) -> FunctionSettings:
    told = client.get_function_configuration(FunctionName=function)
    name = told["FunctionName"]
    pages = client.get_paginator("list_provisioned_concurrency_configs").paginate(FunctionName=name)
    return FunctionSettings(
        told["MemorySize"],
        "arm64" if "arm64" in told.get("Architectures", ()) else "x86_64",
        told.get("LoggingConfig", {}).get("LogGroup") or f"/aws/lambda/{name}",
        sum(
            each.get("AllocatedProvisionedConcurrentExecutions", 0)
            for page in pages
            for each in page["ProvisionedConcurrencyConfigs"]
        ),
    )
