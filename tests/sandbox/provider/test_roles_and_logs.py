"""Roles, their policies and log groups: JSON compared by meaning, upserts, taken names, and what replaces."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.sandbox.provider.engine import LOGS, POLICY, POLICY_ATTACHMENT, ROLE, Engine, failing, without
from tests.sandbox.provider.samples import LOGGING, MANAGED, SAMPLES, TRUST
from tests.sandbox.tenant import Tenant

READ_ONLY = "arn:aws:iam::aws:policy/ReadOnlyAccess"


@pytest.mark.parametrize(("type_", "key", "said"), [(ROLE, "assumeRolePolicy", TRUST), (POLICY, "policy", LOGGING)])
def test_policies_are_compared_by_their_meaning(
    engine: Engine, tenant: Tenant, type_: str, key: str, said: dict[str, Any]
) -> None:
    inputs = SAMPLES[type_](tenant)
    one = engine.make(type_, inputs)
    turned = {name: said[name] for name in reversed(said)}
    assert not one.diff({**inputs, key: json.dumps(turned, indent=3)}).changes
    other = {**inputs, key: json.dumps({**said, "Statement": [{**said["Statement"][0], "Sid": "Named"}]})}
    found = one.diff(other)
    assert (found.names, found.replaces) == ([key], [])
    again = one.update(other)
    assert json.loads(again.outputs[key])["Statement"][0]["Sid"] == "Named"
    assert not again.diff(other).changes


@pytest.mark.parametrize(
    ("type_", "change"),
    [
        (ROLE, {"name": "other"}),
        (ROLE, {"path": "/other/"}),
        (POLICY, {"name": "other"}),
        (POLICY, {"role": "other"}),
        (POLICY_ATTACHMENT, {"role": "other"}),
        (POLICY_ATTACHMENT, {"policyArn": READ_ONLY}),
        (LOGS, {"name": "other"}),
        (LOGS, {"logGroupClass": "INFREQUENT_ACCESS"}),
    ],
)
def test_what_replaces_a_named_one_deletes_it_first(
    engine: Engine, tenant: Tenant, type_: str, change: dict[str, str]
) -> None:
    inputs = SAMPLES[type_](tenant)
    found = engine.make(type_, inputs).diff({**inputs, **change})
    assert (found.replaces, found.delete_first) == (list(change), True)
    assert list(found.paths.values()) == ["UPDATE_REPLACE"]


@pytest.mark.parametrize(
    ("type_", "inputs", "change"),
    [
        (ROLE, {"assumeRolePolicy": json.dumps(TRUST)}, {"path": "/other/"}),
        (LOGS, {}, {"logGroupClass": "INFREQUENT_ACCESS"}),
    ],
)
def test_what_replaces_one_with_a_made_up_name_creates_first(
    engine: Engine, type_: str, inputs: dict[str, Any], change: dict[str, str]
) -> None:
    found = engine.make(type_, inputs).diff({**inputs, **change})
    assert (found.replaces, found.delete_first) == (list(change), False)


@pytest.mark.parametrize(
    ("type_", "text", "reason"),
    [
        (
            ROLE,
            "creating IAM Role (runner): operation error IAM: CreateRole, https response error StatusCode: 409",
            "EntityAlreadyExists: Role with name runner already exists",
        ),
        (
            LOGS,
            "creating CloudWatch Logs Log Group (/aws/lambda/scorer): operation error CloudWatch Logs: CreateLogGroup",
            "ResourceAlreadyExistsException: The specified log group already exists",
        ),
    ],
)
def test_a_taken_name_is_told_as_the_provider_does(
    engine: Engine, tenant: Tenant, type_: str, text: str, reason: str
) -> None:
    inputs = SAMPLES[type_](tenant)
    engine.make(type_, inputs)
    with failing(text, reason):
        engine.make(type_, inputs)


def test_a_roles_policy_is_put_whether_it_was_there_or_not(engine: Engine, tenant: Tenant) -> None:
    inputs = SAMPLES[POLICY](tenant)
    one = engine.make(POLICY, inputs)
    again = engine.make(POLICY, {**inputs, "policy": json.dumps({**LOGGING, "Id": "again"})})
    assert (one.id, again.id) == ("runner:logging", "runner:logging")
    found = one.refresh()
    assert found is not None
    assert json.loads(found.outputs["policy"])["Id"] == "again"
    assert found.diff(inputs).names == ["policy"]


def test_a_role_changes_in_place_and_back(engine: Engine, tenant: Tenant) -> None:
    inputs = SAMPLES[ROLE](tenant)
    one = engine.make(ROLE, inputs)
    assert (one.id, one.outputs["path"], one.outputs["maxSessionDuration"]) == ("runner", "/", 3600)
    change = {**inputs, "description": "runs", "maxSessionDuration": 7200}
    assert one.diff(change).names == ["description", "maxSessionDuration"]
    again = one.update(change)
    assert not again.diff(change).changes
    back = again.update(inputs)
    assert (back.outputs["maxSessionDuration"], back.outputs["description"]) == (3600, "")


def test_an_attachments_id_begins_with_its_role_and_imports_by_both(engine: Engine, tenant: Tenant) -> None:
    one = engine.make(POLICY_ATTACHMENT, SAMPLES[POLICY_ATTACHMENT](tenant))
    assert one.id.startswith("runner-")
    assert set(one.id.removeprefix("runner-")) <= set("0123456789abcdef")  # a time, and a counter in hexadecimal
    found = engine.import_(POLICY_ATTACHMENT, f"runner/{MANAGED}")
    assert found is not None
    assert found.id == f"runner-{MANAGED}"
    with failing(f'unexpected format of ID ("{one.id}"), expected <role-name>/<policy_arn>'):
        engine.import_(POLICY_ATTACHMENT, one.id)


def test_an_attachment_to_no_role_is_told(engine: Engine) -> None:
    with failing(
        f"attaching IAM Policy ({MANAGED}) to IAM Role (none): operation error IAM: AttachRolePolicy", "NoSuchEntity"
    ):
        engine.make(POLICY_ATTACHMENT, {"role": "none", "policyArn": MANAGED})


def test_a_role_in_use_cannot_be_deleted(engine: Engine, tenant: Tenant) -> None:
    role = engine.make(ROLE, SAMPLES[ROLE](tenant))
    attached = engine.make(POLICY_ATTACHMENT, {"role": "runner", "policyArn": MANAGED})
    with failing("deleting IAM Role (runner): operation error IAM: DeleteRole", "DeleteConflict"):
        role.delete()
    attached.delete()
    role.delete()
    assert role.refresh() is None


def test_retention_changes_in_place_and_is_reset_where_the_program_is_silent(engine: Engine, tenant: Tenant) -> None:
    inputs = SAMPLES[LOGS](tenant)
    one = engine.make(LOGS, inputs)
    assert (one.id, one.outputs["arn"].endswith("log-group:/aws/lambda/scorer")) == ("/aws/lambda/scorer", True)
    longer = one.update({**inputs, "retentionInDays": 30})
    assert longer.outputs["retentionInDays"] == 30
    silent = without(inputs, "retentionInDays")
    assert longer.diff(silent).paths == {"retentionInDays": "DELETE"}
    forever = longer.update(silent)
    assert forever.outputs["retentionInDays"] == 0
    assert not forever.diff({**silent, "retentionInDays": 0}).changes
    tenant.client("logs").put_retention_policy(logGroupName="/aws/lambda/scorer", retentionInDays=3)
    drifted = forever.refresh()
    assert drifted is not None
    assert drifted.diff(silent).names == ["retentionInDays"]


def test_a_log_group_may_be_left_behind(engine: Engine, tenant: Tenant) -> None:
    one = engine.make(LOGS, {**SAMPLES[LOGS](tenant), "skipDestroy": True})
    one.delete()
    assert one.refresh() is not None
