"""A change's record in Pulumi's update history: a line of JSON below the line for people. Pure.

It is there for an audit: who, which traffic from where to where, and the digest that the gate showed. A ramp's own
entry, on a line of its own, stands beside it.
"""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import AwareDatetime, Field

from rollout.inventory.model import Split
from rollout.inventory.quantities import Percent
from rollout.state.history.entries import Kept, read_line

MARK = "rollout-change: "
Moves = Mapping[str, tuple[Percent | None, Percent]]


class Record(Kept):
    """A change's record.

    Attributes:
        phase: The phase's name, `weight` or `rollback`.
        at: When, by AWS's time; a backend keeps the machine's, which may be another.
        by: Who: a user and host.
        plan: The digests of its previews, as the gate shows them.
        moves: For each route whose weight changed: the weight before (None if unknown) and after.
    """

    phase: str = Field(max_length=100)
    at: AwareDatetime | None = None
    by: str = Field("", max_length=200)
    plan: str = ""
    moves: Moves = Field(default_factory=dict)


def moves(before: Mapping[str, Split | None], after: Mapping[str, Split]) -> Moves:
    """The routes whose weight changes, with both weights."""
    found = {name: ((was.weight if (was := before.get(name)) else None), split.weight) for name, split in after.items()}
    return {name: (was, now) for name, (was, now) in found.items() if was != now}


def with_record(message: str, record: Record) -> str:
    """An update's message that holds a record, too."""
    return f"{message}\n{MARK}{record.model_dump_json(by_alias=True, exclude_defaults=True)}"


def record_in(message: str) -> Record | None:
    """The record in an update's message; None where there is none, or where somebody wrote something else there."""
    return read_line(message, MARK, Record)
