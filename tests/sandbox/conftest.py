"""One sandbox a module, and an account of its own for each test, so that no test sees another's rules."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import pytest

from rollout_sandbox import Sandbox
from tests.sandbox.tenant import Tenant

_accounts = itertools.count(200_000_000_000)


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox.start() as running:
        yield running


@pytest.fixture
def tenant(sandbox: Sandbox) -> Tenant:
    return Tenant(sandbox, str(next(_accounts)))
