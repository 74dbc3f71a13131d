"""The result of a phase. On its own, since who only reads results needs neither phases nor runner."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from rollout.inventory.model import Split
from rollout.migration.gates import Gate


@dataclass(frozen=True, slots=True)
class PhaseResult:
    """The result of a phase.

    Attributes:
        changed: Whether anything was applied.
        gate: The gate with all changes.
        before: Each route's split at the beginning; None if its rule forwarded elsewhere.
        after: Each route's split as read back; as it would be, after a preview.
    """

    environment: str
    phase: str
    changed: bool
    gate: Gate
    before: Mapping[str, Split | None] = field(default_factory=dict)
    after: Mapping[str, Split] = field(default_factory=dict)
