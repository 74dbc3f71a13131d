"""Access to AWS, or to a sandbox instead."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from rollout.api.ports import AccountDiscovery, Sandbox

if TYPE_CHECKING:
    from rollout.adapters.aws.session import Access

NOBODY = "123456789012"
"""The sandbox's default account."""


def sandbox_account(otherwise: str) -> str:
    """The sandbox's account: the access key, if it is an account number."""
    key = os.environ.get("AWS_ACCESS_KEY_ID", "")
    return key if key.isdigit() and len(key) == len(otherwise) else otherwise


def access(region: str, sandbox: Sandbox | None, account: str) -> Access:
    """Access to AWS, or to the sandbox as an account."""
    from rollout.adapters.aws.session import Access  # noqa: PLC0415 - boto3 takes a while to import

    return Access(region) if sandbox is None else Access(region, sandbox.endpoint, account, "sandbox", sandbox.token)


def account(region: str, sandbox: Sandbox | None, number: str | None) -> AccountDiscovery:
    """An account's load balancers in a region, before there is an inventory.

    Args:
        region: Where to look.
        sandbox: Where to work instead of AWS.
        number: The account in the sandbox, twelve digits; its default account if None.
    """
    from rollout.adapters.aws.discovery import Elbv2Account  # noqa: PLC0415 - as above

    return Elbv2Account(access(region, sandbox, sandbox_account(number or NOBODY)))


def homes(file: Path, sandbox: Sandbox | None) -> tuple[Path, ...]:
    """Where the last good inventories of a file are kept."""
    from rollout.migration.rollback import last_good  # noqa: PLC0415 - most commands have no need of it

    if sandbox is None:
        return last_good.homes(file)
    return last_good.homes(file, sandbox.folder) if sandbox.folder else ()
