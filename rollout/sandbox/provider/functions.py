"""aws:lambda/function:Function and aws:lambda/permission:Permission.

https://www.pulumi.com/registry/packages/aws/api-docs/lambda/function/
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterable
from typing import Any

from botocore.exceptions import ClientError

from rollout.sandbox.provider.archives import same_archive, zip_bytes
from rollout.sandbox.provider.aws import Aws, AwsFailure, code_of, doing
from rollout.sandbox.provider.schema import (
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
    string,
)

SERVICE = "lambda"
ANYTHING = -1  # concurrency that isn't reserved
TRIES, PAUSE = 4, 0.5
_CONFIGURATION = frozenset(
    {"description", "handler", "runtime", "role", "memorySize", "timeout", "environment", "layers", "loggingConfig"}
    | {"tracingConfig", "deadLetterConfig", "ephemeralStorage", "imageConfig", "kmsKeyArn"}
)
_CODE = frozenset({"code", "s3Bucket", "s3Key", "s3ObjectVersion", "imageUri", "architectures", "sourceCodeHash"})
_SOURCES = (("code", "filename"), ("imageUri", "image_uri"), ("s3Bucket", "s3_bucket"))
_NOT_TOLD = ("code", "s3Bucket", "s3Key", "s3ObjectVersion", "sourceCodeHash", "publish", "skipDestroy")


def _name_refused(name: Any) -> str | None:
    if re.fullmatch(r"[A-Za-z0-9_-]{1,64}", name) or name.startswith("arn:"):
        return None
    return f'invalid value for {{path}} (must be valid function name or function ARN): "{name}"'


class _Function:
    def create(self, aws: Aws, new: Props) -> str:
        functions, name = aws.client(SERVICE), str(new["name"])
        given = {
            "FunctionName": name,
            "Code": _code(new),
            "PackageType": new["packageType"],
            "Publish": bool(new.get("publish")),
            **_configuration(new, _CONFIGURATION, creating=True),
        }
        if new.get("architectures"):
            given["Architectures"] = new["architectures"]
        if new.get("tagsAll"):
            given["Tags"] = new["tagsAll"]
        with doing(f"creating Lambda Function ({name})", SERVICE):
            _retried(lambda: functions.create_function(**given), ("InvalidParameterValue",))
            if new.get("reservedConcurrentExecutions", ANYTHING) >= 0:
                functions.put_function_concurrency(
                    FunctionName=name, ReservedConcurrentExecutions=new["reservedConcurrentExecutions"]
                )
        return name

    def read(self, aws: Aws, id_: str, known: Props | None) -> Props | None:
        functions = aws.client(SERVICE)
        with doing(f"reading Lambda Function ({id_})", SERVICE):
            try:
                found = functions.get_function(FunctionName=id_)
            except ClientError as error:
                if code_of(error) == "ResourceNotFound":
                    return None
                raise
            versions = functions.list_versions_by_function(FunctionName=id_)["Versions"]
        said, latest = found["Configuration"], (versions or [{}])[-1]
        arn = said["FunctionArn"].removesuffix(":$LATEST")
        version = latest.get("Version", "$LATEST")
        qualified = f"{arn}:{version}"
        gateway = f"arn:aws:apigateway:{aws.region}:lambda:path"
        told: Props = {
            "arn": arn,
            "name": said["FunctionName"],
            "role": said["Role"],
            "packageType": said.get("PackageType", "Zip"),
            "runtime": said.get("Runtime") or None,
            "handler": said.get("Handler") or None,
            "description": said.get("Description", ""),
            "memorySize": said["MemorySize"],
            "timeout": said["Timeout"],
            "architectures": said.get("Architectures") or ["x86_64"],
            "environment": {"variables": variables} if (variables := _variables(said)) else None,
            "layers": [layer["Arn"] for layer in said.get("Layers", ())],
            "ephemeralStorage": {"size": (said.get("EphemeralStorage") or {}).get("Size", 512)},
            "tracingConfig": {"mode": (said.get("TracingConfig") or {}).get("Mode", "PassThrough")},
            "loggingConfig": _logging(said),
            "imageUri": (found.get("Code") or {}).get("ImageUri"),
            "reservedConcurrentExecutions": (found.get("Concurrency") or {}).get(
                "ReservedConcurrentExecutions", ANYTHING
            ),
            "version": version,
            "lastModified": said["LastModified"],
            "invokeArn": f"{gateway}/2015-03-31/functions/{arn}/invocations",
            "responseStreamingInvokeArn": f"{gateway}/2021-11-15/functions/{arn}/response-streaming-invocations",
            "qualifiedArn": qualified,
            "qualifiedInvokeArn": f"{gateway}/2015-03-31/functions/{qualified}/invocations",
            "sourceCodeSize": said.get("CodeSize", 0),
            "codeSha256": said.get("CodeSha256", ""),
            "signingJobArn": "",
            "signingProfileVersionArn": "",
            "tagsAll": {key: value for key, value in found.get("Tags", {}).items() if not key.startswith("aws:")},
        }
        return told | {key: known[key] for key in _NOT_TOLD if known and key in known}

    def update(self, aws: Aws, id_: str, old: Props, new: Props, changed: frozenset[str]) -> None:
        functions = aws.client(SERVICE)
        with doing(f"updating Lambda Function ({id_}) configuration", SERVICE):
            if settings := changed & _CONFIGURATION:
                functions.update_function_configuration(FunctionName=id_, **_configuration(new, settings))
        with doing(f"updating Lambda Function ({id_}) code", SERVICE):
            if changed & _CODE:
                architectures = {"Architectures": new["architectures"]} if "architectures" in changed else {}
                functions.update_function_code(FunctionName=id_, **_code(new), **architectures)
        with doing(f"setting Lambda Function ({id_}) concurrency", SERVICE):
            if "reservedConcurrentExecutions" in changed:
                if (reserved := new.get("reservedConcurrentExecutions", ANYTHING)) >= 0:
                    functions.put_function_concurrency(FunctionName=id_, ReservedConcurrentExecutions=reserved)
                else:
                    functions.delete_function_concurrency(FunctionName=id_)
        with doing(f"publishing Lambda Function ({id_}) version", SERVICE):
            if new.get("publish") and changed & (_CONFIGURATION | _CODE | {"publish"}):
                functions.publish_version(FunctionName=id_)
        with doing(f"updating tags for Lambda Function ({id_})", SERVICE):
            before, after = old.get("tagsAll") or {}, new.get("tagsAll") or {}
            if gone := [key for key in before if key not in after]:
                functions.untag_resource(Resource=old["arn"], TagKeys=gone)
            if added := {key: value for key, value in after.items() if before.get(key) != value}:
                functions.tag_resource(Resource=old["arn"], Tags=added)

    def delete(self, aws: Aws, id_: str, old: Props) -> None:
        if old.get("skipDestroy"):
            return
        with doing(f"deleting Lambda Function ({id_})", SERVICE):
            try:
                aws.client(SERVICE).delete_function(FunctionName=id_)
            except ClientError as error:
                if code_of(error) != "ResourceNotFound":
                    raise


def _retried(call: Callable[[], Any], codes: tuple[str, ...]) -> Any:
    """A call tried again for a moment, where the provider tries for minutes."""
    for left in reversed(range(TRIES)):
        try:
            return call()
        except ClientError as error:
            if code_of(error) not in codes or not left:
                raise
            time.sleep(PAUSE)
    raise AssertionError


def _code(new: Props) -> Props:
    if new.get("imageUri"):
        return {"ImageUri": new["imageUri"]}
    if new.get("s3Bucket"):
        keys = (("S3Bucket", "s3Bucket"), ("S3Key", "s3Key"), ("S3ObjectVersion", "s3ObjectVersion"))
        return {api: new[key] for api, key in keys if new.get(key)}
    return {"ZipFile": zip_bytes(new["code"])}


def _configuration(new: Props, names: Iterable[str], *, creating: bool = False) -> Props:
    """The settings as the API takes them; what the program dropped goes back to nothing."""
    given: Props = {}
    for name in names:
        value, key = new.get(name), name[0].upper() + name[1:]
        match name:
            case "environment":
                variables = (value or {}).get("variables") or {}
                if variables or not creating:
                    given["Environment"] = {"Variables": variables}
            case "layers":
                if value or not creating:
                    given["Layers"] = value or []
            case "description":
                given["Description"] = value or ""
            case "ephemeralStorage" | "tracingConfig" | "deadLetterConfig" | "loggingConfig":
                if value:
                    given[key] = {part[0].upper() + part[1:]: inner for part, inner in value.items()}
            case "imageConfig":
                if value:
                    words = (
                        ("Command", "commands"),
                        ("EntryPoint", "entryPoints"),
                        ("WorkingDirectory", "workingDirectory"),
                    )
                    given[key] = {api: value[part] for api, part in words if value.get(part)}
            case "kmsKeyArn":
                if value:
                    given["KMSKeyArn"] = value
            case "handler" | "runtime":
                if value and new["packageType"] == "Zip":
                    given[key] = value
            case _:
                given[key] = value
    return given


def _variables(said: Props) -> Props:
    return (said.get("Environment") or {}).get("Variables") or {}


def _logging(said: Props) -> Props:
    config = said.get("LoggingConfig") or {}
    return {
        "logFormat": config.get("LogFormat", "Text"),
        "logGroup": config.get("LogGroup", f"/aws/lambda/{said['FunctionName']}"),
        "applicationLogLevel": config.get("ApplicationLogLevel", ""),
        "systemLogLevel": config.get("SystemLogLevel", ""),
    }


def _verify(new: Props) -> str | None:
    if sum(bool(new.get(key)) for key, _ in _SOURCES) != 1:
        names = ",".join(name for _, name in _SOURCES)
        return f'Invalid combination of arguments. "filename": one of `{names}` must be specified'
    if new.get("packageType") == "Zip" and not (new.get("handler") and new.get("runtime")):
        return "handler and runtime must be set when PackageType is Zip"
    return None


def _follows(new: Props, changed: frozenset[str]) -> Iterable[str]:
    if changed & _CODE:
        yield "lastModified"
    if new.get("publish") and changed & (_CONFIGURATION | _CODE | {"publish"}):
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
        "role": string(required=True),
        "packageType": string(default="Zip", force_new=True),
        "code": archive(same=same_archive),
        "sourceCodeHash": string(computed=True),
        "s3Bucket": string(),
        "s3Key": string(),
        "s3ObjectVersion": string(),
        "imageUri": string(),
        "imageConfig": block(
            {"commands": list_of(string()), "entryPoints": list_of(string()), "workingDirectory": string()}
        ),
        "runtime": string(),
        "handler": string(),
        "description": string(),
        "architectures": list_of(string(), computed=True),
        "memorySize": integer(128, 10_240, default=128),
        "timeout": integer(1, 900, default=3),
        "environment": block({"variables": mapping()}),
        "layers": list_of(string()),
        "publish": boolean(),
        "skipDestroy": boolean(),
        "kmsKeyArn": string(),
        "reservedConcurrentExecutions": Property(Kind.INT, default=ANYTHING),
        "ephemeralStorage": block({"size": integer(512, 10_240, computed=True)}, computed=True),
        "tracingConfig": block({"mode": string(required=True)}, computed=True),
        "deadLetterConfig": block({"targetArn": string(required=True)}),
        "loggingConfig": block(
            {
                "logFormat": string(required=True),
                "logGroup": string(computed=True),
                "applicationLogLevel": string(computed=True),
                "systemLogLevel": string(computed=True),
            },
            computed=True,
        ),
    },
    _Function(),
    tagged=True,
    verify=_verify,
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
            _retried(lambda: functions.add_permission(**given), ("ResourceConflict", "ResourceNotFound"))
        return str(new["statementId"])

    def read(self, aws: Aws, id_: str, known: Props | None) -> Props | None:
        if known is None:
            return None
        qualifier = {"Qualifier": known["qualifier"]} if known.get("qualifier") else {}
        with doing(f"reading Lambda Permission ({known['function']}/{id_})", SERVICE):
            try:
                policy = aws.client(SERVICE).get_policy(FunctionName=known["function"], **qualifier)["Policy"]
            except ClientError as error:
                if code_of(error) == "ResourceNotFound":
                    return None
                raise
        said = next((s for s in json.loads(policy)["Statement"] if s.get("Sid") == id_), None)
        if said is None:
            return None
        principal, condition = said["Principal"], said.get("Condition", {})
        if isinstance(principal, dict):
            principal = principal.get("AWS") or principal.get("Service")
        found = said["Resource"].split(":function:")[-1].partition(":")[2]
        return {
            "statementId": id_,
            "function": known["function"],
            "action": said["Action"],
            "principal": principal,
            "qualifier": found or known.get("qualifier"),
            "sourceArn": _in_condition(condition, "ArnLike", "AWS:SourceArn"),
            "sourceAccount": _in_condition(condition, "StringEquals", "AWS:SourceAccount"),
        }

    def update(self, aws: Aws, id_: str, old: Props, new: Props, changed: frozenset[str]) -> None:
        raise AssertionError(f"{id_}: every property of a permission replaces it")

    def delete(self, aws: Aws, id_: str, old: Props) -> None:
        qualifier = {"Qualifier": old["qualifier"]} if old.get("qualifier") else {}
        with doing(f"removing Lambda Permission ({old['function']}/{id_})", SERVICE):
            try:
                aws.client(SERVICE).remove_permission(FunctionName=old["function"], StatementId=id_, **qualifier)
            except ClientError as error:
                if code_of(error) != "ResourceNotFound":
                    raise


def _in_condition(condition: Props, operator: str, key: str) -> Any:
    """A condition's value; its keys are not case-sensitive."""
    return next((v for k, v in condition.get(operator, {}).items() if k.lower() == key.lower()), None)


def _imported(id_: str) -> tuple[str, Props | None]:
    """`FUNCTION/STATEMENT` or `FUNCTION:QUALIFIER/STATEMENT`."""
    function, slash, statement = id_.partition("/")
    if not slash or not function or not statement:
        raise AwsFailure(
            f'Unexpected format of ID ("{id_}"), expected FUNCTION_NAME/STATEMENT_ID or '
            "FUNCTION_NAME:QUALIFIER/STATEMENT_ID"
        )
    name, _, qualifier = function.partition(":")
    return statement, {"function": name, **({"qualifier": qualifier} if qualifier else {})}


PERMISSION = ResourceType(
    "aws:lambda/permission:Permission",
    {
        "action": string(required=True, force_new=True),
        "function": string(required=True, force_new=True),
        "principal": string(required=True, force_new=True),
        "statementId": string(computed=True, force_new=True, auto_name=100),
        **{
            name: string(force_new=True)
            for name in (
                *("sourceArn", "sourceAccount", "qualifier", "eventSourceToken", "principalOrgId"),
                "functionUrlAuthType",
            )
        },
    },
    _Permission(),
    imported=_imported,
)
