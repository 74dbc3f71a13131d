"""What Pulumi's update history says of an environment, and where its ramp stands, in words. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from rollout.errors import Drift
from rollout.history.entries import Update
from rollout.live import Live
from rollout.model import Environment
from rollout.quantities import Percent, format_duration
from rollout.ramp.decide import bake_of, next_step
from rollout.ramp.journal import MARK, Entry, Kind, entries, other_change
from rollout.ramp.standing import Standing, standing


class Effect(StrEnum):
    """What a change is for those who look at a chart."""

    STEP = "step"  # more traffic to the candidate
    BACK = "back"  # less
    WORD = "word"  # somebody said something to the ramp, or it said something itself
    CHANGE = "change"  # whatever else an update did


@dataclass(frozen=True, slots=True)
class Entered:
    """One entry of the history.

    Attributes:
        at: When, in UTC: a ramp's entries by AWS's time, the others by the clock of the machine that ran them.
        effect: What it is.
        title: In a few words.
        sentence: The rest of what was said, such as the verdict with its numbers.
        by: Who, if that is known.
        weight: The weight that it is about, if there is one.
        is_done: Whether it succeeded.
    """

    at: datetime
    effect: Effect
    title: str
    sentence: str = ""
    by: str | None = None
    weight: Percent | None = None
    is_done: bool = True


_SAID = re.compile(r"rollout weight \S+ (?P<weight>\d+(?:\.\d)?) \(all routes\)|rollout phase2 \S+")
"""Our own messages that say the weight of all routes: phase 2 leaves it at 0."""
_EFFECTS = {
    Kind.RAISED: Effect.STEP,
    Kind.FINISHED: Effect.STEP,
    Kind.FAILED: Effect.BACK,
    Kind.DROPPED: Effect.BACK,
}
_TITLES = {
    Kind.STARTED: "ramp started",
    Kind.RAISING: "about to be raised",
    Kind.RAISED: "raised",
    Kind.HELD: "held: no verdict within the limit",
    Kind.DROPPED: "some routes back to legacy",
    Kind.FAILED: "failed",
    Kind.FINISHED: "ramp finished",
    Kind.PAUSED: "paused",
    Kind.RESUMED: "resumed",
    Kind.SKIPPED: "wait skipped",
    Kind.ASKED: "approval asked for",
    Kind.APPROVED: "approved",
    Kind.FROZEN: "frozen",
}


def entered(updates: Iterable[Update]) -> tuple[Entered, ...]:
    """A history in words, the oldest first, without refreshes and announcements of what was then done."""
    found: list[tuple[Kind | None, Entered]] = []
    for update in updates:
        told = entries((update,))
        if told:
            if found and found[-1][0] is Kind.RAISING and told[0].kind is Kind.RAISED:
                found.pop()
            found.append((told[0].kind, _of_ramp(told[0])))
        elif update.kind != "refresh" and MARK not in update.message:
            found.append((None, _of_update(update)))
    return tuple(each for _, each in found)


def _of_ramp(entry: Entry) -> Entered:
    routes = f" ({', '.join(entry.routes)})" if entry.routes else ""
    at = f" at {entry.weight} %" if entry.weight is not None else ""
    if entry.kind is Kind.RAISED:
        at = f" to {entry.weight} %"
    until = f" until {_moment(entry.until)}" if entry.until else ""
    title = f"{_TITLES[entry.kind]}{at}{until}{routes}"
    effect = _EFFECTS.get(entry.kind, Effect.WORD)
    return Entered(entry.at, effect, title, entry.sentence, entry.by, entry.weight)


def _of_update(update: Update) -> Entered:
    title = next(iter(update.message.splitlines()), "") or f"{update.kind} without a message"
    is_back = title.startswith("rollout rollback")
    rest = "" if update.result == "succeeded" else update.result
    is_done = update.result == "succeeded"
    said = _SAID.fullmatch(title) if is_done else None
    return Entered(
        update.start,
        Effect.BACK if is_back else Effect.CHANGE,
        title,
        rest,
        weight=Percent.of(said["weight"] or 0) if said else None,
        is_done=is_done,
    )


def has_ramp(updates: Iterable[Update]) -> bool:
    """Whether there ever was a ramp."""
    return any(entry.kind is Kind.STARTED for entry in entries(updates))


def ramp_sentence(environment: Environment, live: Live, updates: Sequence[Update]) -> str:
    """Where the ramp stands, and what it waits for as far as history tells: the judge isn't asked."""
    if not has_ramp(updates):
        return "No ramp yet."
    try:
        stands = standing(environment, live, entries(updates), other_change(updates))
    except Drift as drift:
        return f"{drift.what[0].upper()}{drift.what[1:]}."
    if stands.ended is not None:
        word = "Ended" if stands.is_by_hand else "Finished" if stands.ended.kind is Kind.FINISHED else "Failed"
        said = stands.note if stands.is_by_hand else stands.ended.sentence
        return f"{word} at {_moment(stands.ended.at)}: {said or f'at {stands.weight} %'}."
    return f"{_under_way(environment, stands)}{_held_up(stands)}."


def _under_way(environment: Environment, stands: Standing) -> str:
    ramp = environment.ramp
    since = f" since {_moment(stands.since)}" if stands.since else ""
    target = next_step(ramp, stands.weight)
    then = f"next {target} %" if target is not None else "the last step"
    if not stands.since:
        return f"At {stands.weight} %; {then}"
    bake = bake_of(ramp, stands.weight)
    return f"At {stands.weight} %{since}; {then}, after a bake of {format_duration(bake)} and a Pass"


def _held_up(stands: Standing) -> str:
    if stands.paused is not None:
        return f"; paused by {stands.paused.by}"
    if stands.frozen is not None and stands.frozen.until is not None:
        return f"; raises nothing until {_moment(stands.frozen.until)}"
    if stands.asked is not None:
        return "; waits for approval"
    return "; held: no verdict within the limit" if stands.is_held else ""


def _moment(time: datetime) -> str:
    return f"{time:%Y-%m-%d %H:%M} UTC"
