"""What rollout writes to `logging`: each call of AWS and of the engine, each event.

A handler is somebody else's code, and may hang or fail: it gets the lines on a thread of their own, so that none stops
or delays a call. No line has a secret that is known, nor anything that acts on a terminal.
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
    """Write a line, soon; it costs next to nothing where nobody listens.

    Args:
        logger: One below `rollout`.
        message: With `%s` for each of the values.
        values: What is put into it.
        level: logging's.
        failed: Whether the exception that is being handled belongs to it.
    """
    if logger.isEnabledFor(level):
        file, line, function, _ = logger.findCaller(stacklevel=2)
        record = logger.makeRecord(
            logger.name, level, file, line, message, values, sys.exc_info() if failed else None, function
        )
        _ASIDE.submit(_write, logger, record)


def flush(seconds: float = 1.0) -> bool:
    """Wait until all lines so far are written, so many seconds at most; whether they are."""
    return DaemonPool.wait([_ASIDE.submit(int)], seconds)


def _write(logger: logging.Logger, record: logging.LogRecord) -> None:
    with suppress(Exception):  # a handler's own, which it should have seen to
        record.msg, record.args = redacted(one_line(record.getMessage())), ()
        if record.exc_info:
            # a formatter takes the text that is there
            record.exc_text = redacted(printable(_FORMAT.formatException(record.exc_info)))
        logger.handle(record)
