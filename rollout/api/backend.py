"""Where Pulumi keeps its state, and what an engine must know of a sandbox."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from rollout.api.ports import Provider, Sandbox
from rollout.base.private import HOME, private_folder
from rollout.errors import SandboxError
from rollout.inventory.model import Environment

CI_VARIABLES = ("CI", "TF_BUILD", "JENKINS_URL", "CODEBUILD_BUILD_ID", "TEAMCITY_VERSION")
"""What CI services set: most of them `CI`, Azure, Jenkins, CodeBuild and TeamCity a variable of their own."""


def is_ci(environ: Mapping[str, str]) -> bool:
    """Whether this runs in a CI service."""
    return any(environ.get(name, "").lower() not in ("", "0", "false") for name in CI_VARIABLES)


def backend(environment: Environment, sandbox: Sandbox | None) -> str:
    """Where Pulumi keeps its state, as a URL; a local folder is made, for its owner alone.

    Raises:
        SandboxError: The sandbox has no folder.
    """
    if sandbox is None and environment.backend and environment.backend != "file://":
        return environment.backend
    home = sandbox.folder if sandbox else environment.root / HOME
    if home is None:
        raise SandboxError(
            "this sandbox has no folder to keep Pulumi's state in",
            hint="start it with one: Sandbox.start(folder)",
            code="sandbox-without-folder",
        )
    return private_folder(home.resolve() / "state").as_uri()


def backend_warning(environment: Environment) -> str | None:
    """Why the state won't be there for the next run: CI keeps no folder, in the sandbox as little as on AWS."""
    place = environment.backend or "file://"
    if not place.startswith("file://") or not is_ci(os.environ):
        return None
    return (
        "this is CI, which seldom keeps a folder, and the state is in one; without it nobody knows who holds the "
        f'rules: in [environments.{environment.name}] name a backend, such as backend = "s3://BUCKET/rollout"'
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
