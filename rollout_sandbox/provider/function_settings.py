"""A Lambda function's settings and code, as programs write them and as the API takes and gives them."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from botocore.loaders import create_loader

from rollout_sandbox.provider.archives import zip_bytes
from rollout_sandbox.provider.aws import Aws
from rollout_sandbox.provider.schema import Props

UNRESERVED = -1
"""Concurrency that isn't reserved."""


CODE = frozenset(
    {"code", "codeSha256", "sourceCodeHash", "s3Bucket", "s3Key", "s3ObjectVersion", "imageUri", "architectures"}
)
"""The properties that UpdateFunctionCode changes."""

SOURCES = {"code": "filename", "imageUri": "image_uri", "s3Bucket": "s3_bucket"}
"""Where code may come from, by Terraform's names."""


def one_of(shape: str) -> Callable[[str], str | None]:
    """Refuses what isn't among the values that Lambda's API lists for a shape, such as `Runtime`."""

    def refuse(value: str) -> str | None:
        allowed = _shapes()[shape]["enum"]
        if value in allowed:
            return None
        return f"expected {{path}} to be one of [{' '.join(map(json.dumps, allowed))}], got {value}"

    return refuse


@cache
def _shapes() -> Any:
    return create_loader().load_service_model("lambda", "service-2")["shapes"]


def _image(given: Props | None) -> Props:
    given = given or {}
    return {
        "Command": given.get("commands") or [],
        "EntryPoint": given.get("entryPoints") or [],
        "WorkingDirectory": given.get("workingDirectory") or "",
    }


def _logging(given: Props | None) -> Props:
    return {key[0].upper() + key[1:]: value for key, value in (given or {"logFormat": "Text"}).items() if value}


def _network(given: Props | None) -> Props:
    """A function that leaves its VPC is told so by empty lists."""
    given = given or {}
    told = {"SubnetIds": given.get("subnetIds") or [], "SecurityGroupIds": given.get("securityGroupIds") or []}
    dual = given.get("ipv6AllowedForDualStack")
    return told if dual is None else {**told, "Ipv6AllowedForDualStack": dual}


def _files(given: Props | None) -> list[Props]:
    return [{"Arn": given["arn"], "LocalMountPath": given["localMountPath"]}] if given else []


_ARGUMENTS: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "deadLetterConfig": ("DeadLetterConfig", lambda given: {"TargetArn": (given or {}).get("targetArn", "")}),
    "description": ("Description", lambda given: given or ""),
    "environment": ("Environment", lambda given: {"Variables": (given or {}).get("variables") or {}}),
    "ephemeralStorage": ("EphemeralStorage", lambda given: {"Size": given["size"]}),
    "fileSystemConfig": ("FileSystemConfigs", _files),
    "handler": ("Handler", lambda given: given or ""),
    "imageConfig": ("ImageConfig", _image),
    "kmsKeyArn": ("KMSKeyArn", lambda given: given or ""),
    "layers": ("Layers", lambda given: given or []),
    "loggingConfig": ("LoggingConfig", _logging),
    "memorySize": ("MemorySize", lambda given: given),
    "role": ("Role", lambda given: given),
    "runtime": ("Runtime", lambda given: given),
    "snapStart": ("SnapStart", lambda given: {"ApplyOn": (given or {}).get("applyOn", "None")}),
    "timeout": ("Timeout", lambda given: given),
    "tracingConfig": ("TracingConfig", lambda given: {"Mode": given["mode"]}),
    "vpcConfig": ("VpcConfig", _network),
}
SETTINGS = frozenset(_ARGUMENTS)
"""The properties that UpdateFunctionConfiguration changes."""


def as_arguments(new: Props, names: Iterable[str]) -> Props:
    """Settings as CreateFunction and UpdateFunctionConfiguration take them; one that is gone becomes nothing."""
    return {argument: told(new.get(name)) for name, (argument, told) in _ARGUMENTS.items() if name in names}


def code_arguments(new: Props, roots: Collection[Path]) -> Props:
    """Code as CreateFunction and UpdateFunctionCode take it.

    Args:
        new: The function's inputs.
        roots: Folders and files that may be read.
    """
    if new.get("imageUri"):
        return {"ImageUri": new["imageUri"]}
    if new.get("s3Bucket"):
        keys = (("S3Bucket", "s3Bucket"), ("S3Key", "s3Key"), ("S3ObjectVersion", "s3ObjectVersion"))
        return {api: new[key] for api, key in keys if new.get(key)}
    return {"ZipFile": zip_bytes(new["code"], roots)}


def verify(new: Props) -> str | None:
    """What is wrong with the inputs as a whole."""
    if new["packageType"] == "Zip" and not (new.get("handler") and new.get("runtime")):
        return "handler and runtime must be set when PackageType is Zip"
    return None


def told_settings(answer: Props) -> Props:
    """Settings as GetFunction gives them; absent ones are None, lest the program's be taken for AWS's.

    Args:
        answer: GetFunction's answer.
    """
    told = answer["Configuration"]
    variables = told.get("Environment", {}).get("Variables")
    dead_letters = told.get("DeadLetterConfig", {}).get("TargetArn")
    image = told.get("ImageConfigResponse", {}).get("ImageConfig")
    logging = {key[0].lower() + key[1:]: value for key, value in told.get("LoggingConfig", {}).items()}
    return {
        "architectures": told.get("Architectures") or ["x86_64"],
        "deadLetterConfig": {"targetArn": dead_letters} if dead_letters else None,
        "description": told.get("Description", ""),
        "environment": {"variables": variables} if variables else None,
        "ephemeralStorage": {"size": told.get("EphemeralStorage", {}).get("Size", 512)},
        "fileSystemConfig": _told_files(told.get("FileSystemConfigs")),
        "handler": told.get("Handler", ""),
        "imageConfig": image
        and {
            "commands": image.get("Command", []),
            "entryPoints": image.get("EntryPoint", []),
            "workingDirectory": image.get("WorkingDirectory", ""),
        },
        "imageUri": answer.get("Code", {}).get("ImageUri", ""),
        "kmsKeyArn": told.get("KMSKeyArn", ""),
        "layers": [layer["Arn"] for layer in told.get("Layers", ())],
        "loggingConfig": {
            "logFormat": "Text",
            "logGroup": f"/aws/lambda/{told['FunctionName']}",
            "applicationLogLevel": "",
            "systemLogLevel": "",
            **logging,
        },
        "memorySize": told["MemorySize"],
        "name": told["FunctionName"],
        "packageType": told.get("PackageType", "Zip"),
        "reservedConcurrentExecutions": answer.get("Concurrency", {}).get("ReservedConcurrentExecutions", UNRESERVED),
        "role": told["Role"],
        "runtime": told.get("Runtime", ""),
        "snapStart": _told_snapshots(told.get("SnapStart", {})),
        "timeout": told["Timeout"],
        "tracingConfig": {"mode": told.get("TracingConfig", {}).get("Mode", "PassThrough")},
        "vpcConfig": _told_network(told.get("VpcConfig")),
    }


def _told_files(found: Sequence[Props] | None) -> Props | None:
    return {"arn": found[0]["Arn"], "localMountPath": found[0]["LocalMountPath"]} if found else None


def _told_snapshots(found: Props) -> Props | None:
    on = found.get("ApplyOn", "None")
    return None if on == "None" else {"applyOn": on, "optimizationStatus": found.get("OptimizationStatus", "Off")}


def _told_network(found: Props | None) -> Props | None:
    if not found or not found.get("SubnetIds"):
        return None
    return {
        "subnetIds": found["SubnetIds"],
        "securityGroupIds": found.get("SecurityGroupIds", []),
        "ipv6AllowedForDualStack": found.get("Ipv6AllowedForDualStack", False),
        "vpcId": found.get("VpcId", ""),
    }


def told_outputs(aws: Aws, told: Props, version: str, known: Props) -> Props:
    """What AWS alone gives.

    Args:
        aws: The account and region.
        told: GetFunction's `Configuration`.
        version: The version that was published last.
        known: The program's or the state's, whose hash of the code is kept.
    """
    arn = told["FunctionArn"].removesuffix(":$LATEST")
    qualified = f"{arn}:{version}"
    gateway = f"{arn.partition(':lambda:')[0]}:apigateway:{aws.region}:lambda:path"
    return {
        "arn": arn,
        "codeSha256": told["CodeSha256"],
        "invokeArn": f"{gateway}/2015-03-31/functions/{arn}/invocations",
        "lastModified": told["LastModified"],
        "qualifiedArn": qualified,
        "qualifiedInvokeArn": f"{gateway}/2015-03-31/functions/{qualified}/invocations",
        "responseStreamingInvokeArn": f"{gateway}/2021-11-15/functions/{arn}/response-streaming-invocations",
        "signingJobArn": "",
        "signingProfileVersionArn": "",
        "sourceCodeHash": known.get("sourceCodeHash") or (known.get("code") or {}).get("hash", ""),
        "sourceCodeSize": told["CodeSize"],
        "version": version,
    }
