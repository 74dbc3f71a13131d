"""The candidate's functions beside the legacy ones: everything but listener rules, so that no request reaches them yet.

Nothing is exported: routing looks target groups up by their names, and so works whoever built them.
"""

from __future__ import annotations

from pathlib import Path

from pulumi import FileArchive

from rollout.inventory.model import Function, ProgramInput
from rollout.programs.components.http_lambda import HttpLambda, HttpLambdaArgs, ImagePackage, ZipPackage


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
                role_name=function.role_name,
                permissions_boundary=function.permissions_boundary,
                multi_value_headers=given.multi_value_headers,
                tags=given.mark,
            ),
        )


def _package(function: Function, root: Path) -> ZipPackage | ImagePackage:
    if function.package_type == "Image":
        return ImagePackage(function.image_uri or "")
    return ZipPackage(FileArchive(str(root / (function.code or ""))), function.runtime or "", function.handler or "")
