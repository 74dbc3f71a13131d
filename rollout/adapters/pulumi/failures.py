"""Runs and failures of the engine's command line, for logs and errors; without Pulumi's SDK."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable, Sequence
from functools import wraps
from itertools import takewhile
from typing import ParamSpec, TypeVar

from rollout.base.log import note
from rollout.errors import EngineError, Problem

P = ParamSpec("P")
T = TypeVar("T")
_LOG = logging.getLogger("rollout.pulumi")


def note_run(arguments: Sequence[str], code: int, seconds: float) -> None:
    """Log a run of the engine: the command without its options, which may contain secrets."""
    command = " ".join(takewhile(lambda word: not word.startswith("-"), arguments))
    note(_LOG, "pulumi %s: exit code %s in %.3f s", command, code, seconds)


_ITEM = re.compile(r"\s+(?:\*|\d+\)) ")
"""A line below `2 errors occurred:`, as providers write it, or the engine itself."""


def said_by_cli(text: str) -> str:
    """The CLI's error lines, and what they list."""
    found: list[str] = []
    for line in text.splitlines():
        _, is_error, what = line.partition("error: ")
        if is_error:
            found.append(what.strip())
        elif found and _ITEM.match(line):
            found.append(line.strip())
    return "\n".join(found) or text.strip()


def problem_of(text: str) -> Problem:
    """One diagnostic, without a program's traceback."""
    lines = text.splitlines()
    starts = [number for number, line in enumerate(lines) if line.startswith("Traceback (most recent call last)")]
    if starts:
        _LOG.debug("a program failed: %s", text)
        text = "\n".join([*lines[: starts[0]], lines[-1]]).removeprefix("python inline source runtime error: ")
    return Problem(text, code="engine-diagnostic")


def engine_error(causes: Sequence[str]) -> EngineError:
    """A failure as one clear error; for a missing permission, with a hint how to get it."""
    from rollout.adapters.aws.iam import denial  # noqa: PLC0415 - it knows all rights, and most runs end well

    denials = [denial(text) for text in causes]
    lines = dict.fromkeys(f"  - {denied or problem_of(text)}" for text, denied in zip(causes, denials, strict=True))
    hint = next((denied.hint for denied in denials if denied), None)
    return EngineError("the engine failed:\n" + "\n".join(lines), hint=hint, code="access-denied" if hint else None)


_PAUSES = (0.02, 0.04, 0.08, 0.16, 0.32)
"""Seconds before each further try."""
_TORN = re.compile(
    r"load checkpoint"  # a state during a write
    r"|could not list bucket: .*NotFound"  # a lock that was removed while the locks were listed
    r"|\A[^\n]*\n *- (?:error: )?unexpected end of JSON input\Z"  # a lock or a history entry during a write
)


def torn(error: BaseException) -> bool:
    """Whether the engine read a folder while another run wrote to it. The engine reads before it changes anything."""
    return isinstance(error, EngineError) and bool(_TORN.search(error.what))


def again_if_torn(read: Callable[P, T]) -> Callable[P, T]:
    """A reading by the engine that is tried again, after growing pauses, if it met another run's write."""

    @wraps(read)
    def again(*given: P.args, **named: P.kwargs) -> T:
        for pause in _PAUSES:
            try:
                return read(*given, **named)
            except EngineError as error:
                if not torn(error):
                    raise
            time.sleep(pause)
        return read(*given, **named)

    return again
