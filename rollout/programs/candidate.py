"""The candidate's functions: everything but listener rules, so that no request reaches them yet.

Nothing is exported: the routing program looks up target groups by name, whatever stack built them.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from pulumi import FileArchive

from rollout.inventory.aliases import AliasTarget
from rollout.inventory.functions import Function, existing_role
from rollout.inventory.model import ProgramInput
from rollout.programs.components.http_lambda import AliasArgs, HttpLambda, HttpLambdaArgs, ImagePackage, ZipPackage
from rollout.programs.rights import aws_policies, statements


def program(given: ProgramInput) -> None:
    """The candidate stack: every function of the inventory with its target groups."""
    for key, function in given.environment.functions.items():
        HttpLambda(
            key,
            HttpLambdaArgs(
                function_name=function.name or key,
                package=_package(function, given.environment.root),
                target_groups=function.target_groups,
                architecture=function.architecture,
                memory_size=function.memory_size,
                timeout=function.timeout,
                environment=function.environment,
                log_retention_days=function.log_retention_days,
                settings=_settings(function),
                role=existing_role(function, given.environment.account, given.environment.region),
                role_name=function.role_name,
                permissions_boundary=function.permissions_boundary,
                aws_policies=aws_policies(function),
                policies=function.policies,
                statements=statements(function),
                multi_value_headers=given.multi_value_headers,
                alias=_alias(function, given.aliases.get(key)),
                tags={**function.tags, **given.mark},
            ),
        )


def _alias(function: Function, target: AliasTarget | None) -> AliasArgs | None:
    if function.alias is None:
        return None
    new = AliasArgs(name=function.alias, provisioned=function.provisioned_concurrency)
    if target is None:
        return new
    return replace(
        new,
        version=target.version,
        shares={target.beside[0]: target.beside[1].share} if target.beside else {},
        description=target.description or "",
        at_once=target.at_once,
    )


def _settings(function: Function) -> dict[str, Any]:
    """What only some functions have, as pulumi-aws takes it."""
    vpc, files, image = function.vpc, function.file_system, function.image
    optional = {
        "layers": list(function.layers),
        "kms_key_arn": function.kms_key,
        "vpc_config": vpc and {"subnet_ids": list(vpc.subnets), "security_group_ids": list(vpc.security_groups)},
        "file_system_config": files and {"arn": files.arn, "local_mount_path": files.path},
        "snap_start": function.snap_start and {"apply_on": "PublishedVersions"},
        "dead_letter_config": function.dead_letter and {"target_arn": function.dead_letter},
        "image_config": image
        and {
            "commands": list(image.command) or None,
            "entry_points": list(image.entry_point) or None,
            "working_directory": image.working_directory,
        },
    }
    return {
        # the provider leaves these two as they are where a program doesn't give them
        "ephemeral_storage": {"size": function.ephemeral_storage},
        "tracing_config": {"mode": function.tracing},
        "reserved_concurrent_executions": function.reserved_concurrency,
        **{name: value for name, value in optional.items() if value},
    }


def _package(function: Function, root: Path) -> ZipPackage | ImagePackage:
    if function.package_type == "Image":
        return ImagePackage(function.image_uri or "")
    return ZipPackage(FileArchive(str(root / (function.code or ""))), function.runtime or "", function.handler or "")
