"""Tables and their items, and what becomes of events that functions fail, as AWS and pulumi-aws have them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.provider.engine import EVENTS, TABLE, Engine, failing, without
from tests.sandbox.provider.samples import SAMPLES
from tests.sandbox.tenant import Tenant, refused

KEY = {"id": {"S": "epoch"}}


def test_a_table_has_what_aws_fills_in(engine: Engine, tenant: Tenant) -> None:
    one = engine.make(TABLE, SAMPLES[TABLE](tenant))
    assert one.outputs["arn"] == f"arn:aws:dynamodb:us-west-2:{tenant.account}:table/guard"
    assert one.outputs["tableClass"] == "STANDARD"
    assert one.outputs["pointInTimeRecovery"]["enabled"] is False
    assert one.outputs["ttl"] == {"attributeName": "", "enabled": False}


def test_a_tables_settings_change_in_place_and_its_key_replaces_it(engine: Engine, tenant: Tenant) -> None:
    inputs = SAMPLES[TABLE](tenant)
    one = engine.make(TABLE, inputs)
    settings = {
        "deletionProtectionEnabled": True,
        "pointInTimeRecovery": {"enabled": True},
        "ttl": {"attributeName": "until", "enabled": True},
    }
    assert one.diff({**inputs, **settings}).replaces == []
    changed = one.update({**inputs, **settings}).refresh()
    assert changed is not None
    assert not changed.diff({**inputs, **settings}).changes
    with failing("deleting DynamoDB Table (guard)", "ValidationException"):
        changed.delete()
    other = {"hashKey": "name", "attributes": [{"name": "name", "type": "S"}]}
    assert one.diff({**inputs, **other}).replaces == ["hashKey"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"attributes": [{"name": "id", "type": "S"}, {"name": "x", "type": "N"}]}, 'Unused attributes: ["x"]'),
        ({"rangeKey": "at"}, 'Unmatched indexes: ["at"]'),
        ({"billingMode": "PROVISIONED"}, "read_capacity must be at least 1"),
        ({"writeCapacity": 1}, "write_capacity can not be set when billing_mode is PAY_PER_REQUEST"),
    ],
)
def test_a_table_that_is_none_is_refused(engine: Engine, tenant: Tenant, change: dict[str, Any], said: str) -> None:
    with failing(said):
        engine.make(TABLE, {**SAMPLES[TABLE](tenant), **change})


def test_an_item_is_written_on_a_condition_alone(engine: Engine, tenant: Tenant) -> None:
    engine.make(TABLE, SAMPLES[TABLE](tenant))
    items = tenant.client("dynamodb")
    raised = {
        "TableName": "guard",
        "Key": KEY,
        "UpdateExpression": "SET epoch = :next",
        "ConditionExpression": "attribute_not_exists(epoch) OR epoch < :next",
    }
    items.update_item(**raised, ExpressionAttributeValues={":next": {"N": "3"}})
    for stale in ("2", "3"):
        with refused("ConditionalCheckFailedException", "conditional request failed"):
            items.update_item(**raised, ExpressionAttributeValues={":next": {"N": stale}})
    with refused("ConditionalCheckFailedException", "conditional request failed"):
        items.put_item(TableName="guard", Item=KEY, ConditionExpression="attribute_not_exists(id)")
    assert items.get_item(TableName="guard", Key=KEY, ConsistentRead=True)["Item"]["epoch"] == {"N": "3"}


def test_an_event_config_is_replaced_as_a_whole_and_by_qualifier(engine: Engine, tenant: Tenant) -> None:
    inputs = SAMPLES[EVENTS](tenant)
    one = engine.make(EVENTS, inputs)
    assert one.outputs["maximumRetryAttempts"] == 2
    fewer = {**without(inputs, "destinationConfig"), "maximumRetryAttempts": 0, "maximumEventAgeInSeconds": 60}
    changed = one.update(fewer).refresh()
    assert changed is not None
    assert not changed.diff(fewer).changes
    tenant.functions.publish_version(FunctionName="scorer")
    other = engine.make(EVENTS, {**inputs, "qualifier": "1"})
    assert other.id == "scorer:1"
    listed = tenant.functions.list_function_event_invoke_configs(FunctionName="scorer")["FunctionEventInvokeConfigs"]
    assert [each["MaximumRetryAttempts"] for each in listed] == [0, 2]
    other.delete()
    assert other.refresh() is None
    assert changed.refresh() is not None


def test_an_event_config_out_of_bounds_is_refused(engine: Engine) -> None:
    _, failures = engine.check(EVENTS, {"functionName": "f", "maximumRetryAttempts": 3, "maximumEventAgeInSeconds": 59})
    assert len(failures) == 2


def test_rights_are_asked_for_by_table_and_by_item(tenant: Tenant, engine: Engine) -> None:
    engine.make(TABLE, SAMPLES[TABLE](tenant))
    own = {
        "Sid": "Own",
        "Effect": "Allow",
        "Action": ["dynamodb:GetItem", "dynamodb:UpdateItem"],
        "Resource": f"arn:aws:dynamodb:us-west-2:{tenant.account}:table/guard",
        "Condition": {"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": ["epoch"]}},
    }
    tenant.sandbox.enforce(tenant.account, {"Version": "2012-10-17", "Statement": [own]})
    items = tenant.client("dynamodb")
    items.get_item(TableName="guard", Key=KEY)
    with refused("AccessDeniedException", "dynamodb:GetItem"):
        items.get_item(TableName="guard", Key={"id": {"S": "other"}})
    with refused("AccessDeniedException", "dynamodb:DeleteItem"):
        items.delete_item(TableName="guard", Key=KEY)
    tenant.sandbox.enforce(tenant.account, None)
