"""What the extra `sandbox` installs, without which this package can start nothing."""

from __future__ import annotations

from rollout.base.packages import how_to_install, missing_of
from rollout.errors import SandboxError


def require() -> None:
    """See that it is there.

    Raises:
        SandboxError: It isn't.
    """
    if missing := missing_of("sandbox"):
        raise SandboxError(
            f"the sandbox needs {' and '.join(missing)}", hint=how_to_install("sandbox"), code="extra-missing"
        )
