"""aws:cloudwatch/logGroup:LogGroup.

https://www.pulumi.com/registry/packages/aws/api-docs/cloudwatch/loggroup/
"""

from __future__ import annotations

from typing import Any

from botocore.exceptions import ClientError

from rollout.sandbox.provider.aws import Aws, code_of, doing
from rollout.sandbox.provider.schema import Kind, Property, Props, ResourceType, boolean, string

SERVICE = "logs"
RETENTION_DAYS = (
    *(0, 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731),
    *(1096, 1827, 2192, 2557, 2922, 3288, 3653),
)


def _retention_refused(days: Any) -> str | None:
    if days in RETENTION_DAYS:
        return None
    return f"expected {{path}} to be one of [{' '.join(map(str, RETENTION_DAYS))}], got {days}"


class _LogGroup:
    def create(self, aws: Aws, new: Props) -> str:
        name, logs = str(new["name"]), aws.client(SERVICE)
        given = {"kmsKeyId": new.get("kmsKeyId"), "tags": new.get("tagsAll")}
        with doing(f"creating CloudWatch Logs Log Group ({name})", SERVICE):
            logs.create_log_group(logGroupName=name, **{key: value for key, value in given.items() if value})
            _retain(logs, name, new)
        return name

    def read(self, aws: Aws, id_: str, known: Props | None) -> Props | None:
        logs = aws.client(SERVICE)
        with doing(f"reading CloudWatch Logs Log Group ({id_})", SERVICE):
            pages = logs.get_paginator("describe_log_groups").paginate(logGroupNamePrefix=id_)
            groups = {group["logGroupName"]: group for page in pages for group in page["logGroups"]}
            if id_ not in groups:
                return None
            arn = groups[id_]["arn"].removesuffix(":*")
            tags = logs.list_tags_for_resource(resourceArn=arn)["tags"]
        return {
            "arn": arn,
            "name": id_,
            "retentionInDays": groups[id_].get("retentionInDays", 0),
            "kmsKeyId": groups[id_].get("kmsKeyId", ""),
            "logGroupClass": groups[id_].get("logGroupClass", "STANDARD"),
            "skipDestroy": bool((known or {}).get("skipDestroy")),
            "tagsAll": dict(tags),
        }

    def update(self, aws: Aws, id_: str, old: Props, new: Props, changed: frozenset[str]) -> None:
        logs = aws.client(SERVICE)
        with doing(f"updating CloudWatch Logs Log Group ({id_})", SERVICE):
            if "retentionInDays" in changed:
                _retain(logs, id_, new)
            before, after = old.get("tagsAll") or {}, new.get("tagsAll") or {}
            if gone := [key for key in before if key not in after]:
                logs.untag_resource(resourceArn=old["arn"], tagKeys=gone)
            if added := {key: value for key, value in after.items() if before.get(key) != value}:
                logs.tag_resource(resourceArn=old["arn"], tags=added)

    def delete(self, aws: Aws, id_: str, old: Props) -> None:
        if old.get("skipDestroy"):
            return
        with doing(f"deleting CloudWatch Logs Log Group ({id_})", SERVICE):
            try:
                aws.client(SERVICE).delete_log_group(logGroupName=id_)
            except ClientError as error:
                if code_of(error) != "ResourceNotFound":
                    raise


def _retain(logs: Any, name: str, new: Props) -> None:
    if new.get("retentionInDays"):
        logs.put_retention_policy(logGroupName=name, retentionInDays=new["retentionInDays"])
    else:
        logs.delete_retention_policy(logGroupName=name)


LOG_GROUP = ResourceType(
    "aws:cloudwatch/logGroup:LogGroup",
    {
        "arn": string(output=True),
        "name": string(computed=True, force_new=True, auto_name=255),
        "retentionInDays": Property(Kind.INT, refuse=_retention_refused),
        "kmsKeyId": string(),
        "logGroupClass": string(computed=True, force_new=True),
        "skipDestroy": boolean(),
    },
    _LogGroup(),
    tagged=True,
)
