"""A stack's update history, as the engine's backend keeps it. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Update:
    """One entry.

    Attributes:
        kind: What the engine did: `update`, `refresh`, …
        result: How it ended: `succeeded`, `failed` or `in-progress`.
        message: What was said of it.
        start: When it began, by the clock of the machine that ran it.
        end: When it ended, likewise; None where the backend doesn't know.
        version: The backend's number for it, from 1; None where it gives none.
    """

    kind: str
    result: str
    message: str
    start: datetime
    end: datetime | None = None
    version: int | None = None
