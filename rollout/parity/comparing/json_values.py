"""JSON, compared by structure, as strict readers see it: 1 is not 1.0, null is not absent, an order is an order.

Written here and not taken from deepdiff: that reads Python's values, in which 1 == 1.0 == True and a key has one value,
names each index of a list, and takes many times as long. See docs/decisions/.
"""

from __future__ import annotations

import json
import math
import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any

from rollout.parity.comparing.places import Differences, Kind, below

_HTTP_DATE = re.compile(r"[A-Z][a-z]{2}, [0-9]{2}[ -][A-Z][a-z]{2}[ -][0-9]{2,4} [0-9:]{8} GMT")


class Repeated(dict[str, Any]):
    """An object that has a key more than once; as a mapping it has the last values."""


def json_of(body: bytes) -> Any:
    """A body's JSON with what readers disagree about: repeated keys, NaN, integers of any size.

    Raises:
        ValueError: It is none.
        RecursionError: It is nested too deeply.
    """
    return json.loads(body, object_pairs_hook=_object)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    return found if len(found) == len(pairs) else Repeated(found)


class JsonComparison:
    """Compares two values.

    Args:
        found: Takes the differences.
    """

    def __init__(self, found: Differences) -> None:
        self._rules, self._found = found.rules, found

    def compare(self, legacy: Any, candidate: Any, path: str = "$") -> None:
        """Compare values at a path."""
        kind = type(legacy)
        if kind is not type(candidate):
            self._of_two_types(path, legacy, candidate)
        elif kind is dict or kind is Repeated:
            self._objects(path, legacy, candidate)
        elif kind is list:
            self._lists(path, legacy, candidate)
        elif legacy == candidate or (kind is float and math.isnan(legacy) and math.isnan(candidate)):
            self._found.same += 1
        elif kind is str:
            self._texts(path, legacy, candidate)
        elif kind is bool:
            self._differ(path, Kind.VALUE, legacy, candidate)
        else:
            self._numbers(path, Kind.VALUE, legacy, candidate)

    def _differ(self, path: str, kind: Kind, legacy: Any, candidate: Any) -> None:
        self._found.add("body", path, kind, legacy, candidate)

    def _of_two_types(self, path: str, legacy: Any, candidate: Any) -> None:
        if isinstance(legacy, dict) and isinstance(candidate, dict):
            self._differ(path, Kind.DUPLICATE, legacy, candidate)
            self._objects(path, legacy, candidate)
        elif {type(legacy), type(candidate)} == {int, float}:
            self._numbers(path, Kind.NUMBER if legacy == candidate else Kind.VALUE, legacy, candidate)
        else:
            self._differ(path, Kind.TYPE, legacy, candidate)

    def _numbers(self, path: str, kind: Kind, legacy: float, candidate: float) -> None:
        tolerated = next(self._rules.tolerates(path, legacy, candidate), None)
        if tolerated is None:
            self._differ(path, kind, legacy, candidate)
        else:
            self._found.used.add(tolerated)

    def _texts(self, path: str, legacy: str, candidate: str) -> None:
        if used := [*self._rules.normalises(path, legacy, candidate)]:
            self._found.used.update(used)
        else:
            self._differ(path, Kind.TEXT if _mean_the_same(legacy, candidate) else Kind.VALUE, legacy, candidate)

    def _objects(self, path: str, legacy: dict[str, Any], candidate: dict[str, Any]) -> None:
        for key, value in legacy.items():
            if key in candidate:
                self.compare(value, candidate[key], below(path, key))
            else:
                self._differ(below(path, key), Kind.MISSING, value, ())
        for key, value in candidate.items():
            if key not in legacy:
                self._differ(below(path, key), Kind.ADDED, (), value)

    def _lists(self, path: str, legacy: list[Any], candidate: list[Any]) -> None:
        items = f"{path}[*]"
        if len(legacy) == len(candidate) and not _differ_in_place(legacy, candidate):
            for one, other in zip(legacy, candidate, strict=True):
                self.compare(one, other, items)
            return
        left, right = _without_common(legacy, candidate)
        unordered = next(self._rules.is_unordered(path), None)
        if unordered is not None:
            self._found.used.add(unordered)
        elif not left and not right:
            if _texts_of(legacy) != _texts_of(candidate):  # they may only have a NaN, which isn't like itself
                self._differ(path, Kind.ORDER, legacy, candidate)
            return
        if len(legacy) != len(candidate):
            self._differ(path, Kind.LENGTH, legacy, candidate)
        if unordered is None:
            left, right = _trimmed(legacy, candidate)
        self._found.same += len(legacy) - len(left)
        for one, other in zip(left, right, strict=False):
            self.compare(one, other, items)


def _differ_in_place(legacy: Sequence[Any], candidate: Sequence[Any]) -> bool:
    """Whether lists of equal length differ somewhere, so that it is worth to look at their order."""
    return any(one != other for one, other in zip(legacy, candidate, strict=True))


def _texts_of(items: Sequence[Any]) -> list[str]:
    return [json.dumps(item, sort_keys=True) for item in items]


def _without_common(legacy: Sequence[Any], candidate: Sequence[Any]) -> tuple[list[Any], list[Any]]:
    """What each list has that the other hasn't, whatever the order."""
    ours, theirs = _texts_of(legacy), _texts_of(candidate)
    common = Counter(ours) & Counter(theirs)
    return _rest(legacy, ours, Counter(common)), _rest(candidate, theirs, common)


def _rest(items: Sequence[Any], texts: Sequence[str], common: Counter[str]) -> list[Any]:
    rest = []
    for item, text in zip(items, texts, strict=True):
        if common[text] > 0:
            common[text] -= 1
        else:
            rest.append(item)
    return rest


def _trimmed(legacy: list[Any], candidate: list[Any]) -> tuple[list[Any], list[Any]]:
    """Lists without what they begin and end with together, so that one more item isn't a difference of all others."""
    if len(legacy) == len(candidate):
        return legacy, candidate
    ours, theirs = _texts_of(legacy), _texts_of(candidate)
    least, begin, end = min(len(ours), len(theirs)), 0, 0
    while begin < least and ours[begin] == theirs[begin]:
        begin += 1
    while end < least - begin and ours[-1 - end] == theirs[-1 - end]:
        end += 1
    return legacy[begin : len(legacy) - end], candidate[begin : len(candidate) - end]


def _mean_the_same(legacy: str, candidate: str) -> bool:
    """Whether texts differ in their form alone: a Unicode normal form, case, blanks, or a date's."""
    if unicodedata.normalize("NFKC", legacy).split() == unicodedata.normalize("NFKC", candidate).split():
        return True
    if legacy.casefold() == candidate.casefold():
        return True
    ours, theirs = instant_of(legacy), instant_of(candidate)
    return ours is not None and ours == theirs


def instant_of(text: str) -> str | None:
    """The time that a text stands for, as ISO or HTTP write it; None if it is none."""
    try:
        found = parsedate_to_datetime(text) if is_http_date(text) else datetime.fromisoformat(text)
        return str(found.timestamp() if found.tzinfo else found)
    except (ValueError, OverflowError):
        return None


def is_http_date(text: str) -> bool:
    """Whether a text is a date as HTTP has it, such as `Sun, 06 Nov 1994 08:49:37 GMT`."""
    return _HTTP_DATE.fullmatch(text) is not None
