"""The files of a backend that the engine keeps in a folder or a bucket.

Only `adapters.aws` knows buckets, so what opens one is handed in.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol
from urllib.parse import unquote, urlsplit


class Files(Protocol):
    """The files below a backend's root, by their paths with slashes; several threads may read at once."""

    def read(self, path: str) -> bytes:
        """A file's content.

        Raises:
            FileNotFoundError: It doesn't exist.
            OSError: It can't be read.
        """

    def names(self, folder: str) -> Sequence[str]:
        """The names of the files right in a folder, sorted; empty if there is no such folder.

        Raises:
            OSError: They can't be listed.
        """


Opener = Callable[[str], Files | None]
"""Opens a backend by its URL; None if it can't be read without the engine."""


def no_bucket(_backend: str) -> None:
    """Leaves all buckets to the engine."""


def folder_of(backend: str) -> Path | None:
    """The folder of a backend; None if the backend is elsewhere."""
    url = urlsplit(backend)
    return Path(unquote(url.path)) if url.scheme == "file" else None


def files_of(backend: str, bucket: Opener = no_bucket) -> Files | None:
    """The files of a backend; None if only the engine can read it.

    Args:
        backend: Its URL.
        bucket: What opens a bucket.
    """
    return FolderFiles(folder) if (folder := folder_of(backend)) else bucket(backend)


@dataclass(frozen=True, slots=True)
class FolderFiles:
    """The files in a folder."""

    root: Path

    def read(self, path: str) -> bytes:
        """See `Files`."""
        return (self.root / path).read_bytes()

    def names(self, folder: str) -> Sequence[str]:
        """See `Files`."""
        try:
            return sorted(each.name for each in (self.root / folder).iterdir() if not each.is_dir())
        except FileNotFoundError:
            return ()
