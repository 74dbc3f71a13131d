"""A site for each test, on the module's sandbox."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from rollout.inventory.quantities import Percent
from rollout_sandbox import Sandbox
from tests.sandbox.data_plane.site import Site
from tests.sandbox.tenant import Tenant


@pytest.fixture(scope="module")
def shared(sandbox: Sandbox) -> Site:
    """One for tests that leave no rule behind: an account takes long to furnish."""
    return Site(Tenant(sandbox, "300000000000"))


@pytest.fixture
def site(tenant: Tenant) -> Iterator[Site]:
    yield Site(tenant)
    tenant.sandbox.forget_profiles()
    tenant.sandbox.propagation(timedelta(0), Percent(0))
