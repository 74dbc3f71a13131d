"""A site for each test, on the module's sandbox."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from rollout.quantities import Percent
from tests.sandbox.data_plane.site import Site
from tests.sandbox.tenant import Tenant


@pytest.fixture
def site(tenant: Tenant) -> Iterator[Site]:
    yield Site(tenant)
    tenant.sandbox.forget_profiles()
    tenant.sandbox.propagation(timedelta(0), Percent(0))
