"""Rules with conditions of all kinds, drawn at random: what they share, cover, and how they are written down."""

from __future__ import annotations

import itertools
import tomllib
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rollout.alb.rule_inputs import condition_inputs, conditions_of
from rollout.inventory.conditions import (
    Condition,
    ConditionField,
    Conditions,
    Request,
    digest_of,
    for_endpoint,
    meaning_of,
    unmet,
)
from rollout.inventory.match import too_much, written
from rollout.inventory.matching import overlap, shadows, shared_request, takes_all, undecided
from rollout.inventory.model import Route

POSTS, HOSTS = ("GET", "PUT"), ("a.t", "b.t", "a.b.t")
PATHS = ("/", "/a", "/b", "/aa", "/ab", "/a/b")
VALUES = ("a", "ab", "b", "")
QUERIES = ("", "x=a", "x=b", "y=a", "x=a&y=b")
SOURCES = ("10.0.0.1", "10.0.1.1", "192.168.0.1")
REQUESTS = [
    Request.of(method, f"{path}?{query}", [("X-A", value)], host, source)
    for method, host, path, value, query, source in itertools.product(POSTS, HOSTS, PATHS, VALUES, QUERIES, SOURCES)
]


def some(*values: str) -> st.SearchStrategy[tuple[str, ...]]:
    return st.lists(st.sampled_from(values), min_size=1, max_size=2, unique=True).map(tuple)


KINDS: dict[str, st.SearchStrategy[Condition]] = {
    "method": some(*POSTS).map(lambda v: Condition(ConditionField.METHOD, v)),
    "path": some("/a", "/a*", "/?", "*b", "/*/b").map(lambda v: Condition(ConditionField.PATH, v)),
    "host": some("a.t", "A*.t", "?.t", "*.t").map(lambda v: Condition(ConditionField.HOST, v)),
    "header": some("a", "A*", "*b", "?").map(lambda v: Condition.on_header("x-a", v)),
    "query": some("x=a", "x=*", "=a", "Y=?").map(lambda v: Condition(ConditionField.QUERY, v)),
    "source": some("10.0.0.0/24", "10.0.0.0/8", "10.0.1.0/24").map(lambda v: Condition(ConditionField.SOURCE, v)),
}
RULES = st.fixed_dictionaries({}, optional=KINDS).map(lambda found: tuple(found.values()))


def takers(rule: Conditions) -> list[Request]:
    return [request for request in REQUESTS if unmet(rule, request) is None]


@pytest.mark.thorough
@settings(deadline=None, max_examples=150)
@given(RULES, RULES)
def test_two_rules_share_a_request_exactly_where_one_is_found(one: Conditions, other: Conditions) -> None:
    found = shared_request(one, other)
    if found is None:
        assert not any(unmet(other, request) is None for request in takers(one))
    else:
        assert unmet((*one, *other), found) is None
    assert (overlap(one, other) is None) == (found is None)


@pytest.mark.thorough
@settings(deadline=None, max_examples=60)
@given(st.lists(RULES, min_size=1, max_size=3), RULES)
def test_rules_that_take_all_of_another_leave_it_nothing(earlier: Sequence[Conditions], later: Conditions) -> None:
    if takes_all(earlier, later):
        for request in takers(later):
            assert any(unmet(rule, request) is None for rule in earlier)


@given(RULES)
def test_a_rule_takes_all_of_itself_and_of_what_asks_for_more(rule: Conditions) -> None:
    assert shadows(rule, rule)
    assert shadows(rule, (*rule, Condition(ConditionField.QUERY, ("z=z",))))
    assert shadows((), rule)


@pytest.mark.parametrize(
    ("wide", "narrow", "all_of_it"),
    [
        (Condition(ConditionField.HOST, ("*.Shop.test",)), Condition(ConditionField.HOST, ("a.shop.test",)), True),
        (Condition(ConditionField.HOST, ("*.shop.test",)), Condition(ConditionField.HOST, ("shop.test",)), False),
        (Condition(ConditionField.SOURCE, ("10.0.0.0/8",)), Condition(ConditionField.SOURCE, ("10.9.0.0/16",)), True),
        (Condition(ConditionField.SOURCE, ("10.0.0.0/8",)), Condition(ConditionField.SOURCE, ("::/0",)), False),
        (Condition(ConditionField.QUERY, ("=a*",)), Condition(ConditionField.QUERY, ("k=ab",)), True),
        (Condition(ConditionField.QUERY, (r"k=\*",)), Condition(ConditionField.QUERY, ("k=a",)), False),
        (Condition(ConditionField.QUERY, ("k=a*",)), Condition(ConditionField.QUERY, ("k=ab", "k=b")), False),
        (Condition.on_header("X-A", ["*"]), Condition.on_header("x-a", ["s3cr3t"]), True),
        (Condition.on_header("X-A", ["*"]), Condition.on_header("x-b", ["s3cr3t"]), False),
    ],
)
def test_a_condition_takes_all_of_a_narrower_one(wide: Condition, narrow: Condition, *, all_of_it: bool) -> None:
    path = for_endpoint("/a", ())
    assert shadows((*path, wide), (*path, narrow)) is all_of_it
    assert not shadows((*path, narrow), (*path, wide))


def test_what_cannot_be_decided_is_said_and_never_counted_on() -> None:
    expression = Condition(ConditionField.PATH, ("^/a",), regex=True)
    later_on, unreadable = Condition("moon-phase", ("full",)), Condition(ConditionField.SOURCE, ("home",))
    for unsure in (expression, later_on, unreadable):
        assert undecided(for_endpoint("/a", ()), (unsure,)) == unsure
        assert overlap((unsure,), for_endpoint("/b", ())) is not None  # it may
        assert not shadows((unsure,), for_endpoint("/a", ()))
        assert shadows((unsure,), (unsure,))
        assert overlap((unsure, *for_endpoint("/a", ("GET",))[:1]), for_endpoint("/a", ("PUT",))) is None


def test_two_values_of_one_header_are_no_request() -> None:
    one, other = ((*for_endpoint("/a", ()), Condition.on_header("X-A", [value])) for value in "ab")
    assert overlap(one, other) is None
    assert overlap(one, one) is not None


def test_no_example_shows_a_headers_value() -> None:
    rule = (*for_endpoint("/a", ()), Condition.on_header("X-Origin-Verify", ["s3cr3t"]))
    assert overlap(rule, rule) == "GET /a"
    assert "s3cr3t" not in repr(shared_request(rule))


@given(RULES)
def test_conditions_are_the_same_by_way_of_the_file_and_of_the_provider(rule: Conditions) -> None:
    assert meaning_of(conditions_of(condition_inputs(rule))) == meaning_of(rule)
    table = tomllib.loads("\n".join(f"{key} = {value}" for key, value in written(rule)))
    place = {"load-balancer": "b", "priority": 1, "legacy": "l", "candidate": "c"}
    conditions = Route.model_validate(place | table, by_alias=True, by_name=False).conditions
    assert conditions is None or meaning_of(conditions) == meaning_of(rule)
    assert (conditions is None) == (not rule or any(c.hidden for c in rule) or bool(list(too_much(rule))))


@settings(deadline=None, max_examples=20)
@given(RULES, RULES)
def test_a_digest_is_of_what_is_asked_and_of_the_route(one: Conditions, other: Conditions) -> None:
    assert (digest_of("a", one) == digest_of("a", other)) == (meaning_of(one) == meaning_of(other))
    assert digest_of("a", one) == digest_of("a", one[::-1])
    assert digest_of("a", one) != digest_of("b", one)
