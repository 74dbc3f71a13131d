"""State machines as pulumi-aws makes them: another definition in place, and none that Step Functions wouldn't take."""

from __future__ import annotations

import json

import pytest

from tests.sandbox.provider.engine import STATE_MACHINE, Engine, failing
from tests.sandbox.provider.samples import SAMPLES
from tests.sandbox.tenant import Tenant


def test_another_definition_is_an_update_and_another_name_is_another_machine(engine: Engine, tenant: Tenant) -> None:
    inputs = SAMPLES[STATE_MACHINE](tenant)
    one = engine.make(STATE_MACHINE, inputs)
    assert (one.outputs["type"], one.outputs["status"]) == ("STANDARD", "ACTIVE")
    other = json.dumps({"StartAt": "No", "States": {"No": {"Type": "Fail"}}})
    found = one.diff({**inputs, "definition": other})
    assert (found.names, found.replaces) == (["definition"], [])
    changed = one.update({**inputs, "definition": other}).refresh()
    assert changed is not None
    assert changed.outputs["definition"] == other
    assert one.diff({**inputs, "definition": other, "name": "others"}).replaces == ["name"]


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"definition": "{"}, "invalid Step Functions State Machine definition: ERROR (INVALID_JSON_DESCRIPTION)"),
        ({"definition": "{}"}, "invalid Step Functions State Machine definition: ERROR (SCHEMA_VALIDATION_FAILED)"),
        ({"roleArn": "arn:aws:iam::123456789012:role/none"}, "AccessDeniedException"),
    ],
)
def test_what_aws_would_refuse_is_refused(engine: Engine, tenant: Tenant, change: dict[str, str], text: str) -> None:
    with failing(text):
        engine.make(STATE_MACHINE, {**SAMPLES[STATE_MACHINE](tenant), **change})
