"""Resource types that nothing makes are as the package pulumi_aws has them, in the state alone; and made-up names."""

from __future__ import annotations

import json
from typing import Any

import pytest

from rollout_sandbox.provider.kept import kept
from rollout_sandbox.provider.schema import Kind
from tests.sandbox.provider.engine import ALIAS, GROUP, ROLE, RULE, Engine
from tests.sandbox.provider.samples import SAMPLES
from tests.sandbox.tenant import Tenant

POLICY = "aws:iam/policy:Policy"
EVENTS = "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig"
REQUIRED: dict[str, dict[str, Any]] = {
    GROUP: {"targetType": "lambda"},
    ROLE: {"assumeRolePolicy": "{}"},
    POLICY: {"policy": "{}"},
    ALIAS: {"functionName": "scorer", "functionVersion": "1"},
}


def test_a_kept_type_is_as_the_package_has_it() -> None:
    policy, events = kept(POLICY), kept(EVENTS)
    assert policy is not None
    assert events is not None
    assert policy.tagged
    properties = policy.all_properties
    assert (properties["policy"].required, properties["arn"].output, properties["name"].computed) == (True, True, True)
    assert events.all_properties["destinationConfig"].fields["onFailure"].fields["destination"].required
    assert events.all_properties["maximumRetryAttempts"].kind is Kind.INT
    assert kept("aws:s3/bucket:Bucket") is kept("aws:lambda/nothing:Nothing") is None


def test_a_kept_type_lives_in_the_state(engine: Engine, tenant: Tenant) -> None:
    inputs = {"policy": json.dumps({"Version": "2012-10-17", "Statement": []}), "tags": {"team": "scores"}}
    one = engine.make(POLICY, inputs)
    assert one.outputs["arn"].startswith(f"arn:aws:iam::{tenant.account}:policy/")
    assert not one.diff(inputs).changes
    again = one.refresh()
    assert again is not None
    assert (again.inputs, again.outputs) == (one.inputs, one.outputs)
    change = {**inputs, "description": "more"}
    assert one.diff(change).names == ["description"]
    assert one.update(change).outputs["description"] == "more"
    one.delete()


def test_what_the_package_has_not_is_refused(engine: Engine) -> None:
    _, failures = engine.check(POLICY, {"policy": "{}", "rights": "all"})
    assert "unknown property 'rights'" in failures[0]


@pytest.mark.parametrize("type_", sorted(REQUIRED))
def test_a_made_up_name_is_the_same_for_the_same_seed(engine: Engine, type_: str) -> None:
    one, same, other = (engine.check(type_, REQUIRED[type_], randomSeed=seed)[0]["name"] for seed in (b"a", b"a", b"b"))
    assert one == same != other


def test_a_rules_stickiness_that_is_off_and_left_out_is_a_difference(engine: Engine, tenant: Tenant) -> None:
    inputs = SAMPLES[RULE](tenant)
    forward = inputs["actions"][0]["forward"]
    stickiness = {"enabled": False, "duration": 60}
    off = {**inputs, "actions": [{"type": "forward", "forward": {**forward, "stickiness": stickiness}}]}
    left_out = {**inputs, "actions": [{"type": "forward", "forward": {"targetGroups": forward["targetGroups"]}}]}
    assert engine.make(RULE, off).diff(left_out).names == ["actions"]
