"""aws:cloudwatch/logGroup:LogGroup.

https://www.pulumi.com/registry/packages/aws/api-docs/cloudwatch/loggroup/
"""

from __future__ import annotations

import re
from typing import Any

from rollout_sandbox.provider.aws import Aws, doing, once_made
from rollout_sandbox.provider.patience import Ignoring
from rollout_sandbox.provider.schema import Kind, Property, Props, ResourceType, boolean, string
from rollout_sandbox.provider.tagging import changed_tags, own_tags

SERVICE = "logs"
RETENTION_DAYS = (
    *(0, 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731),
    *(1096, 1827, 2192, 2557, 2922, 3288, 3653),
)


def _retention_refused(days: Any) -> str | None:
    if days in RETENTION_DAYS:
        return None
    return f"expected {{path}} to be one of [{' '.join(map(str, RETENTION_DAYS))}], got {days}"


def _name_refused(name: Any) -> str | None:
    if re.fullmatch(r"[.\-_/#A-Za-z0-9]{1,512}", name):
        return None
    return (
        '"{path}" isn\'t a valid log group name (alphanumeric characters, underscores, hyphens, slashes, hash signs '
        f'and dots are allowed): "{name}"'
    )


class _LogGroup:
    def create(self, aws: Aws, new: Props) -> str:
        name, logs = str(new["name"]), aws.client(SERVICE)
        given = {"kmsKeyId": new.get("kmsKeyId"), "logGroupClass": new.get("logGroupClass"), "tags": new.get("tagsAll")}
        with doing(f"creating CloudWatch Logs Log Group ({name})", SERVICE):
            logs.create_log_group(logGroupName=name, **{key: value for key, value in given.items() if value})
        if new.get("retentionInDays"):
            with once_made(name):
                _retain(logs, name, new)
        return name

    def read(self, aws: Aws, id_: str, known: Props | None) -> Props | None:
        logs = aws.client(SERVICE)
        with doing(f"reading CloudWatch Logs Log Group ({id_})", SERVICE):
            pages = logs.get_paginator("describe_log_groups").paginate(logGroupNamePrefix=id_)
            groups = {group["logGroupName"]: group for page in pages for group in page["logGroups"]}
            group = groups.get(id_)
            if group is None:
                return None
            arn = group["arn"].removesuffix(":*")
            tags = logs.list_tags_for_resource(resourceArn=arn)["tags"]
        return {
            "arn": arn,
            "name": id_,
            "retentionInDays": group.get("retentionInDays", 0),
            "kmsKeyId": group.get("kmsKeyId", ""),
            "logGroupClass": group.get("logGroupClass", "STANDARD"),
            "tagsAll": own_tags(tags),
        }

    def update(self, aws: Aws, id_: str, old: Props, new: Props, changed: frozenset[str]) -> None:
        logs = aws.client(SERVICE)
        gone, tags = changed_tags(old, new)
        with doing(f"updating tags for CloudWatch Logs Log Group ({id_})", SERVICE):
            if gone:
                logs.untag_resource(resourceArn=old["arn"], tagKeys=gone)
            if tags:
                logs.tag_resource(resourceArn=old["arn"], tags=tags)
        if "retentionInDays" in changed:
            _retain(logs, id_, new)
        if "kmsKeyId" in changed:
            with doing(f"updating CloudWatch Logs Log Group ({id_}) KMS key", SERVICE):
                if new.get("kmsKeyId"):
                    logs.associate_kms_key(logGroupName=id_, kmsKeyId=new["kmsKeyId"])
                else:
                    logs.disassociate_kms_key(logGroupName=id_)

    def delete(self, aws: Aws, id_: str, old: Props) -> None:
        if old.get("skipDestroy"):
            return
        with doing(f"deleting CloudWatch Logs Log Group ({id_})", SERVICE), Ignoring("ResourceNotFound"):
            aws.client(SERVICE).delete_log_group(logGroupName=id_)


def _retain(logs: Any, name: str, new: Props) -> None:
    with doing(f"setting CloudWatch Logs Log Group ({name}) retention policy", SERVICE):
        if new.get("retentionInDays"):
            logs.put_retention_policy(logGroupName=name, retentionInDays=new["retentionInDays"])
        else:
            logs.delete_retention_policy(logGroupName=name)


LOG_GROUP = ResourceType(
    "aws:cloudwatch/logGroup:LogGroup",
    {
        "arn": string(output=True),
        "name": string(computed=True, force_new=True, auto_name=255, refuse=_name_refused),
        "retentionInDays": Property(Kind.INT, refuse=_retention_refused),
        "kmsKeyId": string(),
        "logGroupClass": string(computed=True, force_new=True),
        "skipDestroy": boolean(),
    },
    _LogGroup(),
    tagged=True,
)
