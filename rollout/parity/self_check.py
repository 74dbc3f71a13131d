"""Before the first request is sent: does a comparison find what it is there for?"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

from rollout.errors import Defect
from rollout.inventory.conditions import Request
from rollout.parity.answer import FunctionAnswer
from rollout.parity.comparing.shown import Shown
from rollout.parity.outcome import Answers, outcome_of
from rollout.parity.request import ParityRequest
from rollout.parity.rules import NO_RULES
from rollout.parity.tally import Tally
from rollout.parity.verdict import Result, verdict_of

_REQUESTS = 50
_Candidate = Callable[[int, FunctionAnswer], FunctionAnswer]


def self_check() -> None:
    """Compare answers of known candidates.

    Raises:
        Defect: One is not judged as it has to be.
    """
    for wanted, candidate in (
        (Result.SAME, lambda _, answer: answer),
        (Result.DIFFERENT, lambda n, answer: replace(answer, body=b'{"score": "7", "n": 7}') if n == 7 else answer),  # noqa: PLR2004 - any
        (Result.DIFFERENT, lambda _, answer: replace(answer, status=404)),
    ):
        if (found := _judged(candidate)) is not wanted:
            raise Defect(f"comparing answers is broken: a candidate that is {wanted} was judged {found}")


def _judged(candidate: _Candidate) -> Result:
    tally, shown = Tally(), Shown()
    for number in range(_REQUESTS):
        answer = FunctionAnswer(200, body=json.dumps({"score": 7, "n": number}).encode())
        request = ParityRequest("self-check", Request("GET", f"/score/{number}"))
        answers = Answers(answer, answer, candidate(number, answer))
        tally.add(outcome_of(request, answers, NO_RULES, shown, seeded=number == 0))
    return verdict_of("self-check", tally, NO_RULES, varies=True).result
