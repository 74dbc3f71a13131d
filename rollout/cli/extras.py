"""What other packages bring by an entry point: the commands and the sandbox of the extra `sandbox`.

`rollout_sandbox` is built on this package, so nothing here imports it. Entry points take a while to read: `--help` and
completion do without.
"""

from __future__ import annotations

from typing import Any

from rollout.base.packages import how_to_install
from rollout.errors import SandboxError

COMMANDS, SANDBOXES = "rollout.commands", "rollout.sandboxes"


def brought(group: str, name: str) -> Any:
    """What an entry point names.

    Args:
        group: `COMMANDS`: a Typer app, or a function as those of this package. `SANDBOXES`: gives an
            `api.ports.Sandbox` by its folder.
        name: The entry point's.

    Raises:
        SandboxError: Nothing that is installed brings it, or it lacks something itself.
    """
    from importlib.metadata import entry_points

    try:
        return entry_points(group=group)[name].load()
    except (KeyError, ModuleNotFoundError) as error:
        lacks = f": there is no {error.name}" if isinstance(error, ModuleNotFoundError) else ""
        raise SandboxError(
            f"the sandbox isn't installed{lacks}", hint=how_to_install("sandbox"), code="extra-missing"
        ) from error
