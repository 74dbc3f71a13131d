"""What differs between two answers, and what doesn't."""

from __future__ import annotations

import base64
import gzip
import json
import math
import time
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rollout.alb.invocation import Invocation
from rollout.inventory.parity import RouteParity
from rollout.parity.answer import FunctionAnswer, answer_of
from rollout.parity.comparing import compare
from rollout.parity.comparing.places import HARMLESS, Place
from rollout.parity.rules import NO_RULES, Rules
from tests.unit.parity.corpus import ALIKE, DIFFERENT, JSON, Pair

TODAY, LATER = date(2026, 11, 28), date(2026, 12, 31)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=4),
    max_leaves=8,
)


def answer(value: Any) -> FunctionAnswer:
    return FunctionAnswer(200, JSON, json.dumps(value).encode())


def places(legacy: Any, candidate: Any, rules: Rules = NO_RULES) -> set[str]:
    return set(map(str, compare(answer(legacy), answer(candidate), rules).places))


def rules(**given: list[dict[str, object]]) -> Rules:
    kinds = {kind: [{"reason": "why", "until": LATER, **rule} for rule in some] for kind, some in given.items()}
    return Rules.of(RouteParity.model_validate(kinds), TODAY)


def counted(pair: Pair) -> set[Place]:
    return {place for place in compare(pair.legacy, pair.candidate).places if place.kind not in HARMLESS}


@pytest.mark.parametrize("pair", DIFFERENT, ids=lambda pair: pair.name)
def test_a_difference_is_found_in_its_place(pair: Pair) -> None:
    assert pair.place in set(map(str, counted(pair)))


@pytest.mark.parametrize("pair", ALIKE, ids=lambda pair: pair.name)
def test_what_means_the_same_is_no_difference(pair: Pair) -> None:
    assert counted(pair) == set()


def test_the_corpus_is_large() -> None:
    assert len(DIFFERENT) >= 60
    assert len({pair.name for pair in (*DIFFERENT, *ALIKE)}) == len(DIFFERENT) + len(ALIKE)


def test_a_name_in_another_case_is_told_and_does_not_count() -> None:
    found = compare(FunctionAnswer(200, (("X-A", "1"),)), FunctionAnswer(200, (("x-a", "1"),)))
    assert [str(place) for place in found.places] == ["header x-a (name's case)"]


@settings(max_examples=40)
@given(VALUES)
def test_an_answer_is_like_itself(value: Any) -> None:
    again = json.dumps(value, indent=1, ensure_ascii=False).encode("utf-8", "surrogatepass")
    assert compare(answer(value), answer(value)).places == {}
    if not any("\ud800" <= character <= "\udfff" for character in json.dumps(value, ensure_ascii=False)):
        assert compare(answer(value), FunctionAnswer(200, JSON, again)).places == {}


@settings(max_examples=40)
@given(VALUES, VALUES)
def test_a_difference_is_one_from_either_side(one: Any, other: Any) -> None:
    assert bool(places(one, other)) is bool(places(other, one))


@settings(max_examples=40)
@given(VALUES, st.text(min_size=1))
def test_a_further_member_is_always_found(value: Any, key: str) -> None:
    assert places({"a": value}, {"a": value, f"b{key}": None})


def test_many_differences_are_one_place_with_a_few_examples() -> None:
    ours = {"stamps": [{"expires": n, "id": n} for n in range(10_000)]}
    theirs = {"stamps": [{"expires": str(n), "id": n} for n in range(10_000)]}
    ((place, seen),) = compare(answer(ours), answer(theirs)).places.items()
    assert (place.path, seen.count, len(seen.examples)) == ("$.stamps[*].expires", 10_000, 3)


def test_identifiers_as_keys_are_one_place() -> None:
    ours = {"scores": {f"0x{n:040x}": n for n in range(100)}}
    theirs = {"scores": {f"0x{n:040x}": n + 1 for n in range(100)}}
    assert places(ours, theirs) == {"body $.scores.* (value)"}


def test_one_more_item_is_not_a_difference_of_all_that_follow() -> None:
    assert places([1, 2, 3, 4], [9, 1, 2, 3, 4]) == {"body $ (length)"}
    assert places([1, 2, 3], [1, 2, 2, 3]) == {"body $ (length)"}


@pytest.mark.parametrize("depth", [100, 900, 100_000])
def test_no_depth_is_a_traceback(depth: int) -> None:
    ours, theirs = b"[" * depth + b"]" * depth, b"[" * depth + b"1" + b"]" * depth
    assert compare(FunctionAnswer(200, body=ours), FunctionAnswer(200, body=theirs)).places


def test_a_large_body_takes_moments() -> None:
    ours = [{"id": n, "name": f"stamp {n:0180}", "score": n / 7} for n in range(4_000)]  # 900 kB
    theirs = [{**item, "score": str(item["score"])} for item in ours]
    began = time.process_time()
    assert places(ours, theirs) == {"body $[*].score (type)"}
    assert time.process_time() - began < 5


def test_numbers_beyond_all_floats_are_compared() -> None:
    tolerant = rules(tolerance=[{"path": "$", "relative": 0.1}])
    assert places(10**400, 1.5, tolerant)
    assert places(10**400, 10**400) == set()


def test_a_body_is_compared_without_its_encoding() -> None:
    packed = gzip.compress(b'{"a":1}')
    said = {"statusCode": 200, "headers": {"content-encoding": "gzip"}, "isBase64Encoded": True}
    went = Invocation({**said, "body": base64.b64encode(packed).decode()}, None, LATER - LATER)
    assert answer_of(went, multi_value=False).body == b'{"a":1}'
    torn = Invocation({**said, "body": base64.b64encode(packed[:9]).decode()}, None, LATER - LATER)
    assert answer_of(torn, multi_value=False).body == packed[:9]


@pytest.mark.parametrize(
    ("error", "failure"),
    [
        ("KeyError: 'of ann@example.com'", "the function failed: KeyError"),
        ("no such user ann", "the function failed"),
        ("Runtime.ExitError", "the function failed: Runtime.ExitError"),
    ],
)
def test_a_failure_is_told_without_the_functions_own_words(error: str, failure: str) -> None:
    assert answer_of(Invocation(None, error, LATER - LATER), multi_value=False).failure == failure


def test_what_the_load_balancer_cannot_read_is_a_failure() -> None:
    assert answer_of(Invocation({"statusCode": "200"}, None, LATER - LATER), multi_value=False).failure


def test_an_address_as_a_key_names_no_place() -> None:
    assert places({"ann@example.com": 1}, {"ann@example.com": 2}) == {"body $.* (value)"}


class TestRules:
    def test_what_is_ignored_does_not_count_and_is_told(self) -> None:
        found = compare(answer({"at": 1}), answer({"at": "x"}), rules(ignore=[{"path": "$.at"}]))
        assert (found.places, found.used) == ({}, {0})

    def test_two_stars_are_any_part_of_a_path(self) -> None:
        assert places({"a": [{"at": 1}]}, {"a": [{"at": 2}]}, rules(ignore=[{"path": "$.**.at"}])) == set()
        assert places({"a": [{"on": 1}]}, {"a": [{"on": 2}]}, rules(ignore=[{"path": "$.**.at"}]))

    def test_numbers_may_be_near(self) -> None:
        near = rules(tolerance=[{"path": "$.x", "absolute": 0.1}])
        assert places({"x": 1}, {"x": 1.05}, near) == set()
        assert places({"x": 1}, {"x": 1.2}, near) == {"body $.x (value)"}
        assert places({"x": 1}, {"x": "1"}, near) == {"body $.x (type)"}

    def test_a_list_with_nan_is_like_itself_and_has_its_order(self) -> None:
        assert compare(answer([math.nan]), FunctionAnswer(200, JSON, b"[ NaN ]")).places == {}
        assert places([math.nan, 1], [1, math.nan]) == {"body $ (order)"}
        assert places([[math.nan]], [[math.nan], 1]) == {"body $ (length)"}

    def test_a_list_may_have_no_order_but_has_its_items(self) -> None:
        unordered = rules(unordered=[{"path": "$.ids"}])
        assert places({"ids": [1, 2, 2]}, {"ids": [2, 1, 2]}, unordered) == set()
        assert places({"ids": [1, 2, 2]}, {"ids": [2, 1, 1]}, unordered) == {"body $.ids[*] (value)"}
        assert places({"ids": [1, 2]}, {"ids": [2, 1, 1]}, unordered) == {"body $.ids (length)"}

    def test_a_text_is_compared_without_what_is_replaced(self) -> None:
        normal = rules(normalise=[{"path": "$.url", "pattern": "sig=[a-f0-9]+"}])
        assert places({"url": "/a?sig=1f"}, {"url": "/a?sig=2e"}, normal) == set()
        assert places({"url": "/a?sig=1f"}, {"url": "/b?sig=2e"}, normal) == {"body $.url (value)"}

    def test_headers_have_rules_too(self) -> None:
        pair = FunctionAnswer(200, (("ETag", "1"),)), FunctionAnswer(200, (("etag", "2"),))
        assert compare(*pair).places
        assert compare(*pair, rules(ignore=[{"path": "header:ETag"}])).places == {}

    def test_after_its_last_day_a_rule_does_not_count(self) -> None:
        parity = RouteParity.model_validate({"ignore": [{"path": "$.at", "reason": "why", "until": LATER}]})
        assert places({"at": 1}, {"at": 2}, Rules.of(parity, LATER)) == set()
        late = Rules.of(parity, date(2027, 1, 1))
        assert places({"at": 1}, {"at": 2}, late)
        assert [each.path for each in late.expired] == ["$.at"]
