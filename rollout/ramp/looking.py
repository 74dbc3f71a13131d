"""One look of a controller: the lease, the ramp's own look, the record.

A look that is killed leaves its lease: nothing looks until that has ended, and the next look finishes what was begun,
as any ramp does from history and the live weights.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from rollout.base.printable import one_line
from rollout.errors import AnalysisFailed, AwsError, Defect, Locked, RampEnded, RolloutError, UsageError
from rollout.errors.redaction import redacted
from rollout.ramp.controlled import Controlled, ControllerRefusal, Installed, Look, begin_look, end_look
from rollout.ramp.ports import Controller
from rollout.ramp.runner import RampResult

MARGIN = timedelta(seconds=5)
"""How much longer than the function a lease lives, since the time of its beginning is in whole seconds."""
TRIES = 3
_OVER = (AnalysisFailed, RampEnded)


def look(
    controller: Controller, installed: Installed, id_: str, left: timedelta, run: Callable[[], RampResult]
) -> Look:
    """Look once, if nobody else does; an error of the ramp is the record's, and of what is returned.

    Args:
        installed: What looks.
        id_: The invocation's, the same for a retry.
        left: How long the invocation may take.
        run: The ramp's look.

    Raises:
        Locked: Another look is in progress.
        Exception: A defect's, once the record has it.
        AwsError: The record can't be read or written.
    """

    def begun(state: Controlled, now: datetime) -> Controlled:
        return begin_look(state, id_, installed, now=now, until=now + left + MARGIN)

    try:
        lease = controller.change(begun).lease
    except ControllerRefusal as refusal:
        if refusal.code == "look-under-way":
            raise Locked("another look is in progress", hint="wait for the next one", code="look-under-way") from None
        what = f"the controller has rollout {installed.rollout}, and a newer one began the ramp"
        hint = "build its image anew, and run `rollout controller install`"
        return _ended(controller, id_, None, UsageError(what, hint=hint, code="controller-outdated"))
    began, outcome = lease.since if lease else None, _outcome(run)
    told = _ended(controller, id_, began, outcome)
    if isinstance(outcome, Defect) and outcome.__cause__:
        raise outcome.__cause__
    return told


def _outcome(run: Callable[[], RampResult]) -> RampResult | RolloutError:
    try:
        return run()
    except RolloutError as error:
        return error
    except Exception as error:  # noqa: BLE001 - raised again once the lease is given back
        defect = Defect(f"a defect in rollout: {type(error).__name__}")
        defect.__cause__ = error
        return defect


def _ended(controller: Controller, id_: str, began: datetime | None, outcome: RampResult | RolloutError) -> Look:
    """Give back the lease and say what was done; tried again, since a lease that stays stops further looks."""
    if isinstance(outcome, RampResult):
        state, sentence, code = outcome.state, outcome.sentence, ""
    else:
        state, code = "failed" if isinstance(outcome, _OVER) else "error", outcome.code
        sentence = redacted(one_line(str(outcome)))
    made: list[Look] = []

    def ended(record: Controlled, now: datetime) -> Controlled:
        made.append(Look(id_, began or now, now, state, sentence, code))
        return end_look(record, made[-1])

    for attempt in range(1, TRIES + 1):
        try:
            controller.change(ended)
        except AwsError:
            if attempt == TRIES:
                raise
        else:
            break
    return made[-1]
