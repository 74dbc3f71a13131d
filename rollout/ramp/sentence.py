"""A ramp's state in a sentence. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rollout.alb.state import AlbState
from rollout.base.formatting import moment
from rollout.errors import Drift
from rollout.inventory.model import Environment
from rollout.inventory.quantities import format_duration
from rollout.ramp.decide import Decision, bake_of, next_step
from rollout.ramp.state import RampState, ramp_state
from rollout.state.history.entries import Update
from rollout.state.ramp_journal import Kind, entries, other_change


def has_ramp(updates: Iterable[Update]) -> bool:
    """Whether there ever was a ramp."""
    return any(entry.kind is Kind.STARTED for entry in entries(updates))


def ramp_sentence(
    environment: Environment, live: AlbState, updates: Sequence[Update], decision: Decision | None = None
) -> str:
    """The ramp's state, and what it waits for according to history.

    Args:
        decision: What its next look would do; None where nobody asked the judge.
    """
    if not has_ramp(updates):
        return "No ramp yet."
    try:
        stands = ramp_state(environment, live, entries(updates), other_change(updates))
    except Drift as drift:
        return f"{drift.what[0].upper()}{drift.what[1:]}."
    if stands.ended is not None:
        if stands.is_by_hand:  # by whom and when is in the history, or nowhere
            return f"Ended: {stands.note}."
        word = "Finished" if stands.ended.kind is Kind.FINISHED else "Failed"
        return f"{word} at {moment(stands.ended.at)}: {stands.ended.sentence or f'at {stands.weight} %'}."
    if decision and decision.abort:
        return f"{_at(stands)}; the next look {decision.abort.sentence}."
    return f"{_under_way(environment, stands)}{_held_up(stands)}."


def _at(stands: RampState) -> str:
    return f"At {stands.weight} %{f' since {moment(stands.since)}' if stands.since else ''}"


def _under_way(environment: Environment, stands: RampState) -> str:
    if faults := environment.faults.get("ramp"):
        return f"Running; its next step is not known: {faults[0]}"
    ramp = environment.ramp
    target = next_step(ramp, stands.weight)
    then = f"next {target} %" if target is not None else "the last step"
    if not stands.since or stands.asked is not None:
        return f"{_at(stands)}; {then}"
    bake = bake_of(ramp, stands.weight)
    return f"{_at(stands)}; {then}, after a bake of {format_duration(bake)} and a Pass"


def _held_up(stands: RampState) -> str:
    if stands.paused is not None:
        return f"; paused by {stands.paused.by}"
    if stands.frozen is not None and stands.frozen.until is not None:
        return f"; no raise until {moment(stands.frozen.until)}"
    if stands.asked is not None:
        return "; waits for approval"
    return "; held: no verdict within the limit" if stands.is_held else ""
