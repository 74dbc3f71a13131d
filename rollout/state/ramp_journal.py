"""A ramp's entries in a stack's update history: writes and reads them. A ramp of builds has the candidate's stack.

The history is the only memory: a ramp that died is picked up from it anywhere. An entry is an update's message: a line
for people, and a line of JSON for the next look. Anybody may write a message, so what isn't an entry is passed over.
What a newer rollout wrote counts as far as it is known here; see `Kind.UNKNOWN`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from enum import StrEnum
from typing import TypeVar

from pydantic import AwareDatetime, Field

from rollout.inventory.quantities import Percent
from rollout.inventory.stacks import ROUTING
from rollout.state.history.entries import Kept, Update, read_line
from rollout.state.history.record import record_in
from rollout.state.ports import Stacks

MARK = "rollout-ramp: "
Live = TypeVar("Live")
MAX_SENTENCE = 1000
MAX_GROUPS, MAX_PLACE = 5, 200
READS = 5
DEPTH = 1000
"""The number of latest updates that are read; a ramp of weeks writes some hundred."""


class Kind(StrEnum):
    """The kind of an entry."""

    STARTED = "started"
    RAISING = "raising"  # decided, and about to be done
    RAISED = "raised"
    HELD = "held"  # no verdict within the limit
    DROPPED = "dropped"  # some routes went back, the others go on
    FAILED = "failed"
    FINISHED = "finished"
    PAUSED = "paused"
    RESUMED = "resumed"
    SKIPPED = "wait-skipped"
    ASKED = "approval-asked"
    APPROVED = "approved"
    FROZEN = "frozen"
    CALIBRATED = "calibrated"
    DISARMED = "disarmed"  # the guard, by a person
    ARMED = "armed"
    COMPARED = "compared"  # the answers of both implementations
    UNKNOWN = "unknown"  # of a newer rollout: a ramp doesn't raise until somebody resumes it

    @classmethod
    def _missing_(cls, value: object) -> Kind | None:
        return cls.UNKNOWN if isinstance(value, str) else None


ABOUT = {Kind.DISARMED: "guard", Kind.ARMED: "guard", Kind.COMPARED: "parity"}
"""What an entry is about that isn't about a ramp."""
BESIDE = frozenset({Kind.CALIBRATED, *ABOUT})
"""The kinds that are nothing of a ramp's own."""


class KeptGroup(Kept):
    """Where a route's answers differ; no value of an answer."""

    place: str = Field(max_length=MAX_PLACE)
    requests: int = Field(ge=0)


class KeptVerdict(Kept):
    """What comparing a route's answers came to.

    Attributes:
        legacy: The digest of its function's code.
        candidate: Likewise.
        rules: The digest of the inventory's exceptions that counted.
        result: What is known: `same`, `different`, or `no coverage`.
        requests: How many different requests were compared.
        different: For how many of them the candidate's answer differs.
        covered: How many of the route's requests are of a shape that was compared, in per cent.
        groups: The most frequent differences; None without any.
    """

    route: str = Field(max_length=200)
    legacy: str = Field(max_length=200)
    candidate: str = Field(max_length=200)
    rules: str = Field(max_length=200)
    result: str = Field(max_length=40)
    requests: int = Field(ge=0)
    different: int = Field(ge=0)
    covered: float = Field(ge=0, le=100)
    groups: tuple[KeptGroup, ...] | None = Field(None, max_length=MAX_GROUPS)


class JournalEntry(Kept):
    """One entry.

    Attributes:
        at: When, by AWS's time.
        by: Who: a user and host.
        weight: The weight that it is about.
        routes: For `dropped` and `failed`: the routes that still have to be moved back, or were.
        until: For `frozen`: no raise before; one in the past lifts it. For `disarmed`: when the guard is armed again.
        overruled: For `started`: the marks of rollbacks that it knows of, each by its `mark_id`.
        builds: For a ramp of builds: the versions that it is about, such as `rust-scorer:2`.
        safe: For `calibrated`: whether a ramp of legacy against itself isn't rolled back, as stacks.toml was.
        verdicts: For `compared`: by route.
        sentence: In words.
    """

    kind: Kind
    at: AwareDatetime
    by: str = Field(max_length=200)
    weight: Percent | None = None
    routes: tuple[str, ...] = ()
    until: AwareDatetime | None = None
    overruled: tuple[str, ...] | None = None
    builds: tuple[str, ...] | None = None
    safe: bool | None = None
    verdicts: tuple[KeptVerdict, ...] | None = None
    sentence: str = Field("", max_length=MAX_SENTENCE)

    @property
    def compared(self) -> tuple[KeptVerdict, ...]:
        """What a comparison came to; nothing where a newer rollout may have meant something else by it."""
        return self.verdicts or () if self.kind is Kind.COMPARED else ()


def message(environment: str, entry: JournalEntry) -> str:
    """An update's message that holds an entry."""
    weight = f" at {entry.weight} %" if entry.weight is not None else ""
    said = f": {entry.sentence}" if entry.sentence else ""
    what = f"{ABOUT.get(entry.kind, 'ramp')} {environment} {entry.kind}"
    first = f"rollout {what}{weight}, by {entry.by}{said}".replace("\n", " ")
    return f"{first}\n{MARK}{entry.model_dump_json(by_alias=True, exclude_none=True)}"


def entries(updates: Iterable[Update]) -> tuple[JournalEntry, ...]:
    """The entries of a history, the oldest first; what failed or isn't ours is left out."""
    told = (read_line(update.message, MARK, JournalEntry) for update in updates if update.result == "succeeded")
    return tuple(entry for entry in told if entry is not None)


def other_change(updates: Sequence[Update]) -> Update | None:
    """The latest update since the last entry, which somebody else made."""
    for update in reversed(updates):
        if MARK in update.message:
            entry = read_line(update.message, MARK, JournalEntry)
            if entry and entry.kind in BESIDE:
                continue
            return None
        if update.kind == "update":
            return update
    return None


def rolled_back(updates: Sequence[Update]) -> str | None:
    """The first line of a rollback that came after the ramp's last beginning; None where there is none."""
    for update in reversed(updates):
        entry = read_line(update.message, MARK, JournalEntry)
        if entry is not None and entry.kind is Kind.STARTED:
            return None
        record = record_in(update.message)
        is_ours = entry is not None and entry.kind is not Kind.UNKNOWN
        if not is_ours and record is not None and record.phase == "rollback":
            return update.message.partition("\n")[0]
    return None


class Journal:
    """Writes a ramp's entries into history, and reads them.

    Args:
        now: AWS's time.
        by: Who writes.
        stack: In whose history.

    Attributes:
        builds: What its next entries are about, for a ramp of builds.
    """

    def __init__(
        self,
        environment: str,
        stacks: Callable[[], Stacks],
        now: Callable[[], datetime],
        by: str,
        *,
        stack: str = ROUTING,
    ) -> None:
        self._environment = environment
        self._stacks = stacks
        self._now = now
        self._by = by
        self._stack = stack
        self.builds: tuple[str, ...] = ()
        self._last: tuple[Update, ...] | None = None

    def read(self) -> tuple[Update, ...]:
        """The latest updates, the oldest first.

        Raises:
            EngineError: The history can't be read.
        """
        return self._stacks().history(self._stack, DEPTH)

    def beside(self, read: Callable[[tuple[Update, ...]], Live]) -> tuple[Live, tuple[Update, ...]]:
        """What is live, and the history, of one moment, though another run may be at work.

        A raise that is announced between the two would look like somebody else's weight. So history is the same before
        and after what is live is read; what it was after the last call of this is what it was before.

        Args:
            read: Reads what is live, given the history before.

        Raises:
            EngineError: The history can't be read.
        """
        updates = self.read() if self._last is None else self._last
        for _ in range(READS):
            before, live = updates, read(updates)
            updates = self.read()
            if updates == before:
                break
        self._last = updates
        return live, updates

    def message(
        self,
        kind: Kind,
        weight: Percent | None = None,
        sentence: str = "",
        routes: Sequence[str] = (),
        until: datetime | None = None,
        *,
        overruled: tuple[str, ...] | None = None,
        safe: bool | None = None,
        verdicts: tuple[KeptVerdict, ...] | None = None,
    ) -> str:
        """An update's message that holds an entry of now; see `JournalEntry`."""
        entry = JournalEntry(
            kind=kind,
            at=self._now(),
            by=self._by,
            weight=weight,
            routes=tuple(routes),
            until=until,
            overruled=overruled or None,
            builds=self.builds or None,
            safe=safe,
            verdicts=verdicts,
            sentence=sentence[:MAX_SENTENCE],
        )
        return message(self._environment, entry)

    def write(self, message: str) -> None:
        """Write an entry that comes with no change.

        Raises:
            EngineError, Locked: As they say.
        """
        self._stacks().note(self._stack, message)
