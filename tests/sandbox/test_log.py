"""Each call of AWS is a line of the log, without what was sent."""

from __future__ import annotations

import logging

import pytest

from rollout.adapters.aws.session import Access
from rollout.adapters.aws.sts import caller
from rollout.base.log import flush
from rollout.errors import AwsError
from rollout_sandbox import Fault
from tests.sandbox.tenant import Tenant


def test_a_call_is_logged_with_its_outcome(tenant: Tenant, caplog: pytest.LogCaptureFixture) -> None:
    access = Access("us-west-2", tenant.sandbox.endpoint, tenant.account, "a-secret-key-of-a-test")
    with caplog.at_level(logging.INFO, "rollout"):
        caller(access)
        tenant.sandbox.faults.add(Fault("sts:*", code="AccessDenied", message="no", status=403))
        with pytest.raises(AwsError):
            caller(access)
        assert flush()
    said = [record.getMessage() for record in caplog.records if record.name == "rollout.aws"]
    assert [line.rpartition(" in ")[0] for line in said] == ["sts:GetCallerIdentity 200", "sts:GetCallerIdentity 403"]
    assert "a-secret" not in caplog.text
