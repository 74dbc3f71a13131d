"""What a ramp that runs on this machine leaves of its looks, for the screens beside it.

A file for each environment has the last look and the time of the next one. A ramp that ends, or that a person stops,
removes it; one that is killed doesn't, and then the next look is late. What can't be kept or read is as if it weren't
there.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Protocol

from rollout.base.files import NoSuchFile, read_text, write_whole
from rollout.base.log import note
from rollout.base.private import private_folder
from rollout.guard.plain import dumps, loads

_LOG = logging.getLogger(__name__)
_LATE = timedelta(minutes=5)
"""A look that raises a weight takes some minutes, and the next one follows it."""
_LARGEST = 10_000


@dataclass(frozen=True, slots=True)
class LocalLook:
    """A look of a process on this machine.

    Attributes:
        by: Who runs it.
        at: When it was done, by AWS's time.
        next_at: When the same process looks again; None if it doesn't, as with `--once`.
    """

    by: str
    at: datetime
    next_at: datetime | None = None

    def is_late(self, now: datetime) -> bool:
        """Whether the next look should have been done by now."""
        return self.next_at is not None and now > self.next_at + _LATE

    def sentence(self, now: datetime) -> str:
        """Who looks, and when next."""
        looked = f"{self.by} on this machine: looked at {_clock(self.at)}"
        if self.next_at is None:
            return f"{looked}, once"
        if self.is_late(now):
            return f"{looked}; a look was due at {_clock(self.next_at)}"
        return f"{looked}; looks next at {_clock(self.next_at)}"


class Looks(Protocol):
    """The looks of one environment's ramp on this machine. No method raises."""

    def read(self) -> LocalLook | None:
        """The last one, of a ramp that goes on."""
        ...

    def keep(self, look: LocalLook) -> None:
        """A look is done."""

    def forget(self) -> None:
        """No further one follows."""


class LookFile:
    """The looks in a file.

    Args:
        home: A folder of this machine's user; None keeps nothing.
    """

    def __init__(self, home: Path | None, environment: str) -> None:
        name = sha256(environment.encode()).hexdigest()[:16]
        self._file = home / "looks" / f"{name}.json" if home else None

    def read(self) -> LocalLook | None:
        """See `Looks`."""
        try:
            return loads(LocalLook, read_text(self._file, most=_LARGEST)) if self._file else None
        except NoSuchFile:
            return None
        except Exception:  # noqa: BLE001 - it is as if it weren't there
            note(_LOG, "the look in %s can't be read", self._file, failed=True)
            return None

    def keep(self, look: LocalLook) -> None:
        """See `Looks`."""
        if self._file is None:
            return
        try:
            private_folder(self._file.parent)
            write_whole(self._file, dumps(look).encode())
        except Exception:  # noqa: BLE001 - nothing depends on it
            note(_LOG, "the look can't be kept in %s", self._file, failed=True)

    def forget(self) -> None:
        """See `Looks`."""
        try:
            if self._file:
                self._file.unlink(missing_ok=True)
        except OSError:
            note(_LOG, "the look in %s can't be removed", self._file, failed=True)


def _clock(at: datetime) -> str:
    return f"{at:%H:%M:%S} UTC"
