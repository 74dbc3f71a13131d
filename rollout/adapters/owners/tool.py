"""An owner's command line tool, run without a shell and with a timeout. A failure becomes one clear error."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from rollout.errors import OwnerError

_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_ERROR = re.compile(r"error: +(.+)|^(Error .+)", re.IGNORECASE | re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool and its settings.

    Attributes:
        name: Its name in a command line.
        folder: Its working directory.
        path: Its file; by default the one on PATH.
        variables: Environment variables, in addition to this process's.
    """

    name: str
    folder: Path
    path: Path | None = None
    variables: Mapping[str, str] = field(default_factory=dict)

    def output(self, words: Sequence[str], limit: timedelta, variables: Mapping[str, str] | None = None) -> str:
        """The tool's standard output.

        Args:
            words: The command line, the tool's name first.
            limit: The time after which it is killed.

        Raises:
            OwnerError: It is missing, failed, or took too long.
        """
        path = str(self.path) if self.path else shutil.which(self.name)
        if path is None:
            raise OwnerError(
                f"{self.name} is not on PATH",
                hint=f"install it, or run {self.name} on another machine",
                code="tool-missing",
            )
        try:
            with subprocess.Popen(
                list(words),
                executable=path,
                cwd=self.folder,
                env={**os.environ, **self.variables, **(variables or {})},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                encoding="utf-8",
                errors="replace",
                process_group=0,  # Ctrl-C is for rollout: the tool finishes writing its state
            ) as process:
                said, complaint = _communicate(process, limit, self.name)
        except OSError as error:
            raise OwnerError(f"{self.name} can't be run: {error.strerror}", where=path, code="tool-failed") from None
        if process.returncode != 0:
            raise OwnerError(f"{self.name} failed: {_reason(complaint or said)}", code="tool-failed")
        return said


def _communicate(process: subprocess.Popen[str], limit: timedelta, name: str) -> tuple[str, str]:
    try:
        return process.communicate(timeout=limit.total_seconds())
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        raise OwnerError(f"{name} gave no answer within {limit.total_seconds():g} s", code="tool-timeout") from None


def _reason(text: str) -> str:
    """The first error in a tool's output, without colours."""
    plain = _COLOUR.sub("", text)
    found = _ERROR.search(plain)
    return (found[1] or found[2]).strip() if found else plain.strip() or "it gave no reason"
