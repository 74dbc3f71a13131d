"""The stand-in provider of an account of its own for each test, over its real protocol."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import pytest

from rollout_sandbox.daemon import SandboxInfo
from tests.sandbox.provider.engine import Engine
from tests.sandbox.tenant import REGION, Tenant

_accounts = itertools.count(300_000_000_000)


@pytest.fixture
def tenant(aws: SandboxInfo) -> Tenant:
    return Tenant(aws, str(next(_accounts)))


@pytest.fixture
def engine(aws: SandboxInfo, tenant: Tenant) -> Iterator[Engine]:
    asking = Engine(aws.provider_port(tenant.account, REGION))
    yield asking
    asking.close()
