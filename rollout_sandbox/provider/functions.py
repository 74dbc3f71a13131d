"""aws:lambda/function:Function and aws:lambda/permission:Permission.

https://www.pulumi.com/registry/packages/aws/api-docs/lambda/function/
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any

from botocore.exceptions import ClientError

from rollout_sandbox.provider.archives import same_archive
from rollout_sandbox.provider.aws import Aws, AwsFailure, code_of, doing, once_made
from rollout_sandbox.provider.function_settings import (
    CODE,
    SETTINGS,
    SOURCES,
    UNRESERVED,
    as_arguments,
    code_arguments,
    one_of,
    told_outputs,
    told_settings,
    verify,
)
from rollout_sandbox.provider.patience import Ignoring, trying
from rollout_sandbox.provider.refusals import bad_arn
from rollout_sandbox.provider.schema import (
    Kind,
    Property,
    Props,
    ResourceType,
    archive,
    block,
    boolean,
    integer,
    list_of,
    mapping,
    set_of,
    string,
)
from rollout_sandbox.provider.tagging import changed_tags, own_tags

SERVICE = "lambda"
GONE = "ResourceNotFound"
_NOT_YET = re.compile("cannot be assumed by Lambda|does not have permissions|throttled by EC2")


def _name_refused(name: Any) -> str | None:
    if re.fullmatch(r"[A-Za-z0-9_-]{1,64}", name) or name.startswith("arn:"):
        return None
    return "invalid value for function_name (must be valid function name or function ARN)"


def _concurrency_refused(executions: Any) -> str | None:
    return None if executions >= UNRESERVED else f"expected {{path}} to be at least ({UNRESERVED}), got {executions}"


class _Function:
    def create(self, aws: Aws, new: Props) -> str:
        functions, name, image = aws.client(SERVICE), str(new["name"]), new["packageType"] == "Image"
        given = {key for key in SETTINGS if new.get(key)} - ({"handler", "runtime"} if image else set())
        architectures = {"Architectures": new["architectures"]} if new.get("architectures") else {}
        with doing(f"creating Lambda Function ({name})", SERVICE):
            trying(
                lambda: functions.create_function(
                    FunctionName=name,
                    Code=code_arguments(new, aws.roots),
                    PackageType=new["packageType"],
                    Publish=bool(new.get("publish")),
                    Tags=new.get("tagsAll") or {},
                    **as_arguments(new, given | {"description"}),
                    **architectures,
                ),
                again=_not_yet,
            )
        if new.get("reservedConcurrentExecutions", UNRESERVED) != UNRESERVED:
            with once_made(name):
                _reserve(aws, name, new["reservedConcurrentExecutions"])
        return name

    def read(self, aws: Aws, id_: str, known: Props | None) -> Props | None:
        functions, known = aws.client(SERVICE), known or {}
        with doing(f"reading Lambda Function ({id_})", SERVICE), Ignoring(GONE):
            found = functions.get_function(FunctionName=id_)
            pages = functions.get_paginator("list_versions_by_function").paginate(FunctionName=id_)
            version = [version["Version"] for page in pages for version in page["Versions"]][-1]
            return {
                **told_settings(found),
                **told_outputs(aws, found["Configuration"], version, known),
                "tagsAll": own_tags(found.get("Tags", {})),
            }
        return None

    def update(self, aws: Aws, id_: str, old: Props, new: Props, changed: frozenset[str]) -> None:
        functions = aws.client(SERVICE)
        gone, tags = changed_tags(old, new)
        with doing(f"updating tags for Lambda Function ({id_})", SERVICE):
            if gone:
                functions.untag_resource(Resource=old["arn"], TagKeys=gone)
            if tags:
                functions.tag_resource(Resource=old["arn"], Tags=tags)
        if settings := as_arguments(new, changed):
            with doing(f"updating Lambda Function ({id_}) configuration", SERVICE):
                trying(lambda: functions.update_function_configuration(FunctionName=id_, **settings), again=_not_yet)
        if changed & CODE:
            architectures = {"Architectures": new["architectures"]} if "architectures" in changed else {}
            with doing(f"updating Lambda Function ({id_}) code", SERVICE):
                functions.update_function_code(FunctionName=id_, **code_arguments(new, aws.roots), **architectures)
        if "reservedConcurrentExecutions" in changed:
            _reserve(aws, id_, new["reservedConcurrentExecutions"])
        if new.get("publish") and changed & (SETTINGS | CODE | {"publish"}):
            with doing(f"publishing Lambda Function ({id_}) version", SERVICE):
                functions.publish_version(FunctionName=id_)

    def delete(self, aws: Aws, id_: str, old: Props) -> None:
        if old.get("skipDestroy"):
            return
        with doing(f"deleting Lambda Function ({id_})", SERVICE), Ignoring(GONE):
            aws.client(SERVICE).delete_function(FunctionName=id_)


def _not_yet(error: ClientError) -> bool:
    """Whether AWS hasn't heard of the role yet, or of an earlier change."""
    code = code_of(error)
    return code == "ResourceConflict" or (code == "InvalidParameterValue" and bool(_NOT_YET.search(str(error))))


def _reserve(aws: Aws, name: str, executions: int) -> None:
    if executions == UNRESERVED:
        with doing(f"deleting Lambda Function ({name}) concurrency", SERVICE):
            aws.client(SERVICE).delete_function_concurrency(FunctionName=name)
    else:
        with doing(f"setting Lambda Function ({name}) concurrency", SERVICE):
            aws.client(SERVICE).put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=executions)


def _follows(new: Props, changed: frozenset[str]) -> Iterable[str]:
    if changed & CODE:
        yield "lastModified"
    if new.get("publish") and changed & (SETTINGS | CODE | {"publish"}):
        yield from ("version", "qualifiedArn", "qualifiedInvokeArn")


FUNCTION = ResourceType(
    "aws:lambda/function:Function",
    {
        **{
            name: string(output=True)
            for name in (
                *("arn", "invokeArn", "responseStreamingInvokeArn", "qualifiedArn", "qualifiedInvokeArn", "version"),
                *("lastModified", "signingJobArn", "signingProfileVersionArn"),
            )
        },
        "sourceCodeSize": integer(output=True),
        "codeSha256": string(computed=True),
        "name": string(computed=True, force_new=True, auto_name=64, refuse=_name_refused),
        "role": string(required=True, refuse=bad_arn),
        "packageType": string(default="Zip", force_new=True, refuse=one_of("PackageType")),
        "code": archive(same=same_archive),
        "sourceCodeHash": string(computed=True),
        "s3Bucket": string(),
        "s3Key": string(),
        "s3ObjectVersion": string(),
        "imageUri": string(),
        "imageConfig": block(
            {"commands": list_of(string()), "entryPoints": list_of(string()), "workingDirectory": string()}
        ),
        "runtime": string(refuse=one_of("Runtime")),
        "handler": string(),
        "description": string(),
        "architectures": list_of(string(refuse=one_of("Architecture")), computed=True),
        "memorySize": integer(128, 10_240, default=128),
        "timeout": integer(1, 900, default=3),
        "environment": block({"variables": mapping()}),
        "layers": list_of(string(refuse=bad_arn)),
        "publish": boolean(),
        "skipDestroy": boolean(),
        "kmsKeyArn": string(),
        "reservedConcurrentExecutions": Property(Kind.INT, default=UNRESERVED, refuse=_concurrency_refused),
        "ephemeralStorage": block({"size": integer(512, 10_240, computed=True)}, computed=True),
        "tracingConfig": block({"mode": string(required=True, refuse=one_of("TracingMode"))}, computed=True),
        "vpcConfig": block(
            {
                "subnetIds": set_of(string(), required=True),
                "securityGroupIds": set_of(string(), required=True),
                "ipv6AllowedForDualStack": boolean(),
                "vpcId": string(output=True),
            }
        ),
        "fileSystemConfig": block(
            {"arn": string(required=True, refuse=bad_arn), "localMountPath": string(required=True)}
        ),
        "snapStart": block(
            {
                "applyOn": string(required=True, refuse=one_of("SnapStartApplyOn")),
                "optimizationStatus": string(output=True),
            }
        ),
        "deadLetterConfig": block({"targetArn": string(required=True)}),
        "loggingConfig": block(
            {
                "logFormat": string(required=True, refuse=one_of("LogFormat")),
                "logGroup": string(computed=True),
                "applicationLogLevel": string(computed=True),
                "systemLogLevel": string(computed=True),
            },
            computed=True,
        ),
    },
    _Function(),
    tagged=True,
    one_of=SOURCES,
    verify=verify,
    follows=_follows,
)


class _Permission:
    def create(self, aws: Aws, new: Props) -> str:
        keys = {
            "FunctionName": "function",
            "StatementId": "statementId",
            "Action": "action",
            "Principal": "principal",
            "SourceArn": "sourceArn",
            "SourceAccount": "sourceAccount",
            "Qualifier": "qualifier",
            "EventSourceToken": "eventSourceToken",
            "PrincipalOrgID": "principalOrgId",
            "FunctionUrlAuthType": "functionUrlAuthType",
        }
        given = {api: new[key] for api, key in keys.items() if new.get(key)}
        functions = aws.client(SERVICE)
        with doing(f"adding Lambda Permission ({new['function']}/{new['statementId']})", SERVICE):
            trying(
                lambda: functions.add_permission(**given),
                again=lambda error: code_of(error) in ("ResourceConflict", GONE),
            )
        return str(new["statementId"])

    def read(self, aws: Aws, id_: str, known: Props | None) -> Props | None:
        known = known or {}
        with doing(f"reading Lambda Permission ({known['function']}/{id_})", SERVICE), Ignoring(GONE):
            policy = json.loads(aws.client(SERVICE).get_policy(**_addressed(known))["Policy"])
            statement = next((found for found in policy["Statement"] if found.get("Sid") == id_), None)
            return statement and {"function": known["function"], "statementId": id_, **_told_statement(statement)}
        return None

    def update(self, aws: Aws, id_: str, old: Props, new: Props, changed: frozenset[str]) -> None:
        raise AssertionError(f"{id_}: every property of a permission replaces it")

    def delete(self, aws: Aws, id_: str, old: Props) -> None:
        with doing(f"removing Lambda Permission ({old['function']}/{id_})", SERVICE), Ignoring(GONE):
            aws.client(SERVICE).remove_permission(StatementId=id_, **_addressed(old))


def _addressed(props: Props) -> Props:
    qualifier = {"Qualifier": props["qualifier"]} if props.get("qualifier") else {}
    return {"FunctionName": props["function"], **qualifier}


def _told_statement(statement: Props) -> Props:
    """A statement's properties but those that moto loses; absent ones are None, lest the program's pass for them."""
    conditions = {key: value for one in statement.get("Condition", {}).values() for key, value in one.items()}
    principal = statement["Principal"]
    if isinstance(principal, dict):
        principal = principal.get("AWS") or principal.get("Service")
    return {
        "action": statement["Action"],
        "principal": principal,
        "qualifier": statement["Resource"].rpartition(":function:")[2].partition(":")[2] or None,
        "sourceAccount": conditions.get("AWS:SourceAccount"),
        "sourceArn": conditions.get("AWS:SourceArn"),
    }


def _statement_id_refused(sid: Any) -> str | None:
    pattern = "[A-Za-z0-9_-]{1,100}"
    return (
        None if re.fullmatch(pattern, sid) else f'"{{path}}" doesn\'t comply with restrictions ("{pattern}"): "{sid}"'
    )


def _imported(id_: str) -> tuple[str, Props | None]:
    """`FUNCTION/STATEMENT` or `FUNCTION:QUALIFIER/STATEMENT`."""
    parts = re.fullmatch(r"((?:arn:.*:function:)?[^:/]+)(?::([^:/]+))?/([^/]+)", id_)
    if parts is None:
        raise AwsFailure(
            f'Unexpected format of ID ("{id_}"), expected FUNCTION_NAME/STATEMENT_ID or '
            "FUNCTION_NAME:QUALIFIER/STATEMENT_ID"
        )
    function, qualifier, statement = parts.groups()
    return statement, {"function": function, "qualifier": qualifier}


PERMISSION = ResourceType(
    "aws:lambda/permission:Permission",
    {
        "action": string(required=True, force_new=True),
        "function": string(required=True, force_new=True),
        "principal": string(required=True, force_new=True),
        "sourceArn": string(force_new=True, refuse=bad_arn),
        "statementId": string(computed=True, force_new=True, auto_name=100, refuse=_statement_id_refused),
        **{
            name: string(force_new=True)
            for name in (
                *("sourceAccount", "qualifier", "eventSourceToken", "principalOrgId"),
                "functionUrlAuthType",
            )
        },
    },
    _Permission(),
    imported=_imported,
)
