"""Who runs rollout, as history and the marks of rollbacks name them."""

from __future__ import annotations

import getpass
import os
import socket

MAX_NAME = 200
"""Characters of a name in history."""


def who() -> str:
    """The user for history: a CI system's actor or the user, and the host; on Lambda the function."""
    if function := os.environ.get("AWS_LAMBDA_FUNCTION_NAME"):
        return f"{function}@lambda"[:MAX_NAME]
    actor = os.environ.get("GITHUB_ACTOR") or os.environ.get("GITLAB_USER_LOGIN")
    try:
        user = actor or getpass.getuser()
    except (KeyError, OSError):  # a container's user may have no name
        user = f"user {os.getuid()}"
    return f"{user}@{socket.gethostname()}"[:MAX_NAME]
