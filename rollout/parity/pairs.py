"""Whole pairs of answers side by side, for people: as a comparison sees them, with secrets as in its examples. Pure.

Nothing of them is kept: a pair is asked for again when somebody wants to see it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from itertools import groupby
from typing import Any

from rollout.base.formatting import count_of
from rollout.inventory.conditions import Request
from rollout.parity.answer import FunctionAnswer
from rollout.parity.comparing.bodies import NOT_JSON, json_body
from rollout.parity.comparing.headers import ASIDE
from rollout.parity.comparing.places import below
from rollout.parity.comparing.shown import Shown
from rollout.parity.request import ParityRequest

CONTEXT = 3
"""How many lines that are alike stand around those that differ."""
MOST = 400
"""How many lines that differ are shown of a pair."""
_DEEPEST = 40


@dataclass(frozen=True, slots=True)
class PairLine:
    """A line of both answers.

    Attributes:
        legacy: Legacy's; None where it has none.
        candidate: Likewise.
        left_out: Instead of both: how many lines that are alike are left out, or that are too many.
    """

    legacy: str | None = None
    candidate: str | None = None
    left_out: int = 0

    @property
    def differs(self) -> bool:
        """Whether it is another line."""
        return self.legacy != self.candidate


@dataclass(frozen=True, slots=True)
class AnswerPair:
    """Both answers to a request.

    Attributes:
        request: Its method, path and query.
        lines: Status, headers and body, side by side.
    """

    request: str = field(repr=False)
    lines: tuple[PairLine, ...] = field(repr=False)


def pair_of(asked: ParityRequest, legacy: FunctionAnswer, candidate: FunctionAnswer, shown: Shown) -> AnswerPair:
    """Two answers to a request, side by side."""
    shown = shown.hiding(asked.secrets())
    ours, theirs = json_body(legacy.body), json_body(candidate.body)
    if ours is not NOT_JSON and theirs is not NOT_JSON:
        theirs = _in_order_of(ours, theirs)
    left = [*_head(legacy, shown), *_body(legacy, ours, shown)]
    right = [*_head(candidate, shown), *_body(candidate, theirs, shown)]
    return AnswerPair(_request(asked.request, shown), tuple(_lines(left, right)))


def _request(asked: Request, shown: Shown) -> str:
    path = "/".join(shown.text("", part) for part in asked.path.split("/"))
    query = "&".join(f"{shown.text('', name)}={shown.text(name, value)}" for name, value in asked.query)
    return f"{asked.method} {path}" + (f"?{query}" if query else "")


def _head(answer: FunctionAnswer, shown: Shown) -> Iterator[str]:
    yield answer.failure or f"status {answer.status}"
    names = sorted((name.lower(), value) for name, value in answer.headers if name.lower() not in ASIDE)
    yield from (f"{shown.text('', name)}: {shown.text(name, value)}" for name, value in names)
    yield ""


def _body(answer: FunctionAnswer, value: Any, shown: Shown) -> Iterator[str]:
    if value is not NOT_JSON:
        yield from _json(value, "$", "", shown, 0)
        return
    try:
        text = answer.body.decode()
    except UnicodeDecodeError:
        yield f"{len(answer.body):,} bytes, SHA-256 {hashlib.sha256(answer.body).hexdigest()[:16]}"
    else:
        yield from (shown.text("text", line) for line in text.splitlines())


def _json(value: Any, path: str, name: str, shown: Shown, depth: int) -> Iterator[str]:
    """A value's lines with what a comparison would show of each; without commas, which would differ for nothing."""
    begin = "  " * depth + name
    inner: list[tuple[str, str, Any]] = []
    if isinstance(value, dict):
        inner = [(below(path, key), f'"{shown.text("", key)}": ', each) for key, each in value.items()]
    elif isinstance(value, list):
        inner = [(f"{path}[*]", "", each) for each in value]
    brackets = "{}" if isinstance(value, dict) else "[]"
    if not inner or depth > _DEEPEST:
        yield begin + (brackets if value in ({}, []) else shown.value(path, value))
        return
    yield begin + brackets[0]
    for place, key, each in inner:
        yield from _json(each, place, key, shown, depth + 1)
    yield "  " * depth + brackets[1]


def _in_order_of(ours: Any, theirs: Any, depth: int = 0) -> Any:
    """The candidate's value with its keys in legacy's order, which means nothing."""
    if depth > _DEEPEST:
        return theirs
    if isinstance(ours, dict) and isinstance(theirs, dict):
        keys = [*(key for key in ours if key in theirs), *(key for key in theirs if key not in ours)]
        return {key: _in_order_of(ours.get(key), theirs[key], depth + 1) for key in keys}
    if isinstance(ours, list) and isinstance(theirs, list):
        return [_in_order_of(ours[n] if n < len(ours) else None, each, depth + 1) for n, each in enumerate(theirs)]
    return theirs


def _lines(left: Sequence[str], right: Sequence[str]) -> Iterator[PairLine]:
    """Both side by side; of long runs that are alike only the ends, and of many that differ only the first."""
    begin = _common(left, right)
    end = _common(left[begin:][::-1], right[begin:][::-1])
    middle = left[begin : len(left) - end], right[begin : len(right) - end]
    lines = [PairLine(text, text) for text in left[:begin]]
    kept = middle[0][:MOST], middle[1][:MOST]
    for kind, i, j, k, m in SequenceMatcher(None, *kept, autojunk=False).get_opcodes():
        some, others = kept[0][i:j], kept[1][k:m]
        if kind == "equal":
            lines += [PairLine(text, text) for text in some]
            continue
        for n in range(max(len(some), len(others))):
            lines.append(PairLine(some[n] if n < len(some) else None, others[n] if n < len(others) else None))
    if (more := max(map(len, middle)) - MOST) > 0:
        lines.append(PairLine(left_out=more))
    lines += [PairLine(text, text) for text in left[len(left) - end :]]
    yield from _folded(lines)


def _common(left: Sequence[str], right: Sequence[str]) -> int:
    for number, (one, other) in enumerate(zip(left, right, strict=False)):
        if one != other:
            return number
    return min(len(left), len(right))


def _folded(lines: Sequence[PairLine]) -> Iterator[PairLine]:
    near = {0}
    for number, line in enumerate(lines):
        if line.differs or line.left_out:
            near.update(range(number - CONTEXT, number + CONTEXT + 1))
    for is_near, some in groupby(enumerate(lines), key=lambda each: each[0] in near):
        run = [line for _, line in some]
        yield from run if is_near or len(run) == 1 else [PairLine(left_out=len(run))]


def lines_left_out(line: PairLine) -> str:
    """What stands in the place of lines that are left out."""
    return f"… {count_of(line.left_out, 'line')} …"
