"""Reads files of people and other tools, after a check of their type and size, and writes files in one step.

A name may lead to an endless device, to a pipe without a writer, or to a gigabyte.
"""

from __future__ import annotations

import codecs
import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

MOST = 8 * 2**20
"""The maximum size of a file in bytes; the largest states of other tools have some megabytes."""
PIECE = 1 << 16
_KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
}


class Unreadable(Exception):
    """A file can't be read; the text says why, as the end of a sentence about it."""


class NoSuchFile(Unreadable):
    """There is no file of the name."""


class NotText(Unreadable):
    """The file is not UTF-8 text."""


def read_bytes(path: Path, *, most: int = MOST) -> bytes:
    """A file's content.

    Args:
        path: Its name; links are followed.
        most: The maximum size in bytes.

    Raises:
        NoSuchFile: There is none.
        Unreadable: It is not a plain file, is too large, or is not readable.
    """
    with _opened(path) as file:
        found = file.read(most + 1)
    if len(found) > most:
        raise Unreadable(f"is larger than {most // 2**20} MB")
    return found


def read_pieces(path: Path) -> Iterator[bytes]:
    """A file's content, some at a time, however large it is.

    Args:
        path: Its name; links are followed.

    Raises:
        NoSuchFile: There is none.
        Unreadable: It is not a plain file, or is not readable.
    """
    with _opened(path) as file:
        while piece := file.read(PIECE):
            yield piece


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    """A plain file that can be read; see `read_bytes`."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)  # a pipe without a writer opens at once
    except FileNotFoundError:
        raise NoSuchFile("there is no such file") from None
    except (OSError, ValueError) as error:  # a name with a zero byte is a ValueError
        raise Unreadable(f"can't be read: {_reason(error)}") from None
    try:
        mode = os.fstat(handle).st_mode
        if not stat.S_ISREG(mode):
            raise Unreadable(f"is {_KINDS.get(stat.S_IFMT(mode), 'something else')}, not a file")
        with os.fdopen(handle, "rb", closefd=False) as file:
            yield file
    except OSError as error:
        raise Unreadable(f"can't be read: {_reason(error)}") from None
    finally:
        os.close(handle)


def read_text(path: Path, *, most: int = MOST) -> str:
    """A text file's content in UTF-8, with its own line ends, without a byte-order mark.

    Raises:
        NoSuchFile: There is none.
        NotText: It is not UTF-8 text.
        Unreadable: As above.
    """
    found = read_bytes(path, most=most)
    try:
        return found.removeprefix(codecs.BOM_UTF8).decode()
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise NotText(f"is not UTF-8 text: byte 0x{error.object[error.start]:02x} in line {line}") from None


def write_whole(path: Path, content: bytes, *, mode: int = 0o600, overwrite: bool = True) -> None:
    """Write a file in one step: a reader sees all of it, or what was there before.

    Args:
        overwrite: Whether to replace an existing file; if not, of two writers at once one fails.

    Raises:
        FileExistsError: There is a file, and it stays.
        OSError: It can't be written.
    """
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    draft = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            os.fchmod(file.fileno(), mode)
            file.flush()
            os.fsync(file.fileno())
        if overwrite:
            draft.replace(path)
        else:
            path.hardlink_to(draft)
    finally:
        draft.unlink(missing_ok=True)


def is_there(path: Path) -> bool:
    """Whether there is a plain file or a folder; False for an invalid name."""
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError):
        return False
    return stat.S_ISREG(mode) or stat.S_ISDIR(mode)


def is_folder(path: Path) -> bool:
    """Whether there is a folder; False for an invalid name."""
    return is_there(path) and path.is_dir()


def _reason(error: OSError | ValueError) -> str:
    return error.strerror or type(error).__name__ if isinstance(error, OSError) else str(error)
