"""Path patterns against a brute force over short paths, and the hand-off's own overlaps."""

from __future__ import annotations

import itertools
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rollout.inventory.conditions import Conditions, for_endpoint
from rollout.inventory.matching import covers, example_path, overlap, shadows
from rollout.inventory.wildcards import fits
from rollout.inventory.wildcards import pattern as parsed

LETTERS = "/ab"
PATHS = ["/" + "".join(rest) for length in range(7) for rest in itertools.product(LETTERS, repeat=length)]
# Short enough that the shortest path which shows an overlap or a gap is among PATHS.
PATTERNS = st.text(alphabet="ab*?", max_size=3).map(lambda rest: "/" + rest)


def as_regex(pattern: str) -> re.Pattern[str]:
    wild = {"*": ".*", "?": "."}
    return re.compile("".join(wild.get(character) or re.escape(character) for character in pattern), re.DOTALL)


@given(PATTERNS, st.sampled_from(PATHS))
def test_matches_as_a_regular_expression_would(pattern: str, path: str) -> None:
    assert fits(parsed(pattern), path) == bool(as_regex(pattern).fullmatch(path))


@settings(deadline=None)
@given(PATTERNS, PATTERNS)
def test_overlap_is_found_exactly_where_brute_force_finds_one(one: str, other: str) -> None:
    shared = [path for path in PATHS if as_regex(one).fullmatch(path) and as_regex(other).fullmatch(path)]
    example = example_path([one, other])
    assert (example is not None) == bool(shared)
    if example is not None:
        assert fits(parsed(one), example)
        assert fits(parsed(other), example)
        assert len(example) == min(map(len, shared))


@settings(deadline=None)
@given(PATTERNS, PATTERNS)
def test_covers_exactly_where_brute_force_finds_no_gap(general: str, specific: str) -> None:
    gaps = [path for path in PATHS if as_regex(specific).fullmatch(path) and not as_regex(general).fullmatch(path)]
    assert covers(general, specific) == (not gaps)


@pytest.mark.parametrize(
    ("pattern", "path", "matches"),
    [
        ("/v2/*", "/v2/", True),
        ("/v2/*", "/v2", False),
        ("/v2/*", "/V2/x", False),
        ("/v2/*/score", "/v2/a/b/score", True),
        ("/a?c", "/abc", True),
        ("/a?c", "/ac", False),
        ("/a.c", "/abc", False),
        ("*", "/anything", True),
    ],
)
def test_awss_own_words(pattern: str, path: str, *, matches: bool) -> None:
    assert fits(parsed(pattern), path) is matches


def test_example_can_avoid_patterns() -> None:
    assert example_path(["/a*"], avoiding=["/a", "/a?"]) == "/a//"
    assert example_path(["/*"], avoiding=["/", "//*", "/a*"]) == "/b"


def test_an_example_is_a_path_and_no_pattern() -> None:
    assert example_path(["/?"]) == "//"
    assert example_path(["/?"], avoiding=["//"]) == "/a"


def test_history_is_part_of_score_and_so_must_be_asked_first() -> None:
    score = for_endpoint("/v2/stamps/*/score/*", ("GET",))
    history = for_endpoint("/v2/stamps/*/score/*/history", ("GET",))
    assert overlap(score, history) == "GET /v2/stamps//score//history"
    assert shadows(score, history)
    assert not shadows(history, score)


@pytest.mark.parametrize(
    ("earlier", "later", "shared", "shadowed"),
    [
        (for_endpoint("/a/*", ()), for_endpoint("/a/b", ("POST",)), "POST /a/b", True),
        (for_endpoint("/a/*", ("POST",)), for_endpoint("/a/b", ()), "POST /a/b", False),
        (for_endpoint("/a/*", ("GET", "POST")), for_endpoint("/a/b", ("POST",)), "POST /a/b", True),
        (for_endpoint("/a/*", ("GET",)), for_endpoint("/a/b", ("GET", "POST")), "GET /a/b", False),
        (for_endpoint("/a/*", ("GET",)), for_endpoint("/a/b", ("POST",)), None, False),
        (for_endpoint("/a", ()), for_endpoint("/b", ()), None, False),
        (for_endpoint("/a", ()), for_endpoint("/a", ()), "GET /a", True),
    ],
)
def test_methods_count(earlier: Conditions, later: Conditions, shared: str | None, *, shadowed: bool) -> None:
    assert overlap(earlier, later) == shared
    assert shadows(earlier, later) is shadowed


def test_the_longest_patterns_that_aws_takes_are_answered_at_once() -> None:
    one, other = "/" + "a" * 60 + "*" + "a" * 66, "/" + "*a" * 5 + "a" * 110
    assert example_path([one, other]) is not None
    assert not covers(one, other)
