"""Which requests listener rules match, and where two rules would take the same ones. Pure.

A load balancer asks its rules in the order of their priorities and takes the first that matches, so a rule can starve
another without AWS ever refusing it. A path pattern is read here as a small automaton: its state is the set of places
in the pattern that a path so far can have reached. That answers exactly, and with an example, what sampling would miss.
See https://docs.aws.amazon.com/elasticloadbalancing/latest/application/rule-condition-types.html#path-conditions
"""

from __future__ import annotations

import string
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

_PATH_CHARACTERS = string.ascii_lowercase + string.ascii_uppercase + string.digits + "-_.~$@:+&'\"/"
_ANY_PATH = "/*"

_State = frozenset[int]


def _start(pattern: str) -> _State:
    return _past_stars(pattern, {0})


def _past_stars(pattern: str, places: set[int]) -> _State:
    """The places, and those behind a `*` that takes no character."""
    reached = set(places)
    for place in places:
        while pattern[place : place + 1] == "*":
            place += 1  # noqa: PLW2901 - walks on from there
            reached.add(place)
    return frozenset(reached)


def _step(pattern: str, state: _State, character: str) -> _State:
    places = set()
    for place in state:
        expected = pattern[place : place + 1]
        if expected == "*":
            places.add(place)
        elif expected in {"?", character}:
            places.add(place + 1)
    return _past_stars(pattern, places)


def path_matches(pattern: str, path: str) -> bool:
    """Whether a path pattern matches a path: case-sensitive, `*` is 0 or more characters, also `/`, `?` exactly one."""
    state = _start(pattern)
    for character in path:
        state = _step(pattern, state, character)
    return len(pattern) in state


def example_path(matching: Sequence[str], avoiding: Sequence[str] = ()) -> str | None:
    """The shortest path that all of some patterns match and none of others.

    Args:
        matching: Path patterns that must match.
        avoiding: Path patterns that must not.

    Returns:
        Such a path, or None where there is none.
    """
    patterns = (_ANY_PATH, *matching, *avoiding)
    wanted = len(matching) + 1
    letters = sorted(set("".join(patterns)) - {"*", "?"})
    # Any character that no pattern names stands for all of those.
    letters += [other for other in _PATH_CHARACTERS if other not in letters][:1]
    first = tuple(_start(pattern) for pattern in patterns)
    queue, seen = deque([("", first)]), {first}
    while queue:
        path, states = queue.popleft()
        ends = [len(pattern) in state for pattern, state in zip(patterns, states, strict=True)]
        if all(ends[:wanted]) and not any(ends[wanted:]):
            return path
        for letter in letters:
            after = tuple(_step(pattern, state, letter) for pattern, state in zip(patterns, states, strict=True))
            if all(after[:wanted]) and after not in seen:
                seen.add(after)
                queue.append((path + letter, after))
    return None


def covers(general: str, specific: str) -> bool:
    """Whether a path pattern matches every path that another matches."""
    return example_path([specific], avoiding=[general]) is None


@dataclass(frozen=True, slots=True)
class Conditions:
    """What a rule asks of a request.

    Attributes:
        path: The path pattern.
        methods: HTTP methods; none means any.
    """

    path: str
    methods: tuple[str, ...] = ()


def overlap(one: Conditions, other: Conditions) -> str | None:
    """A request that both rules match, as `GET /v2/stamps`, or None where there is none."""
    if one.methods and other.methods:
        method = next((method for method in one.methods if method in other.methods), None)
    else:
        method = next(iter(one.methods or other.methods), "GET")
    path = example_path([one.path, other.path]) if method else None
    return f"{method} {path}" if path is not None else None
