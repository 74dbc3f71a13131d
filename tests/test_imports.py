"""What a command's start may not import: each of these takes longer than the command's own work."""

from __future__ import annotations

import subprocess
import sys

import pytest

SLOW = {"boto3", "grpc", "moto", "numpy", "opentelemetry", "pulumi", "pulumi_aws", "tenacity", "tomlkit"}


@pytest.mark.parametrize(
    ("module", "also"),
    [
        ("rollout.cli", {"botocore", "pydantic", "rich"}),
        ("rollout.api.rollout", {"botocore", "rich", "rollout.migration.events.ramp", "rollout.migration.gates"}),
        ("rollout.api.controller_reading", {"rollout.migration.runner", "rollout.programs", "rollout.ramp.controlled"}),
        ("rollout.api.parity_check", {"rollout.parity", "rollout.state.ramp_journal"}),
        ("rollout.migration.checks.status", {"rollout.guard.state", "rollout.parity", "rollout.state.ramp_journal"}),
        ("rollout.migration.rollback.rollback", {"botocore", "rich", "rollout.migration.policy", "rollout.ramp"}),
        ("rollout.adapters.aws.alb", {"botocore.session", "rich", "rollout.adapters.aws.iam"}),
        ("rollout_sandbox.daemon", {"botocore", "rich", "rollout_sandbox.server"}),
        ("rollout.adapters.pulumi.states", {"botocore", "filelock", "rich"}),
        ("rollout.cli.screens.status", {"botocore"}),
        ("rollout.cli.screens.events", {"botocore"}),
    ],
)
def test_a_start_imports_nothing_slow(module: str, also: set[str]) -> None:
    code = "import importlib, sys; importlib.import_module(sys.argv[1]); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code, module], capture_output=True, text=True, check=True)
    assert (SLOW | also) & set(done.stdout.split()) == set()


def test_what_few_files_have_is_built_at_its_first_value() -> None:
    code = """if True:
        from pydantic import TypeAdapter
        from rollout.inventory import fields, match
        found = [each for room in (fields, match) for each in vars(room).values() if isinstance(each, TypeAdapter)]
        print({each.pydantic_complete for each in found})
    """
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "{False}"
