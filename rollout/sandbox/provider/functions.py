"""Lambda functions and who may invoke them.

https://www.pulumi.com/registry/packages/aws/api-docs/lambda/function/
https://www.pulumi.com/registry/packages/aws/api-docs/lambda/permission/
"""



from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

from botocore.exceptions import ClientError
from botocore.loaders import create_loader

from rollout.sandbox.provider.archives import zip_bytes
from rollout.sandbox.provider.aws import Aws, code_of, doing
from rollout.sandbox.provider.patience import Ignoring, trying
from rollout.sandbox.provider.schema import (
    Props,
)
from rollout.sandbox.provider.tagging import changed_tags, own_tags

_GONE = "ResourceNotFound"
_LATEST = "$LATEST"
_NAME = r"(arn:[\w-]+:lambda:)?([a-z]{2}-(?:[a-z]+-){1,2}\d:)?(\d{12}:)?(function:)?[\w-]+(:(\$LATEST|[\w-]+))?"
_LONGEST_NAME = 64
_NOT_YET = re.compile("cannot be assumed by Lambda|does not have permissions|throttled by EC2")

_CODE = frozenset(
    {"code", "codeSha256", "sourceCodeHash", "s3Bucket", "s3Key", "s3ObjectVersion", "imageUri", "architectures"}
)


def _enumerated(shape: str) -> Callable[[str], str | None]:
    """Refuses what isn't among the values that Lambda's API lists."""

    def refuse(value: str) -> str | None:
        allowed = _lambda_shapes()[shape]["enum"]
        if value in allowed:
            return None
        return f"expected {{path}} to be one of [{' '.join(map(json.dumps, allowed))}], got {value}"

    return refuse


@cache
def _lambda_shapes() -> Any:
    return create_loader().load_service_model("lambda", "service-2")["shapes"]


def _refuse_name(name: str) -> str | None:
    if not re.fullmatch(_NAME, name, re.ASCII):
        return "invalid value for function_name (must be valid function name or function ARN)"
    if len(name) > _LONGEST_NAME and not name.startswith("arn:"):
        return f"expected length of function_name to be in the range (1 - {_LONGEST_NAME}), got {name}"
    return None


def _refuse_concurrency(value: int) -> str | None:
    return None if value >= -1 else f"expected {{path}} to be at least (-1), got {value}"


def _matching(pattern: str, longest: int = 100) -> Callable[[str], str | None]:
    def refuse(value: str) -> str | None:
        if len(value) > longest:
            return f'"{{path}}" cannot be longer than {longest} characters: "{value}"'
        if not re.fullmatch(pattern, value):
            return f'"{{path}}" doesn\'t comply with restrictions ("^{pattern}$"): "{value}"'
        return None

    return refuse


def _environment(value: Props | None) -> Props:
    return {"Variables": (value or {}).get("variables") or {}}


def _image(value: Props | None) -> Props:
    value = value or {}
    return {
        "Command": value.get("commands") or [],
        "EntryPoint": value.get("entryPoints") or [],
        "WorkingDirectory": value.get("workingDirectory") or "",
    }


def _logging(value: Props | None) -> Props:
    return {key[0].upper() + key[1:]: given for key, given in (value or {"logFormat": "Text"}).items() if given}


# How the configuration goes into CreateFunction and UpdateFunctionConfiguration, also where a property was taken away.
_CONFIGURATION: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "deadLetterConfig": ("DeadLetterConfig", lambda value: {"TargetArn": (value or {}).get("targetArn", "")}),
    "description": ("Description", lambda value: value or ""),
    "environment": ("Environment", _environment),
    "ephemeralStorage": ("EphemeralStorage", lambda value: {"Size": (value or {}).get("size", 512)}),
    "handler": ("Handler", lambda value: value or ""),
    "imageConfig": ("ImageConfig", _image),
    "kmsKeyArn": ("KMSKeyArn", lambda value: value or ""),
    "layers": ("Layers", lambda value: value or []),
    "loggingConfig": ("LoggingConfig", _logging),
    "memorySize": ("MemorySize", lambda value: value),
    "role": ("Role", lambda value: value),
    "runtime": ("Runtime", lambda value: value),
    "timeout": ("Timeout", lambda value: value),
    "tracingConfig": ("TracingConfig", lambda value: {"Mode": (value or {}).get("mode", "PassThrough")}),
}


def _not_yet(error: ClientError) -> bool:
    return code_of(error) == "ResourceConflict" or bool(
        code_of(error) == "InvalidParameterValue" and _NOT_YET.search(str(error))
    )


def _code(new: Props) -> Props:
    if new.get("code"):
        return {"ZipFile": zip_bytes(new["code"])}
    if new.get("imageUri"):
        return {"ImageUri": new["imageUri"]}
    given = {"S3Bucket": new.get("s3Bucket"), "S3Key": new.get("s3Key"), "S3ObjectVersion": new.get("s3ObjectVersion")}
    return {key: value for key, value in given.items() if value}


class _Function:
    def create(self, aws: Aws, new: Props) -> str:
        client, name, zipped = aws.client("lambda"), str(new["name"]), new["packageType"] == "Zip"
        given = {"Description": ""}
        for key, (argument, told) in _CONFIGURATION.items():
            if new.get(key) and (zipped or key not in ("handler", "runtime")):
                given[argument] = told(new[key])
        if new.get("architectures"):
            given["Architectures"] = new["architectures"]
        with doing(f"creating Lambda Function ({name})", "lambda"):
            trying(
                lambda: client.create_function(
                    FunctionName=name,
                    PackageType=new["packageType"],
                    Code=_code(new),
                    Publish=bool(new.get("publish")),
                    Tags=new.get("tagsAll") or {},
                    **given,
                ),
                again=_not_yet,
            )
        if new.get("reservedConcurrentExecutions", -1) >= 0:
            _reserve(aws, name, new["reservedConcurrentExecutions"])
        return name

    def read(self, aws: Aws, id_: str, known: Props | None) -> Props | None:
        client = aws.client("lambda")
        with doing(f"reading Lambda Function ({id_})", "lambda"), Ignoring(_GONE):
            answer = client.get_function(FunctionName=id_)
            pages = client.get_paginator("list_versions_by_function").paginate(FunctionName=id_)
            last = [version for page in pages for version in page["Versions"]][-1]
            return {**_configuration(answer["Configuration"], known or {}), **_about(aws, answer, last, known or {})}
        return None

    def update(self, aws: Aws, id_: str, old: Props, new: Props, changed: frozenset[str]) -> None:
        client, arn = aws.client("lambda"), old["arn"]
        gone, tags = changed_tags(old, new)
        with doing(f"updating tags for Lambda Function ({id_})", "lambda"):
            if gone:
                client.untag_resource(Resource=arn, TagKeys=gone)
            if tags:
                client.tag_resource(Resource=arn, Tags=tags)
        configuration = {
            argument: told(new.get(key)) for key, (argument, told) in _CONFIGURATION.items() if key in changed
        }
        if configuration:
            with doing(f"updating Lambda Function ({id_}) configuration", "lambda"):
                trying(lambda: client.update_function_configuration(FunctionName=id_, **configuration), again=_not_yet)
        if changed & _CODE:
            architectures = {"Architectures": new["architectures"]} if "architectures" in changed else {}
            with doing(f"updating Lambda Function ({id_}) code", "lambda"):
                client.update_function_code(FunctionName=id_, **_code(new), **architectures)
        if "reservedConcurrentExecutions" in changed:
            _reserve(aws, id_, new["reservedConcurrentExecutions"])
        if new.get("publish") and (configuration or changed & {*_CODE, "publish"}):
            with doing(f"publishing Lambda Function ({id_}) version", "lambda"):
                client.publish_version(FunctionName=id_)

    def delete(self, aws: Aws, id_: str, old: Props) -> None:
        if old.get("skipDestroy"):
            return
        with doing(f"deleting Lambda Function ({id_})", "lambda"), Ignoring(_GONE):
            aws.client("lambda").delete_function(FunctionName=id_)


def _reserve(aws: Aws, name: str, executions: int) -> None:
    client = aws.client("lambda")
    if executions >= 0:
        with doing(f"setting Lambda Function ({name}) concurrency", "lambda"):
            client.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=executions)
    else:
        with doing(f"deleting Lambda Function ({name}) concurrency", "lambda"):
            client.delete_function_concurrency(FunctionName=name)


def _configuration(told: Props, known: Props) -> Props:
    """What a program may set; absent values are None, lest the program's own be taken for AWS's."""
    name, dead_letters = told["FunctionName"], told.get("DeadLetterConfig")
    image = told.get("ImageConfigResponse", {}).get("ImageConfig")
    variables = told.get("Environment", {}).get("Variables")
    logging = {key[0].lower() + key[1:]: value for key, value in told.get("LoggingConfig", {}).items()}
    return {
        "architectures": told.get("Architectures", ["x86_64"]),
        "deadLetterConfig": {"targetArn": dead_letters["TargetArn"]} if dead_letters else None,
        "description": told.get("Description", ""),
        "environment": {"variables": variables} if variables else None,
        "ephemeralStorage": {"size": told.get("EphemeralStorage", {}).get("Size", 512)},
        "handler": told.get("Handler", ""),
        "imageConfig": {
            "commands": image.get("Command", []),
            "entryPoints": image.get("EntryPoint", []),
            "workingDirectory": image.get("WorkingDirectory", ""),
        }
        if image
        else None,
        "kmsKeyArn": told.get("KMSKeyArn", ""),
        "layers": [layer["Arn"] for layer in told.get("Layers", ())],
        "loggingConfig": {  # moto keeps none
            "logFormat": "Text",
            "logGroup": f"/aws/lambda/{name}",
            "applicationLogLevel": "",
            "systemLogLevel": "",
            **(logging or known.get("loggingConfig") or {}),
        },
        "memorySize": told["MemorySize"],
        "name": name,
        "packageType": told.get("PackageType", "Zip"),
        "role": told["Role"],
        "runtime": told.get("Runtime", ""),
        "timeout": told["Timeout"],
        "tracingConfig": {"mode": told.get("TracingConfig", {}).get("Mode", "PassThrough")},
    }


def _about(aws: Aws, answer: Props, last: Props, known: Props) -> Props:
    """What AWS gives beside the configuration; `last` is the version that was published last."""
    told = answer["Configuration"]
    arn = ":".join(told["FunctionArn"].split(":")[:7])
    qualified = f"{arn}:{last['Version']}"
    gateway = f"{arn.partition(':lambda:')[0]}:apigateway:{aws.region}:lambda:path"
    return {
        "arn": arn,
        "codeSha256": told["CodeSha256"],
        "imageUri": answer.get("Code", {}).get("ImageUri", ""),
        "invokeArn": f"{gateway}/2015-03-31/functions/{arn}/invocations",
        "lastModified": told["LastModified"],
        "qualifiedArn": qualified,
        "qualifiedInvokeArn": f"{gateway}/2015-03-31/functions/{qualified}/invocations",
        "reservedConcurrentExecutions": answer.get("Concurrency", {}).get("ReservedConcurrentExecutions", -1),
        "responseStreamingInvokeArn": f"{gateway}/2021-11-15/functions/{arn}/response-streaming-invocations",
        "signingJobArn": told.get("SigningJobArn", ""),
        "signingProfileVersionArn": told.get("SigningProfileVersionArn", ""),
        "sourceCodeHash": known.get("sourceCodeHash") or (known.get("code") or {}).get("hash", ""),
        "sourceCodeSize": told["CodeSize"],
        "tagsAll": own_tags(answer.get("Tags", {})),
        "version": last["Version"],
    }


def _verify(new: Props) -> str | None:
    terraform = {"code": "filename", "imageUri": "image_uri", "s3Bucket": "s3_bucket"}
    given = [argument for key, argument in terraform.items() if new.get(key)]
    known = ",".join(terraform.values())
    if not given:
        return f'Invalid combination of arguments. "filename": one of `{known}` must be specified'
    if len(given) > 1:
        return (
            f'Invalid combination of arguments. "{given[0]}": only one of `{known}` can be specified, '
            f"but `{','.join(given)}` were specified."
        )
    if new["packageType"] == "Zip" and not (new.get("handler") and new.get("runtime")):
        return "handler and runtime must be set when PackageType is Zip"
    return None


def _follows(new: Props, changed: frozenset[str]) -> Iterator[str]:
    if changed & _CODE:
        yield "lastModified"
    if new.get("publish") and changed & {*_CODE, *_CONFIGURATION, "publish"}:
        yield from ("version", "qualifiedArn", "qualifiedInvokeArn")
