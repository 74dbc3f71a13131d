"""The `Marks` port over botocore: resources by their names, with their tags.

It reads only the tags of functions and roles: that permission shows neither variables nor code.
https://docs.aws.amazon.com/lambda/latest/api/API_ListTags.html
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

from botocore.exceptions import ClientError

from rollout.adapters.aws.iam.guard import table_arn
from rollout.adapters.aws.iam.resources import Resources
from rollout.adapters.aws.session import Access, explained
from rollout.inventory.marks import Bearer, Mark, Marked, in_description
from rollout.inventory.model import Arn, Environment
from rollout.migration.bearers import (
    ALARM,
    DASHBOARD,
    FUNCTION,
    JOINT_ALARM,
    LOG_GROUP,
    ROLE,
    S3_OBJECT,
    SCHEDULE,
    STATE_MACHINE,
    TABLE,
)
from rollout.state.plan import LISTENER_RULE, TARGET_GROUP

PARALLEL = 8
_NOT_THERE = frozenset(
    {
        "NoSuchEntity",
        "NoSuchKey",
        "ResourceNotFound",
        "ResourceNotFoundException",
        "RuleNotFound",
        "TargetGroupNotFound",
    }
)
_SERVICES = {
    FUNCTION: "lambda",
    LOG_GROUP: "logs",
    ROLE: "iam",
    TARGET_GROUP: "elbv2",
    LISTENER_RULE: "elbv2",
    ALARM: "cloudwatch",
    JOINT_ALARM: "cloudwatch",
    DASHBOARD: "cloudwatch",
    TABLE: "dynamodb",
    S3_OBJECT: "s3",
    SCHEDULE: "scheduler",
    STATE_MACHINE: "stepfunctions",
}


class AwsMarks:
    """The `Marks` port over botocore."""

    def __init__(self, access: Access, environment: Environment) -> None:
        self._access = access
        self._resources = Resources(environment)

    def find(self, bearers: Collection[Bearer], *, parts: bool = True) -> Mapping[Bearer, Marked]:
        services = sorted({_SERVICES[bearer.type] for bearer in bearers})
        clients = {service: self._client(service) for service in services}  # a session creates one at a time
        with ThreadPoolExecutor(PARALLEL, thread_name_prefix="marks") as pool:
            asked = {each: pool.submit(self._found, clients[_SERVICES[each.type]], each, parts) for each in bearers}
            return {bearer: found for bearer, future in asked.items() if (found := future.result())}

    def put(self, bearer: Bearer, arn: Arn, mark: Mark) -> None:
        client: Any = self._client(_SERVICES[bearer.type])
        pairs = [{"Key": key, "Value": value} for key, value in mark.tags.items()]
        calls: dict[str, Callable[[], object]] = {
            "lambda": lambda: client.tag_resource(Resource=arn, Tags=mark.tags),
            "logs": lambda: client.tag_resource(resourceArn=arn, tags=mark.tags),
            "iam": lambda: client.tag_role(RoleName=bearer.name, Tags=pairs),
            "elbv2": lambda: client.add_tags(ResourceArns=[arn], Tags=pairs),
            "cloudwatch": lambda: client.tag_resource(ResourceARN=arn, Tags=pairs),
            "s3": lambda: _tag_object(client, bearer.name, pairs),
            "dynamodb": lambda: client.tag_resource(ResourceArn=arn, Tags=pairs),
        }
        explained(calls[_SERVICES[bearer.type]], str(bearer))

    def _client(self, service: str) -> Any:
        return explained(lambda: self._access.client(service, at_once=PARALLEL))

    def _found(self, client: Any, bearer: Bearer, parts: bool) -> Marked | None:
        def look() -> Marked | None:
            read = _whole_function if parts and bearer.type == FUNCTION else _LOOKS[bearer.type]
            try:
                return read(client, bearer.name, self._resources)
            except ClientError as error:
                if error.response["Error"]["Code"] in _NOT_THERE:
                    return None
                raise

        return explained(look, str(bearer))


def _function(client: Any, name: str, resources: Resources) -> Marked:
    arn = resources.function(name)
    return Marked(name, arn, client.list_tags(Resource=arn)["Tags"])


def _whole_function(client: Any, name: str, resources: Resources) -> Marked:
    alias, function = resources.alias(name), _function(client, name, resources)
    function = replace(function, statements=_statements(client, FunctionName=name))
    if alias is None:
        return function
    try:
        client.get_alias(FunctionName=name, Name=alias)
    except ClientError as error:
        if error.response["Error"]["Code"] in _NOT_THERE:
            return function
        raise
    of_alias = {f"{alias}/{each}" for each in _statements(client, FunctionName=name, Qualifier=alias)}
    return replace(function, statements=function.statements | of_alias, aliases=frozenset({alias}))


def _statements(client: Any, **function: str) -> frozenset[str]:
    try:
        policy = json.loads(client.get_policy(**function)["Policy"])
    except ClientError as error:
        if error.response["Error"]["Code"] in _NOT_THERE:  # it has no policy
            return frozenset()
        raise
    return frozenset(statement.get("Sid", "") for statement in policy["Statement"])


def _role(client: Any, name: str, resources: Resources) -> Marked:
    return Marked(name, resources.role(name), _pairs(client.list_role_tags(RoleName=name)["Tags"]))


def _log_group(client: Any, name: str, _: Resources) -> Marked | None:
    pages = client.get_paginator("describe_log_groups").paginate(logGroupNamePrefix=name)
    arns = {group["logGroupName"]: group["arn"].removesuffix(":*") for page in pages for group in page["logGroups"]}
    if name not in arns:
        return None
    return Marked(name, arns[name], client.list_tags_for_resource(resourceArn=arns[name])["tags"])


def _target_group(client: Any, name: str, _: Resources) -> Marked | None:
    wanted = {"TargetGroupArns": [name]} if name.startswith("arn:") else {"Names": [name]}
    found = client.describe_target_groups(**wanted)["TargetGroups"]
    return _balancing(client, found[0]["TargetGroupArn"]) if found else None


def _rule(client: Any, name: str, _: Resources) -> Marked | None:
    listener, place, priority = name.partition("#")
    if not place:
        found = client.describe_rules(RuleArns=[name])["Rules"]
    else:
        pages = client.get_paginator("describe_rules").paginate(ListenerArn=listener)
        found = [rule for page in pages for rule in page["Rules"] if rule["Priority"] == priority]
    return _balancing(client, found[0]["RuleArn"]) if found else None


def _balancing(client: Any, arn: str) -> Marked:
    described = client.describe_tags(ResourceArns=[arn])["TagDescriptions"]
    return Marked(arn, Arn(arn), _pairs(tag for each in described for tag in each["Tags"]))


def _alarm(client: Any, name: str, _: Resources) -> Marked | None:
    told = client.describe_alarms(AlarmNames=[name], AlarmTypes=["MetricAlarm", "CompositeAlarm"])
    for alarm in (*told.get("MetricAlarms", ()), *told.get("CompositeAlarms", ())):
        arn = alarm["AlarmArn"]
        return Marked(name, arn, _pairs(client.list_tags_for_resource(ResourceARN=arn)["Tags"]))
    return None


def _dashboard(client: Any, name: str, _: Resources) -> Marked:
    found = client.get_dashboard(DashboardName=name)
    widgets = json.loads(found["DashboardBody"]).get("widgets", ())
    alarms = (alarm for widget in widgets for alarm in widget.get("properties", {}).get("alarms", ()))
    return Marked(name, found["DashboardArn"], {}, tuple(alarms))


def _table(client: Any, name: str, resources: Resources) -> Marked:
    arn = table_arn(resources, name)
    return Marked(name, arn, _pairs(client.list_tags_of_resource(ResourceArn=arn)["Tags"]))


def _s3_object(client: Any, name: str, resources: Resources) -> Marked:
    tags = client.get_object_tagging(**_object(name))["TagSet"]
    return Marked(name, resources.arn("s3", name, region=False, account=False), _pairs(tags))


def _tag_object(client: Any, name: str, tags: list[dict[str, str]]) -> None:
    others = client.get_object_tagging(**_object(name))["TagSet"]
    client.put_object_tagging(**_object(name), Tagging={"TagSet": [*others, *tags]})


def _object(name: str) -> dict[str, str]:
    bucket, _, key = name.partition("/")
    return {"Bucket": bucket, "Key": key}


def _schedule(client: Any, name: str, _: Resources) -> Marked:
    found = client.get_schedule(Name=name)
    return Marked(f"default/{name}", found["Arn"], in_description(found.get("Description")))


def _state_machine(client: Any, name: str, resources: Resources) -> Marked:
    arn = resources.arn("states", f"stateMachine:{name}")
    tags = client.list_tags_for_resource(resourceArn=arn)["tags"]
    return Marked(arn, arn, {tag["key"]: tag["value"] for tag in tags})


def _pairs(tags: Any) -> dict[str, str]:
    return {tag["Key"]: tag.get("Value", "") for tag in tags}


_LOOKS: Mapping[str, Callable[[Any, str, Resources], Marked | None]] = {
    FUNCTION: _function,
    LOG_GROUP: _log_group,
    ROLE: _role,
    TARGET_GROUP: _target_group,
    LISTENER_RULE: _rule,
    ALARM: _alarm,
    JOINT_ALARM: _alarm,
    DASHBOARD: _dashboard,
    TABLE: _table,
    S3_OBJECT: _s3_object,
    SCHEDULE: _schedule,
    STATE_MACHINE: _state_machine,
}
