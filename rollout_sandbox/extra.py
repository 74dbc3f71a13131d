"""What the extra `sandbox` installs, without which this package can start nothing."""

from __future__ import annotations

from importlib.util import find_spec

from rollout.errors import SandboxError

PACKAGES = ("aiohttp", "moto")


def require() -> None:
    """See that it is there.

    Raises:
        SandboxError: It isn't.
    """
    if missing := [name for name in PACKAGES if find_spec(name) is None]:
        raise SandboxError(
            f"the sandbox needs {' and '.join(missing)}", hint='pip install "rollout[sandbox]"', code="extra-missing"
        )
