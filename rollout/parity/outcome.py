"""What came of one request, as small as a journal keeps it: no answer is in it, and no secret of one."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import islice
from typing import Any

from rollout.parity.answer import FunctionAnswer
from rollout.parity.comparing import compare
from rollout.parity.comparing.bodies import json_body
from rollout.parity.comparing.places import Place, Seen
from rollout.parity.comparing.shown import Shown
from rollout.parity.request import ParityRequest
from rollout.parity.rules import Rules

_SEEDS = 20


@dataclass(frozen=True, slots=True)
class Outcome:
    """One request's.

    Attributes:
        route: Whose request it was.
        request: Its digest, the same for the same request.
        shape: Its method, path pattern and parameters' shape.
        skipped: Why the answers weren't compared; empty if they were.
        statuses: Legacy's and the candidate's.
        places: Where the candidate's answer differs from legacy's.
        noise: Where legacy's second answer differs from its first.
        same: How many values legacy's two answers have in common.
        seeds: Where faults that were put into legacy's answer were found; None if none were put in.
        used: The rules that were used, by index.
        took: How long legacy and the candidate took.
        cold: Which of both started an environment for it.
    """

    route: str
    request: str
    shape: str
    skipped: str = ""
    statuses: tuple[int, int] = (0, 0)
    places: Mapping[Place, Seen] = field(default_factory=dict)
    noise: frozenset[Place] = frozenset()
    same: int = 0
    seeds: frozenset[Place] | None = None
    used: frozenset[int] = frozenset()
    took: tuple[timedelta, timedelta] = (timedelta(0), timedelta(0))
    cold: tuple[bool, bool] = (False, False)


@dataclass(frozen=True, slots=True)
class Answers:
    """Legacy's two answers, and the candidate's."""

    legacy: FunctionAnswer
    again: FunctionAnswer | None
    candidate: FunctionAnswer


def outcome_of(asked: ParityRequest, answers: Answers, rules: Rules, shown: Shown, *, seeded: bool) -> Outcome:
    """What came of a request that both were asked.

    Args:
        answers: Legacy's second one is None where a request is sent once only.
        seeded: Whether to try if faults would be found.
    """
    legacy, candidate = answers.legacy, answers.candidate
    if legacy.failure:
        return skipped(asked, f"legacy: {legacy.failure}")
    shown = shown.hiding(asked.secrets())
    found = compare(legacy, candidate, rules, shown)
    itself = compare(legacy, answers.again, rules, shown) if answers.again else None
    seeds = (place for fault in faults(legacy) for place in compare(legacy, fault, rules, shown).places)
    return Outcome(
        asked.route,
        asked.digest,
        asked.shape,
        statuses=(legacy.status, candidate.status),
        places=found.places,
        noise=frozenset(itself.places) if itself else frozenset(),
        same=itself.same if itself else 0,
        seeds=frozenset(seeds) if seeded else None,
        used=frozenset(found.used | (itself.used if itself else set())),
        took=(legacy.took, candidate.took),
        cold=(legacy.is_cold, candidate.is_cold),
    )


def skipped(asked: ParityRequest, reason: str) -> Outcome:
    """What came of a request whose answers weren't compared."""
    return Outcome(asked.route, asked.digest, asked.shape, skipped=reason)


def faults(legacy: FunctionAnswer) -> Iterator[FunctionAnswer]:
    """The answer with one value altered, each in turn: what a comparison has to find."""
    for body in islice(_altered_bodies(legacy.body), _SEEDS):
        yield FunctionAnswer(legacy.status, legacy.headers, body)


def _altered_bodies(body: bytes) -> Iterator[bytes]:
    whole = json_body(body)
    if isinstance(whole, dict | list):
        for altered in _altered(whole):
            yield json.dumps(altered).encode()
    else:
        yield body + b" altered"


def _altered(value: Any) -> Iterator[Any]:
    match value:
        case dict() if value:
            for key, each in value.items():
                for other in _altered(each):
                    yield {**value, key: other}
        case list() if value:
            for other in _altered(value[0]):
                yield [other, *value[1:]]
        case bool():
            yield not value
        case int() | float():
            yield value + 1
        case str():
            yield f"{value} altered"
        case _:
            yield "altered"
