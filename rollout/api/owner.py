"""The other tool that manages the legacy rules, as an environment names it."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping

from rollout.adapters.owners import PulumiStack, Terraform, Tool
from rollout.adapters.pulumi.install.locate import require
from rollout.inventory.model import Environment
from rollout.migration.ports import LegacyOwner


def owner_of(
    environment: Environment, variables: Mapping[str, str], backend: Callable[[], str | None]
) -> LegacyOwner | None:
    """The owner; None if there is none.

    Args:
        variables: What leads its tool to a sandbox.
        backend: The backend of its Pulumi stack.

    Raises:
        EngineMissing, EngineTooOld: It is a Pulumi stack, and there is no engine that fits.
    """
    legacy, root = environment.legacy, environment.root
    if legacy.owner == "terraform":
        tool = Tool("terraform", root, variables={**variables, "TF_INPUT": "0", "CHECKPOINT_DISABLE": "1"})
        return Terraform(tool, legacy.directory, legacy.workspace, legacy.state)
    if legacy.owner == "pulumi" and legacy.stack:
        known = any(os.environ.get(f"PULUMI_CONFIG_PASSPHRASE{kind}") for kind in ("", "_FILE"))
        secret = {} if known else {"PULUMI_CONFIG_PASSPHRASE": ""}
        tool = Tool("pulumi", root, require().path, {**variables, **secret, "PULUMI_SKIP_UPDATE_CHECK": "true"})
        return PulumiStack(tool, legacy.stack, backend())
    return None
