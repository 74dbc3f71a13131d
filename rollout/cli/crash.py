"""Unexpected errors: one line, a separate exit code and a report in a file, never a traceback.

A report has the place and the calls, but no values of variables and no known secrets. Only the user can read it.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from rollout import __version__
from rollout.base.packages import PACKAGES
from rollout.base.printable import one_line, printable
from rollout.errors import Defect, RolloutError
from rollout.errors.redaction import redacted

KEPT = 20
"""Reports; older ones go."""
_LONGEST = 200_000


def defect(error: BaseException) -> Defect:
    """What is to be said of something unforeseen, its report written. Raises nothing."""
    name = type(error).__name__
    place = _place(error)
    try:
        report = _write(report_on(error, sys.argv))
    except Exception as why:  # noqa: BLE001 - what failed already is what is told
        reason = (why.strerror if isinstance(why, OSError) else None) or type(why).__name__
        return Defect(f"rollout has a defect: {name} at {place}", hint=f"no report could be written: {reason}")
    return Defect(
        f"rollout has a defect: {name} at {place}",
        hint=f"{report} has the details, without known secrets: read it, and report it",
    )


def report_on(error: BaseException, command: Sequence[str]) -> str:
    """A report's text."""
    import platform
    import shlex
    import traceback

    lines = [
        f"rollout {__version__}, Python {platform.python_version()}, {platform.platform()}",
        f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC",
        shlex.join(command),
        "",
        *traceback.TracebackException.from_exception(error).format(),
    ]
    return redacted(printable("\n".join(lines)))[:_LONGEST]


def report_anything(error: BaseException) -> int:
    """Tell of what escaped every command, on standard error as well as that goes; the exit code."""
    told = error if isinstance(error, RolloutError) else defect(error)
    with suppress(Exception):
        sys.stderr.write(
            f"✗ {one_line(told.what)} [{told.code}]\n" + (f"  → {one_line(told.hint)}\n" if told.hint else "")
        )
        sys.stderr.flush()
    return told.exit_code


def watch_threads() -> None:
    """A thread that nobody waits for tells of its end in a line, too."""
    threading.excepthook = lambda ended: ended.exc_value and report_anything(ended.exc_value) and None


def _place(error: BaseException) -> str:
    """The innermost place in our own code."""
    import traceback

    below = Path(__file__).parents[2]
    frames = traceback.extract_tb(error.__traceback__)
    found = next((each for each in reversed(frames) if _package(each.filename, below) in PACKAGES), None)
    return f"{Path(found.filename).relative_to(below)}:{found.lineno}" if found else "a place outside of it"


def _package(file: str, below: Path) -> str | None:
    return Path(file).relative_to(below).parts[0] if Path(file).is_relative_to(below) else None


def _write(text: str) -> Path:
    import platformdirs

    folder = platformdirs.user_state_path("rollout") / "crashes"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    file = folder / f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{os.getpid()}-{threading.get_ident() % 10_000}.txt"
    handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8", errors="replace") as opened:
        os.fchmod(handle, 0o600)
        opened.write(text)
    for old in sorted(folder.glob("*.txt"))[:-KEPT]:
        old.unlink(missing_ok=True)
    return file
