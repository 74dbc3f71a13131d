"""What a look counted by client, kept for the next process, so that `--once` reads a step's logs once.

A file has the minutes that were taken and the clients' checksums, for one step as it is judged now: its name is made of
all that the counts depend on. What can't be kept or read is as if it weren't there, and the logs are read again.
"""

from __future__ import annotations

import io
import logging
import time
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rollout.base.files import write_whole
from rollout.base.log import note
from rollout.base.private import private_folder

_LOG = logging.getLogger(__name__)
_VERSION, _LARGEST, _LIFETIME = 1, 64_000_000, 16 * 86_400  # bytes; seconds, as a step lasts 14 days at most

Arrays = Mapping[str, NDArray[Any]]


class KeptClients:
    """The counts of a step, in a folder.

    Args:
        folder: Where; None keeps nothing.
        known_by: What the counts depend on.
    """

    def __init__(self, folder: Path | None, *known_by: object) -> None:
        name = sha256(repr((_VERSION, *known_by)).encode()).hexdigest()
        self._file = folder / f"{name}.npz" if folder else None

    def read(self) -> Arrays | None:
        """What was kept last, by whichever process; None if there is nothing."""
        if self._file is None or not self._file.exists():
            return None
        try:
            if self._file.stat().st_size > _LARGEST:
                return None
            with np.load(io.BytesIO(self._file.read_bytes()), allow_pickle=False) as kept:
                return {name: kept[name] for name in kept.files}
        except Exception:  # noqa: BLE001 - it is as if it weren't there
            note(_LOG, "the clients in %s can't be read", self._file, failed=True)
            return None

    def keep(self, counts: Arrays) -> None:
        """Keep the counts in the place of what was there; files of old steps go."""
        if self._file is None:
            return
        try:
            content, named = io.BytesIO(), dict[str, Any](counts)
            np.savez(content, **named)
            folder = private_folder(self._file.parent)
            write_whole(self._file, content.getvalue())
            for each in folder.glob("*.npz"):
                if each.stat().st_mtime < time.time() - _LIFETIME:
                    each.unlink(missing_ok=True)
        except Exception:  # noqa: BLE001 - nothing depends on it
            note(_LOG, "clients can't be kept in %s", self._file, failed=True)
