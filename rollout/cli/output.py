"""Standard output and error that never raise: a failed write stops nothing.

A closed pipe, a full disk and a closed descriptor are taken for a reader who is gone. Where nobody may be waited for,
so is a reader who doesn't read, until there is room again. `Output.lost` is for commands that only read, whose output
is all that they do. It writes to the descriptor itself: what Python keeps in a buffer would be tried
again, and fail, when the interpreter ends.
"""

from __future__ import annotations

import errno
import os
import re
import select
import sys
from io import TextIOBase
from typing import ClassVar, Literal, TextIO

_PADDING = re.compile(r"[ ]+$", re.MULTILINE)
_LEFT = (errno.EPIPE, errno.EBADF)
_PIECE = 4096  # what a pipe that says it has room takes without waiting


class Output(TextIOBase):
    """One of the standard streams.

    Args:
        name: Which one.
        patience: The seconds to wait for a reader; None waits forever.
        unpadded: Without the blanks that fill lines up to the width, which would wrap in a log.
    """

    lost: ClassVar[OSError | None] = None
    """Why a line of this command could not be written to standard output, other than that its reader has left."""

    def __init__(
        self, name: Literal["stdout", "stderr"], *, patience: float | None = None, unpadded: bool = False
    ) -> None:
        self._name = name
        self._patience = patience
        self._unpadded = unpadded
        self._is_stuck = False

    @property
    def _stream(self) -> TextIO | None:
        stream: TextIO | None = getattr(sys, self._name)
        return getattr(stream, "rich_proxied_file", stream)  # Rich puts its own in its place while something moves

    @property
    def encoding(self) -> str:  # type: ignore[override]
        """What it can say, which decides whether frames are drawn in ASCII."""
        return getattr(self._stream, "encoding", None) or "utf-8"

    def isatty(self) -> bool:
        """Whether somebody looks at it."""
        try:
            return self._stream is not None and self._stream.isatty()
        except (OSError, ValueError):  # closed
            return False

    def fileno(self) -> int:
        """The descriptor, for whoever asks the terminal's width."""
        return self._stream.fileno() if self._stream else -1

    def write(self, text: str) -> int:
        """Write what can be written; all of it counts as written."""
        stream, said = self._stream, _PADDING.sub("", text) if self._unpadded else text
        try:
            if stream is not None:
                stream.flush()
                self._write(stream, said)
        except ValueError:  # closed
            pass
        except OSError as error:
            if self._name == "stdout" and error.errno not in _LEFT:
                Output.lost = error
        return len(text)

    def is_left(self, within: float) -> bool:
        """Whether nothing that is written arrives any more; asks for so many seconds."""
        if Output.lost or self._stream is None or self._stream.closed:
            return True
        asked = select.poll()
        asked.register(self.fileno(), 0)  # of nothing: that a reader has left is reported anyway
        return bool(asked.poll(within * 1000))

    def _write(self, stream: TextIO, text: str) -> None:
        try:
            descriptor = stream.fileno()
        except OSError:  # not a file: a test's, or an embedding program's
            stream.write(text)
            return
        data = memoryview(text.encode(self.encoding, "replace"))
        while data and self._has_room(descriptor):
            data = data[os.write(descriptor, data[:_PIECE]) :]

    def _has_room(self, descriptor: int) -> bool:
        """Wait for room; whoever didn't read in time isn't waited for again until there is some."""
        patience = 0.0 if self._is_stuck else self._patience
        self._is_stuck = not select.select([], [descriptor], [], patience)[1]
        return not self._is_stuck


def open_standard_streams() -> None:
    """Put nothing in the place of closed descriptors, which the next file that is opened would get else."""
    for descriptor, name in enumerate(("stdin", "stdout", "stderr")):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # which takes the lowest that is free
        if getattr(sys, name) is None:
            mode = "w" if descriptor else "r"
            setattr(sys, name, open(descriptor, mode, encoding="utf-8", closefd=False))  # noqa: SIM115 - it stays open
