"""Bodies, compared by what they are: JSON by structure, text by lines, all else by a digest."""

from __future__ import annotations

import hashlib
from itertools import zip_longest
from typing import Any

from rollout.parity.answer import FunctionAnswer
from rollout.parity.comparing.json_values import JsonComparison, json_of
from rollout.parity.comparing.places import Differences, Kind

NOT_JSON: Any = object()


def compare_bodies(legacy: FunctionAnswer, candidate: FunctionAnswer, found: Differences) -> None:
    """Compare the bodies of two answers of one status."""
    if legacy.body == candidate.body:
        found.same += 1
        return
    ours, theirs = json_body(legacy.body), json_body(candidate.body)
    if ours is NOT_JSON or theirs is NOT_JSON:
        if (ours is NOT_JSON) is not (theirs is NOT_JSON):
            kinds = ("text" if ours is NOT_JSON else "JSON", "text" if theirs is NOT_JSON else "JSON")
            found.add("body", "$", Kind.TYPE, *kinds)
            return
        _others(legacy.body, candidate.body, found)
        return
    try:
        JsonComparison(found).compare(ours, theirs)
    except RecursionError:
        _others(legacy.body, candidate.body, found)


def json_body(body: bytes) -> Any:
    """A body's JSON, whatever its content type says, which handlers forget; `NOT_JSON` if it is none."""
    try:
        return json_of(body)
    except (ValueError, RecursionError):
        return NOT_JSON


def _others(legacy: bytes, candidate: bytes, found: Differences) -> None:
    try:
        ours, theirs = legacy.decode(), candidate.decode()
    except UnicodeDecodeError:
        digests = (hashlib.sha256(each).hexdigest()[:16] for each in (legacy, candidate))
        found.add("body", "bytes", Kind.VALUE, *digests)
        return
    if used := [*found.rules.normalises("text", ours, theirs)]:
        found.used.update(used)
    elif ours.split() == theirs.split():
        found.add("body", "text", Kind.TEXT, ours, theirs)
    else:
        _lines(ours, theirs, found)


def _lines(ours: str, theirs: str, found: Differences) -> None:
    for one, other in zip_longest(ours.splitlines(), theirs.splitlines()):
        if one == other:
            found.same += 1
        else:
            kind = Kind.MISSING if other is None else Kind.ADDED if one is None else Kind.VALUE
            found.add("body", "text", kind, () if one is None else one, () if other is None else other)
