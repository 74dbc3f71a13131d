"""What a function's bill goes by, from Lambda over botocore.

- https://docs.aws.amazon.com/lambda/latest/api/API_GetFunctionConfiguration.html
- https://docs.aws.amazon.com/lambda/latest/api/API_ListProvisionedConcurrencyConfigs.html
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from rollout.adapters.aws.session import Access, explained
from rollout.analysis.ports import FunctionSettings

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient

PARALLEL = 8


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
