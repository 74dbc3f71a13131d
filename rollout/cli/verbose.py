"""`rollout -v COMMAND`: logs on standard error; `-vv` logs more."""

from __future__ import annotations

import atexit
import logging
import sys
import time
from collections.abc import Callable

from rollout.base.log import flush


def begin(times: int) -> Callable[[], None]:
    """Write log lines from now on; those that nobody has read at the end are waited for, a second at most.

    Args:
        times: How often `-v` was given, 1 or more.

    Returns:
        What ends it: a process may run several commands.
    """
    logging.raiseExceptions = False  # standard error may be gone
    handler = logging.StreamHandler(sys.stderr)
    lines = logging.Formatter("%(asctime)s.%(msecs)03dZ %(name)s: %(message)s", datefmt="%H:%M:%S")
    lines.converter = time.gmtime
    handler.setFormatter(lines)
    logger = logging.getLogger("rollout")
    logger.addHandler(handler)
    before = logger.level
    logger.setLevel(logging.INFO if times == 1 else logging.DEBUG)
    atexit.register(flush)

    def end() -> None:
        flush()
        logger.removeHandler(handler)
        logger.setLevel(before)

    return end
