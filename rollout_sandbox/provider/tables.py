"""aws:dynamodb/table:Table, as far as a table of a few items goes: keys, billing, tags, and what protects it.

Indexes, replicas, streams and encryption are kept in the state alone, as pulumi-aws has them.
https://www.pulumi.com/registry/packages/aws/api-docs/dynamodb/table/
"""

from __future__ import annotations

import json
from collections.abc import Iterable

from rollout_sandbox.provider.aws import Aws, doing, once_made
from rollout_sandbox.provider.patience import Ignoring
from rollout_sandbox.provider.refusals import other_than
from rollout_sandbox.provider.schema import Kind, Property, Props, ResourceType, block, boolean, integer, set_of, string
from rollout_sandbox.provider.tagging import changed_tags, own_tags
from rollout_sandbox.provider.tags import as_tags

SERVICE = "dynamodb"
GONE = "ResourceNotFound"
PROVISIONED, ON_DEMAND = "PROVISIONED", "PAY_PER_REQUEST"
_CAPACITIES = {"readCapacity": "ReadCapacityUnits", "writeCapacity": "WriteCapacityUnits"}
_ASKED = {"deletionProtectionEnabled": "DeletionProtectionEnabled", "tableClass": "TableClass"}
"""What CreateTable is told only if a program says so."""
_BILLING = frozenset({"billingMode", *_CAPACITIES})


class _Table:
    def create(self, aws: Aws, new: Props) -> str:
        name, tables = str(new["name"]), aws.client(SERVICE)
        kinds = {"HASH": new.get("hashKey"), "RANGE": new.get("rangeKey")}
        with doing(f"creating DynamoDB Table ({name})", SERVICE):
            tables.create_table(
                TableName=name,
                KeySchema=[{"AttributeName": key, "KeyType": kind} for kind, key in kinds.items() if key],
                AttributeDefinitions=[_definition(each) for each in new.get("attributes") or ()],
                **{name: new[key] for key, name in _ASKED.items() if new.get(key)},
                Tags=as_tags(new.get("tagsAll") or {}),
                **_billing(new),
            )
        with once_made(name):
            _protect(
                aws, name, new, {key for key in ("ttl", "pointInTimeRecovery") if (new.get(key) or {}).get("enabled")}
            )
        return name

    def read(self, aws: Aws, id_: str, known: Props | None) -> Props | None:
        tables = aws.client(SERVICE)
        with doing(f"reading DynamoDB Table ({id_})", SERVICE), Ignoring(GONE):
            table = tables.describe_table(TableName=id_)["Table"]
            lifetime = tables.describe_time_to_live(TableName=id_)["TimeToLiveDescription"]
            backups = tables.describe_continuous_backups(TableName=id_)["ContinuousBackupsDescription"]
            tags = tables.list_tags_of_resource(ResourceArn=table["TableArn"])["Tags"]
            keys = {key["KeyType"]: key["AttributeName"] for key in table["KeySchema"]}
            capacity = table.get("ProvisionedThroughput", {})
            recovery = backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"] == "ENABLED"
            return {
                "arn": table["TableArn"],
                "attributes": [
                    {"name": each["AttributeName"], "type": each["AttributeType"]}
                    for each in table["AttributeDefinitions"]
                ],
                "billingMode": table.get("BillingModeSummary", {}).get("BillingMode", PROVISIONED),
                "deletionProtectionEnabled": table.get("DeletionProtectionEnabled", False),
                "hashKey": keys["HASH"],
                "name": table["TableName"],
                "pointInTimeRecovery": {"enabled": recovery},
                "rangeKey": keys.get("RANGE"),
                **{name: capacity.get(units, 0) for name, units in _CAPACITIES.items()},
                "streamArn": table.get("LatestStreamArn", ""),
                "streamLabel": table.get("LatestStreamLabel", ""),
                "tableClass": table.get("TableClassSummary", {}).get("TableClass", "STANDARD"),
                "ttl": {
                    "attributeName": lifetime.get("AttributeName", ""),
                    "enabled": lifetime["TimeToLiveStatus"] == "ENABLED",
                },
                "tagsAll": own_tags({tag["Key"]: tag["Value"] for tag in tags}),
            }
        return None

    def update(self, aws: Aws, id_: str, old: Props, new: Props, changed: frozenset[str]) -> None:
        tables = aws.client(SERVICE)
        gone, tags = changed_tags(old, new)
        with doing(f"updating DynamoDB Table ({id_}) tags", SERVICE):
            if gone:
                tables.untag_resource(ResourceArn=old["arn"], TagKeys=gone)
            if tags:
                tables.tag_resource(ResourceArn=old["arn"], Tags=as_tags(tags))
        settings: Props = _billing(new) if changed & _BILLING else {}
        if "deletionProtectionEnabled" in changed:
            settings["DeletionProtectionEnabled"] = bool(new.get("deletionProtectionEnabled"))
        if "tableClass" in changed:
            settings["TableClass"] = new["tableClass"]
        if settings:
            with doing(f"updating DynamoDB Table ({id_})", SERVICE):
                tables.update_table(TableName=id_, **settings)
        _protect(aws, id_, new, changed)

    def delete(self, aws: Aws, id_: str, old: Props) -> None:
        with doing(f"deleting DynamoDB Table ({id_})", SERVICE), Ignoring(GONE):
            aws.client(SERVICE).delete_table(TableName=id_)


def _definition(attribute: Props) -> Props:
    return {"AttributeName": attribute["name"], "AttributeType": attribute["type"]}


def _billing(new: Props) -> Props:
    if new["billingMode"] == ON_DEMAND:
        return {"BillingMode": ON_DEMAND}
    return {
        "BillingMode": PROVISIONED,
        "ProvisionedThroughput": {units: new.get(name) or 0 for name, units in _CAPACITIES.items()},
    }


def _protect(aws: Aws, name: str, new: Props, changed: Iterable[str]) -> None:
    """Set what CreateTable and UpdateTable don't take."""
    tables, lifetime, recovery = aws.client(SERVICE), new.get("ttl") or {}, new.get("pointInTimeRecovery") or {}
    if "ttl" in changed:
        wanted = {"AttributeName": lifetime.get("attributeName", ""), "Enabled": bool(lifetime.get("enabled"))}
        with doing(f"updating DynamoDB Table ({name}) Time To Live", SERVICE):
            tables.update_time_to_live(TableName=name, TimeToLiveSpecification=wanted)
    if "pointInTimeRecovery" in changed:
        with doing(f"updating DynamoDB Table ({name}) Point In Time Recovery", SERVICE):
            tables.update_continuous_backups(
                TableName=name,
                PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": bool(recovery.get("enabled"))},
            )


def _verify(new: Props) -> str | None:
    """What is wrong with the inputs as a whole."""
    defined = {each["name"] for each in new.get("attributes") or ()}
    indexes = (*(new.get("globalSecondaryIndexes") or ()), *(new.get("localSecondaryIndexes") or ()))
    used = {key for each in (new, *indexes) for key in (each.get("hashKey"), each.get("rangeKey")) if key}
    if unused := defined - used:
        return f"all attributes must be indexed. Unused attributes: {_quoted(unused)}"
    if unmatched := used - defined:
        return f"all indexes must match a defined attribute. Unmatched indexes: {_quoted(unmatched)}"
    for name, terraform in (("readCapacity", "read_capacity"), ("writeCapacity", "write_capacity")):
        if new["billingMode"] == PROVISIONED and (new.get(name) or 0) < 1:
            return f"{terraform} must be at least 1 when billing_mode is {PROVISIONED}"
        if new["billingMode"] == ON_DEMAND and new.get(name):
            return f"{terraform} can not be set when billing_mode is {ON_DEMAND}"
    return None


def _quoted(names: Iterable[str]) -> str:
    return f"[{' '.join(map(json.dumps, sorted(names)))}]"


TABLE = ResourceType(
    "aws:dynamodb/table:Table",
    {
        **{name: string(output=True) for name in ("arn", "streamArn", "streamLabel")},
        "attributes": set_of(
            block({"name": string(required=True), "type": string(required=True, refuse=other_than("B", "N", "S"))}),
            computed=True,
        ),
        "billingMode": string(default=PROVISIONED, refuse=other_than(PROVISIONED, ON_DEMAND)),
        "deletionProtectionEnabled": boolean(),
        "hashKey": string(computed=True, force_new=True),
        "name": string(computed=True, force_new=True, auto_name=255),
        "pointInTimeRecovery": block(
            {"enabled": boolean(required=True), "recoveryPeriodInDays": integer()}, computed=True
        ),
        "rangeKey": string(force_new=True),
        "readCapacity": Property(Kind.INT, computed=True),
        "tableClass": string(computed=True, refuse=other_than("STANDARD", "STANDARD_INFREQUENT_ACCESS")),
        "ttl": block({"attributeName": string(), "enabled": boolean()}, computed=True),
        "writeCapacity": Property(Kind.INT, computed=True),
    },
    _Table(),
    tagged=True,
    verify=_verify,
)
