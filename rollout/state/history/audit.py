"""Who changed what, when and why: the merged update histories of an environment's stacks. Pure.

A run that updated several stacks is one change, since it wrote the same message into each. What was written before
messages held a record, or by somebody with another tool, is told as far as its message goes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from rollout.base.plain import Timestamp
from rollout.inventory.quantities import Percent
from rollout.state.history.entries import Update
from rollout.state.history.record import Record, record_in
from rollout.state.ramp_journal import ABOUT, MARK, JournalEntry, Kind, entries

_OURS = re.compile(r"rollout ([\w-]+) ")
_WAIVED = re.compile(r"\[policy waived: .*\]$")


@dataclass(frozen=True, slots=True)
class StackUpdate:
    """What a change did to one stack.

    Attributes:
        stack: One of those in `inventory.stacks`.
        kind: What the engine did: `update`, `refresh`, …
        result: How it ended: `succeeded`, `failed` or `in-progress`.
        start: When it began, by the clock of the machine that ran it.
        end: When it ended; None where the backend doesn't know.
        version: The backend's number for it.
    """

    stack: str
    kind: str
    result: str
    start: Timestamp
    end: Timestamp | None
    version: int | None


@dataclass(frozen=True, slots=True)
class PastChange:
    """One change.

    Attributes:
        number: From 1, the oldest.
        at: When it began: a ramp's entries by AWS's time, the others by the clock of the machine that ran them.
        what: The command, such as `phase2` or `ramp raised`; if unknown, the engine's word, such as `update`.
        result: `succeeded`, or the result of its first update that did not succeed.
        by: The user; None if not recorded.
        why: The reason given with `-m`, and the waivers.
        weight: For an entry of a ramp: its weight.
        moves: For each route whose weight changed: the weight before (None if unknown) and after.
        plan: The digests that the gate showed; None if not recorded.
        verdict: The ramp's verdict, with its numbers.
        message: The whole entry in Pulumi's history.
        updates: The updates of stacks, in order.
    """

    number: int
    at: Timestamp
    what: str
    result: str
    by: str | None
    why: str
    weight: Percent | None
    moves: Mapping[str, tuple[Percent | None, Percent]]
    plan: str | None
    verdict: str
    message: str
    updates: tuple[StackUpdate, ...] = field(default=())

    @property
    def failure(self) -> str:
        """The result if it did not succeed; otherwise empty."""
        return "" if self.result == "succeeded" else self.result

    @property
    def is_of_guard(self) -> bool:
        """Whether it is a firing of the guard, which updates no stack."""
        return self.what.startswith("guard ") and not self.updates

    @property
    def is_recorded(self) -> bool:
        """Whether the change recorded its moves; only then do empty `moves` mean that no weight changed."""
        return record_in(self.message) is not None


def changes_of(histories: Mapping[str, Sequence[Update]]) -> tuple[PastChange, ...]:
    """All changes of an environment, the oldest first.

    Args:
        histories: By stack, its whole history.
    """
    every = sorted(
        ((stack, update) for stack, updates in histories.items() for update in updates), key=lambda item: item[1].start
    )
    runs: list[list[tuple[str, Update]]] = []
    for stack, update in every:
        last = runs[-1] if runs else []
        if last and _is_same_run(last, stack, update):
            last.append((stack, update))
            continue
        if last and _kind(last[0][1]) is Kind.RAISING and _kind(update) is Kind.RAISED:
            runs.pop()  # announced, and done
        runs.append([(stack, update)])
    return tuple(_change(number, run) for number, run in enumerate(runs, 1))


def _is_same_run(run: Sequence[tuple[str, Update]], stack: str, update: Update) -> bool:
    message = run[0][1].message
    return message == update.message and record_in(message) is not None and stack not in dict(run)


def _kind(update: Update) -> Kind | None:
    found = entries((update,))
    return found[0].kind if found else None


def _change(number: int, run: Sequence[tuple[str, Update]]) -> PastChange:
    (_, first), message = run[0], run[0][1].message
    record, said = record_in(message), next(iter(entries((first,))), None)
    failed = (update.result for _, update in run if update.result != "succeeded")
    return PastChange(
        number=number,
        at=said.at if said else (record and record.at) or first.start,
        what=_what(first, record, said),
        result=next(failed, "succeeded"),
        by=(record.by if record else None) or (said.by if said else None) or None,
        why=_why(message),
        weight=said.weight if said else None,
        moves=record.moves if record else {},
        plan=(record.plan if record else None) or None,
        verdict=_verdict(said) if said else _unread(first),
        message=message,
        updates=tuple(StackUpdate(stack, u.kind, u.result, u.start, u.end, u.version) for stack, u in run),
    )


def _what(update: Update, record: Record | None, said: JournalEntry | None) -> str:
    if said is not None and said.kind is not Kind.UNKNOWN:
        return f"{ABOUT.get(said.kind) or ('deploy' if said.builds else 'ramp')} {said.kind}"
    if record is not None:
        return record.phase
    ours = _OURS.match(update.message)
    return ours[1] if ours else update.kind


def _unread(update: Update) -> str:
    is_lost = update.result == "succeeded" and MARK in update.message
    return "its entry can't be read; a newer rollout may have written it" if is_lost else ""


def _verdict(said: JournalEntry) -> str:
    newer = "by a newer rollout" if said.kind is Kind.UNKNOWN else ""
    until = f"until {said.until:%Y-%m-%d %H:%M} UTC" if said.until else ""
    return "; ".join(filter(None, (newer, until, said.sentence)))


def _why(message: str) -> str:
    first = next(iter(message.splitlines()), "")
    if not _OURS.match(first):
        return first
    waived = _WAIVED.search(first)
    return waived[0] if waived else ""
