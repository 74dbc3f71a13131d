"""Time, as it is waited for."""

from __future__ import annotations

from typing import Protocol


class Clock(Protocol):
    """Time, so that tests need not wait."""

    def now(self) -> float:
        """Seconds on a clock that only goes forward."""
        ...

    def sleep(self, seconds: float) -> None:
        """Wait."""
        ...
