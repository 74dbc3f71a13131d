"""Tests of an inventory in the sandbox, as a team would keep them beside its stacks.toml."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from rollout import Percent
from rollout.errors import AwsError, PreflightFailed
from rollout_sandbox import Fault

if TYPE_CHECKING:
    from rollout_sandbox.testing import SandboxedEnvironment

    Prepare = Callable[[str], SandboxedEnvironment]

pytest_plugins = ["rollout_sandbox.testing"]  # or once for all tests, in conftest.py


def test_no_request_is_lost_on_the_way(rollout_sandbox: Prepare) -> None:
    production = rollout_sandbox("production")
    with production.load(rate=10) as load:
        production.open().phase1(approve=True)
        production.open().phase2(approve=True)
        load.wait(20)
        moved = {answer.by for answer in load.answers} & {"rust-scorer"}
        production.open().set_weight(50, approve=True)
        load.wait(50)
    assert not moved, "phases 1 and 2 move nobody"
    assert "rust-scorer" in {answer.by for answer in load.answers}
    assert {answer.verdict for answer in load.answers} == {"fine"}
    assert production.open().inventory.weight == Percent.of(50)  # in the copy; stacks.toml stays as it is


def test_a_weight_needs_the_earlier_phases(rollout_sandbox: Prepare) -> None:
    with pytest.raises(PreflightFailed, match="phase1"):
        rollout_sandbox("production").open().set_weight(10, approve=True)


def test_what_aws_refuses_is_told(rollout_sandbox: Prepare) -> None:
    production = rollout_sandbox("production")
    production.aws.faults.add(
        Fault("elasticloadbalancing:DescribeRules", code="AccessDenied", message="not yours", status=403)
    )
    with pytest.raises(AwsError, match="not yours"):
        production.open().traffic.alb_state()
