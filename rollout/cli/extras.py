"""Commands and the sandbox that other packages provide by entry points.

`rollout_sandbox` imports this package, so nothing here imports it. Reading entry points is slow: `--help` and
completion don't.
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
    from importlib.metadata import distribution, entry_points

    try:
        ours = distribution("rollout").entry_points.select(group=group)
        return (ours if name in ours.names else entry_points(group=group))[name].load()  # of all that is installed
    except (KeyError, ModuleNotFoundError) as error:
        lacks = f": there is no {error.name}" if isinstance(error, ModuleNotFoundError) else ""
        raise SandboxError(
            f"the sandbox is not installed{lacks}", hint=how_to_install("sandbox"), code="extra-missing"
        ) from error
