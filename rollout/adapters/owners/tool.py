"""A command line tool of an owner's: run without a shell, for a limited time, its failure one clear error."""

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
    """A tool and what it is run with.

    Attributes:
        name: As in a command line.
        folder: Where it is run.
        path: Its file; by default it is looked for on PATH.
        variables: Environment variables, over this process's own.
    """

    name: str
    folder: Path
    path: Path | None = None
    variables: Mapping[str, str] = field(default_factory=dict)

    def output(self, words: Sequence[str], limit: timedelta, variables: Mapping[str, str] | None = None) -> str:
        """What it prints.

        Args:
            words: The command line, the tool's name first.
            limit: How long it may take; then it is killed.
            variables: More environment variables.

        Raises:
            OwnerError: It isn't there, failed, or took too long.
        """
        path = str(self.path) if self.path else shutil.which(self.name)
        if path is None:
            raise OwnerError(
                f"{self.name} isn't on PATH", hint=f"install it, or run {self.name} where it is", code="tool-missing"
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
                process_group=0,  # Ctrl-C is for us: a state that is being written is written to its end
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
        raise OwnerError(f"{name} said nothing for {limit.total_seconds():g} s", code="tool-timeout") from None


def _reason(text: str) -> str:
    """The first error that a tool tells of, without colours."""
    plain = _COLOUR.sub("", text)
    found = _ERROR.search(plain)
    return (found[1] or found[2]).strip() if found else plain.strip() or "it said nothing"
