"""The backend of Pulumi's state, and an engine's settings for a sandbox."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from rollout.api.ports import Provider, Sandbox
from rollout.base.private import HOME, private_folder
from rollout.errors import SandboxError
from rollout.inventory.model import Environment

CI_VARIABLES = ("CI", "TF_BUILD", "JENKINS_URL", "CODEBUILD_BUILD_ID", "TEAMCITY_VERSION")
"""Variables of CI services: most set `CI`; Azure, Jenkins, CodeBuild and TeamCity set others."""


def is_ci(environ: Mapping[str, str]) -> bool:
    """Whether this runs in a CI service."""
    return any(environ.get(name, "").lower() not in ("", "0", "false") for name in CI_VARIABLES)


def backend(environment: Environment, sandbox: Sandbox | None) -> str:
    """The URL of Pulumi's backend; a local folder is created, only for its owner.

    Raises:
        SandboxError: The sandbox has no folder.
    """
    place = environment.backend or "file://"
    if sandbox is None and place != "file://":
        return place
    if sandbox and place.startswith("s3://"):
        return in_sandbox(place, environment.region, sandbox.endpoint)
    home = sandbox.folder if sandbox else environment.root / HOME
    if home is None:
        raise SandboxError(
            "this sandbox has no folder for Pulumi's state",
            hint="start it with a folder: Sandbox.start(folder)",
            code="sandbox-without-folder",
        )
    return private_folder(home.resolve() / "state").as_uri()


def in_sandbox(bucket: str, region: str, endpoint: str) -> str:
    """The URL of a bucket of the same name in a sandbox's S3; none of its other parameters stays."""
    parts = urlsplit(bucket)
    said = dict(parse_qsl(parts.query))
    kept = {"region": said.get("region", region), "endpoint": endpoint, "s3ForcePathStyle": "true"}
    return urlunsplit(parts._replace(query=urlencode(kept)))


def backend_warning(environment: Environment) -> str | None:
    """Why the next run may not find the state: CI keeps no folder, neither on AWS nor in the sandbox."""
    place = environment.backend or "file://"
    if not place.startswith("file://") or not is_ci(os.environ):
        return None
    return (
        "the state is in a folder, which CI seldom keeps; without the state no stack manages the "
        f'rules: set a backend in [environments.{environment.name}], such as backend = "s3://BUCKET/rollout"'
    )


def sandbox_variables(
    environment: Environment, sandbox: Sandbox | None, account: str, provider: Provider
) -> dict[str, str]:
    """The variables that lead an engine to the sandbox, which may read the checkout and functions' code."""
    if sandbox is None:
        return {}
    root = environment.root
    code = [root / function.code for function in environment.functions.values() if function.code]
    return dict(sandbox.environ(account, environment.region, provider, [_checkout(root), *code]))


def _checkout(folder: Path) -> Path:
    """The checkout that a folder is in; the folder where it is in none."""
    found = folder.resolve()
    return next((each for each in (found, *found.parents) if (each / ".git").exists()), found)
