"""How a ramp has ended, as the error that says so."""

from __future__ import annotations

from dataclasses import dataclass

from rollout.errors import AnalysisFailed, RampEnded, RolloutError
from rollout.ramp.state import RampState
from rollout.state.ramp_journal import Kind


@dataclass(frozen=True, slots=True)
class Wording:
    """What people are told of a ramp.

    Attributes:
        name: What it is.
        restart: How it begins again after it has ended.
        stopped: How it goes on after Ctrl-C, and what to do instead.
    """

    name: str
    restart: str
    stopped: str


def ended_error(stands: RampState, wording: Wording) -> RolloutError | None:
    """The error of a ramp that ended in another way than finished; None of any other."""
    ended = stands.ended
    if ended is None or (ended.kind is Kind.FINISHED and stands.note is None):
        return None
    if stands.is_by_hand or ended.kind is Kind.FINISHED:
        return RampEnded(f"the {wording.name} has ended: {stands.note}", hint=wording.restart)
    return AnalysisFailed(
        f"the {wording.name} failed at {ended.at:%Y-%m-%d %H:%M} UTC: {ended.sentence}",
        hint=f"fix the candidate; {wording.restart}",
        code="ramp-failed",
    )
