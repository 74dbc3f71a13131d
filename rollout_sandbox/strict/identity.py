"""IAM with those of AWS's managed policies that functions' roles attach.

moto has all of them, or none, in each account: 1,400 documents that would fill the memory of a sandbox with many
accounts.
"""

from __future__ import annotations

import json
from functools import cache
from types import ModuleType
from typing import Any

from moto.iam import urls
from moto.iam.aws_managed_policies import aws_managed_policies_data
from moto.iam.models import AWSManagedPolicy, IAMBackend, ManagedPolicy


@cache
def _of_lambda() -> dict[str, Any]:
    return {name: data for name, data in json.loads(aws_managed_policies_data).items() if "Lambda" in name}


class LambdaIdentity(IAMBackend):
    """An account's IAM."""

    @property
    def _url_module(self) -> ModuleType:
        return urls

    def _init_aws_policies(self) -> list[ManagedPolicy]:
        return [
            AWSManagedPolicy.from_data(name, self.account_id, self.region_name, data)
            for name, data in _of_lambda().items()
        ]
