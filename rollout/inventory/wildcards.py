r"""Texts that patterns with `*` (0 or more characters) and `?` (exactly one) match together. Pure.

A pattern is read as a small automaton: its state is the set of places in the pattern that a text so far can have
reached. That answers exactly, and with an example, what sampling would miss.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Sequence
from enum import Enum
from functools import lru_cache
from itertools import takewhile

Places = frozenset[int]


class Wild(Enum):
    """What stands for characters in a pattern."""

    MANY = "*"
    ONE = "?"


Pattern = tuple[str | Wild, ...]
_WILD = {each.value: each for each in Wild}


@lru_cache(4096)
def pattern(text: str, *, escapes: bool = False) -> Pattern:
    r"""A pattern of its text; where it has escapes, `\*`, `\?` and `\\` are the characters themselves."""
    parts = re.findall(r"\\[*?\\]|.", text, re.DOTALL) if escapes else list(text)
    return tuple(_WILD.get(part) or part[-1] for part in parts)


def fits(wanted: Pattern, text: str) -> bool:
    """Whether a pattern matches a text."""
    places = _start(wanted)
    for character in text:
        places = _step(wanted, places, character)
    return len(wanted) in places


def example(
    matching: Sequence[Pattern], avoiding: Sequence[Pattern] = (), *, alphabet: str, least: int = 0
) -> str | None:
    """The shortest text that all of some patterns match and none of others.

    Args:
        matching: The patterns that must match.
        avoiding: Those that must not.
        alphabet: The characters that a text may have, the likeliest first.
        least: How long it is at least: 0 or 1.

    Returns:
        Such a text, or None where there is none.
    """
    if _apart(matching) or _apart([each[::-1] for each in matching]):
        return None
    patterns, wanted = (*matching, *avoiding), len(matching)
    letters = sorted({part for each in patterns for part in each if isinstance(part, str)})
    # Any character that no pattern names stands for all of those.
    letters += [other for other in alphabet if other not in letters][:1]
    first = tuple(map(_start, patterns))
    queue, seen = deque([("", first)]), {first}
    while queue:
        text, states = queue.popleft()
        ends = [len(each) in state for each, state in zip(patterns, states, strict=True)]
        if len(text) >= least and all(ends[:wanted]) and not any(ends[wanted:]):
            return text
        for letter in letters:
            after = tuple(_step(each, state, letter) for each, state in zip(patterns, states, strict=True))
            if all(after[:wanted]) and (after not in seen or len(text) < least):
                seen.add(after)
                queue.append((text + letter, after))
    return None


def _apart(matching: Sequence[Pattern]) -> bool:
    """Whether no text begins as all of some patterns do, which tells most of them apart at once."""
    heads = [_head(each) for each in matching]
    longest = max(heads, key=len, default=())
    return any(longest[: len(head)] != head for head in heads)


@lru_cache(4096)
def _head(wanted: Pattern) -> Pattern:
    """What each text begins with that it matches."""
    return tuple(takewhile(lambda part: isinstance(part, str), wanted))


def _start(wanted: Pattern) -> Places:
    return _past_stars(wanted, {0})


def _past_stars(wanted: Pattern, places: set[int]) -> Places:
    """The places, and those behind a `*` that takes no character."""
    reached = set(places)
    for place in places:
        while wanted[place : place + 1] == (Wild.MANY,):
            place += 1  # noqa: PLW2901 - walks on from there
            reached.add(place)
    return frozenset(reached)


def _step(wanted: Pattern, state: Places, character: str) -> Places:
    places = set()
    for place in state:
        for expected in wanted[place : place + 1]:
            if expected is Wild.MANY:
                places.add(place)
            elif expected in (Wild.ONE, character):
                places.add(place + 1)
    return _past_stars(wanted, places)
