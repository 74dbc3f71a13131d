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
    """

    kind: str
    result: str
    message: str
    start: datetime
