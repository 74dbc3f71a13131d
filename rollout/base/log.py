"""Writes each call of AWS and of the engine, and each event, to `logging`.

A handler is foreign code and may hang or fail. It gets the lines in a separate thread, so that it never stops or delays
a call. Lines have no known secrets and no control characters.
"""

from __future__ import annotations

import logging
import sys
from contextlib import suppress

from rollout.base.printable import one_line, printable
from rollout.base.threads import DaemonPool
from rollout.errors.redaction import redacted

_ASIDE, _FORMAT = DaemonPool(1, "log"), logging.Formatter()


def note(
    logger: logging.Logger, message: str, *values: object, level: int = logging.INFO, failed: bool = False
) -> None:
    """Queue a line; almost free if the level is off.

    Args:
        logger: A logger below `rollout`.
        message: Has a `%s` for each value.
        failed: Whether to add the current exception.
    """
    if logger.isEnabledFor(level):
        file, line, function, _ = logger.findCaller(stacklevel=2)
        record = logger.makeRecord(
            logger.name, level, file, line, message, values, sys.exc_info() if failed else None, function
        )
        _ASIDE.submit(_write, logger, record)


def flush(seconds: float = 1.0) -> bool:
    """Wait for all lines so far, at most this many seconds; return whether they are written."""
    return DaemonPool.wait([_ASIDE.submit(int)], seconds)


def _write(logger: logging.Logger, record: logging.LogRecord) -> None:
    with suppress(Exception):  # the handler's own failure
        record.msg, record.args = redacted(one_line(record.getMessage())), ()
        if record.exc_info:
            # a formatter uses an existing text
            record.exc_text = redacted(printable(_FORMAT.formatException(record.exc_info)))
        logger.handle(record)
